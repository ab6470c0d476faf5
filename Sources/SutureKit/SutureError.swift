// SPDX-License-Identifier: Apache-2.0

import CSuture

/// What went wrong, where, and what to do about it.
///
/// The one error type of SutureKit. It crosses the plugin boundary as a value made by the host, so a component may throw
/// it (or any other error, whose description then becomes the message).
public struct SutureError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure, in the numbers of the common status codes. Open: further codes may appear.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }

        public static let cancelled = Code(rawValue: SUTURE_CANCELLED)
        public static let unknown = Code(rawValue: SUTURE_UNKNOWN)
        public static let invalidArgument = Code(rawValue: SUTURE_INVALID_ARGUMENT)
        public static let notFound = Code(rawValue: SUTURE_NOT_FOUND)
        public static let alreadyExists = Code(rawValue: SUTURE_ALREADY_EXISTS)
        public static let resourceExhausted = Code(rawValue: SUTURE_RESOURCE_EXHAUSTED)
        public static let failedPrecondition = Code(rawValue: SUTURE_FAILED_PRECONDITION)
        public static let outOfRange = Code(rawValue: SUTURE_OUT_OF_RANGE)
        public static let unimplemented = Code(rawValue: SUTURE_UNIMPLEMENTED)
        public static let `internal` = Code(rawValue: SUTURE_INTERNAL)
        public static let unavailable = Code(rawValue: SUTURE_UNAVAILABLE)
        public static let dataLoss = Code(rawValue: SUTURE_DATA_LOSS)
    }

    public var code: Code
    /// Names the object and the value: which site, which shape, which key. One sentence.
    public var message: String
    /// Tells the reader what to do. Empty where nothing can be said.
    public var hint: String

    public init(_ code: Code, _ message: String, hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Any error as a `SutureError`: itself, or its description under ``Code/unknown``.
    public init(_ error: any Error) {
        self = (error as? SutureError) ?? SutureError(.unknown, String(describing: error))
    }

    public var description: String { hint.isEmpty ? message : "\(message); \(hint)" }
}

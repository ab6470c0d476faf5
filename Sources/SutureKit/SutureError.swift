// SPDX-License-Identifier: Apache-2.0

import CSuture

/// What went wrong, where, and what to do about it.
///
/// The one error type of SutureKit. It crosses the plugin boundary as a value made by the host, so a component may throw
/// it (or any other error, whose description then becomes the message).
public struct SutureError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure, in the numbers of the common status codes. Open: further codes may appear.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The number of the code, as in the ABI.
        public let rawValue: Int32
        /// The code of a number, whether it is one of those below or not.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// The run must end. Let it through.
        public static let cancelled = Code(rawValue: SUTURE_CANCELLED)
        /// Nothing more is known: an error of another type, an exception.
        public static let unknown = Code(rawValue: SUTURE_UNKNOWN)
        /// An argument or a setting that cannot be used, whatever the state.
        public static let invalidArgument = Code(rawValue: SUTURE_INVALID_ARGUMENT)
        /// Something with that name is not there: a file, a weight, a component.
        public static let notFound = Code(rawValue: SUTURE_NOT_FOUND)
        /// Something with that name is there already.
        public static let alreadyExists = Code(rawValue: SUTURE_ALREADY_EXISTS)
        /// Memory, disk space or another supply is used up.
        public static let resourceExhausted = Code(rawValue: SUTURE_RESOURCE_EXHAUSTED)
        /// The state does not allow it: something must be done, set or given first.
        public static let failedPrecondition = Code(rawValue: SUTURE_FAILED_PRECONDITION)
        /// An index or a number is outside of what there is: a layer, a position.
        public static let outOfRange = Code(rawValue: SUTURE_OUT_OF_RANGE)
        /// This version of the host, the kit or the plugin does not offer it.
        public static let unimplemented = Code(rawValue: SUTURE_UNIMPLEMENTED)
        /// A mistake in Suture or in a plugin, and not in what the user gave.
        public static let `internal` = Code(rawValue: SUTURE_INTERNAL)
        /// It cannot be reached now; another try may succeed.
        public static let unavailable = Code(rawValue: SUTURE_UNAVAILABLE)
        /// Data is incomplete or damaged: a file, results of a component.
        public static let dataLoss = Code(rawValue: SUTURE_DATA_LOSS)
    }

    /// The kind of failure.
    public var code: Code
    /// Names the object and the value: which site, which shape, which key. One sentence.
    public var message: String
    /// Tells the reader what to do. Empty where nothing can be said.
    public var hint: String

    /// An error, with what the reader can do about it.
    public init(_ code: Code, _ message: String, hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Any error as a `SutureError`: itself, or its description under ``Code/unknown``.
    public init(_ error: any Error) {
        self = (error as? SutureError) ?? SutureError(.unknown, String(describing: error))
    }

    /// The message and the hint, with a semicolon between them.
    public var description: String { hint.isEmpty ? message : "\(message); \(hint)" }
}

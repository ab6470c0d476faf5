// SPDX-License-Identifier: Apache-2.0

/// Why a checkpoint could not be read or written, and what to do about it.
///
/// Every operation of this folder throws this type and no other. `message` names the file, the tensor and the values;
/// `hint` is one sentence that tells the reader what to do. Both are plain sentences without type names.
public struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of a failure. New kinds may appear in any release, so a `switch` over codes needs a default.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The stable spelling of the code, as printed in logs.
        public let rawValue: String

        /// Makes a code from its spelling.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The file or folder is not there, is of the wrong kind, or the system refuses to read it.
        public static let unreadable = Code(rawValue: "unreadable")
        /// The file ends before the data that its header announces.
        public static let truncated = Code(rawValue: "truncated")
        /// The file goes on after the data that its header announces.
        public static let trailingBytes = Code(rawValue: "trailing-bytes")
        /// The announced header size is above the limit of the format or beyond the end of the file.
        public static let headerSize = Code(rawValue: "header-size")
        /// The header is not the JSON that the format asks for.
        public static let headerSyntax = Code(rawValue: "header-syntax")
        /// A name appears twice.
        public static let duplicateName = Code(rawValue: "duplicate-name")
        /// A tensor has a dtype that is not read here.
        public static let unsupportedDtype = Code(rawValue: "unsupported-dtype")
        /// Shape, dtype and number of bytes of a tensor do not agree, or a shape is too large.
        public static let sizeMismatch = Code(rawValue: "size-mismatch")
        /// The tensors of a file overlap, leave holes or have offsets that run backwards.
        public static let layout = Code(rawValue: "layout")
        /// No tensor has the name that was asked for.
        public static let unknownTensor = Code(rawValue: "unknown-tensor")
        /// A model folder holds no weights that can be read.
        public static let noWeights = Code(rawValue: "no-weights")
        /// Two sets of weights lie in one folder.
        public static let ambiguousWeights = Code(rawValue: "ambiguous-weights")
        /// The index of a sharded model is not the JSON that it should be, or names files elsewhere.
        public static let indexSyntax = Code(rawValue: "index-syntax")
        /// The index and the shards of a model disagree.
        public static let shardMismatch = Code(rawValue: "shard-mismatch")
        /// The output place is taken, or lies inside the input.
        public static let outputPlace = Code(rawValue: "output-place")
        /// What was asked to be written is not a valid file.
        public static let invalidContent = Code(rawValue: "invalid-content")
        /// The system refused to write.
        public static let unwritable = Code(rawValue: "unwritable")
        /// The task was cancelled; nothing was written.
        public static let cancelled = Code(rawValue: "cancelled")
    }

    /// The kind of the failure.
    public let code: Code
    /// What is wrong, with the object and the value.
    public let message: String
    /// What the reader can do.
    public let hint: String

    /// Makes an error from its parts.
    public init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { "\(message) \(hint)" }
}

// SPDX-License-Identifier: Apache-2.0

/// Why a model folder could not be read, used or written: which file or entry, what is wrong with it, and what to do.
///
/// Every operation of this module that concerns files or text throws this type; what concerns tensors throws
/// `SutureError`. Nothing is ever approximated: what a file asks for and this module does not know is refused by name.
public struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of a failure. New kinds may appear in any release, so a `switch` over codes needs a default.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The stable spelling of the code.
        public let rawValue: String

        /// Makes a code from its spelling.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        // MARK: Files of any kind

        /// The file or folder is missing, is of the wrong kind, or the system refuses to read it.
        public static let unreadable = Code(rawValue: "unreadable")
        /// The system refused to write.
        public static let unwritable = Code(rawValue: "unwritable")
        /// The output place is taken, or is inside the input.
        public static let outputPlace = Code(rawValue: "output-place")
        /// A link leads out of the folder that is copied.
        public static let outsideLink = Code(rawValue: "outside-link")
        /// The task was cancelled; nothing was written.
        public static let cancelled = Code(rawValue: "cancelled")
        /// The file is not JSON, or it is cut off.
        public static let malformedJSON = Code(rawValue: "malformed-json")
        /// A field that the file must have is missing.
        public static let missingField = Code(rawValue: "missing-field")
        /// A field holds a value of the wrong kind or outside its range.
        public static let invalidField = Code(rawValue: "invalid-field")

        /// The file is the pointer that Git LFS puts in its place.
        public static let gitLFSPointer = Code(rawValue: "git-lfs-pointer")

        // MARK: Weights

        /// The file ends before the data that its header announces.
        public static let truncated = Code(rawValue: "truncated")
        /// The file continues after the data that its header announces.
        public static let trailingBytes = Code(rawValue: "trailing-bytes")
        /// The announced header size is above the limit of the format or beyond the end of the file.
        public static let headerSize = Code(rawValue: "header-size")
        /// The header is not the JSON that the format prescribes.
        public static let headerSyntax = Code(rawValue: "header-syntax")
        /// A name appears twice.
        public static let duplicateName = Code(rawValue: "duplicate-name")
        /// A tensor has a dtype that is not supported, or the model was asked to compute in one.
        public static let unsupportedDtype = Code(rawValue: "unsupported-dtype")
        /// Shape, dtype and number of bytes of a tensor do not agree, or a shape is too large.
        public static let sizeMismatch = Code(rawValue: "size-mismatch")
        /// The tensors of a file overlap, leave holes or have offsets that run backwards.
        public static let layout = Code(rawValue: "layout")
        /// No tensor has the name that was asked for.
        public static let unknownTensor = Code(rawValue: "unknown-tensor")
        /// A model folder holds no weights that can be read.
        public static let noWeights = Code(rawValue: "no-weights")
        /// One folder holds two sets of weights.
        public static let ambiguousWeights = Code(rawValue: "ambiguous-weights")
        /// The index of a sharded model is not the JSON that it should be, or it names files outside the folder.
        public static let indexSyntax = Code(rawValue: "index-syntax")
        /// The index and the shards of a model disagree.
        public static let shardMismatch = Code(rawValue: "shard-mismatch")
        /// The tensors to be written do not make a valid file.
        public static let invalidContent = Code(rawValue: "invalid-content")

        /// The weights are quantised.
        public static let quantized = Code(rawValue: "quantized")
        /// The folder holds an adapter, which would change the model.
        public static let adapter = Code(rawValue: "adapter")
        /// A weight has numbers that are not finite.
        public static let notFinite = Code(rawValue: "not-finite")

        // MARK: Configuration and tokenizer

        /// The file names a model family, activation or tokenizer component that is not known.
        public static let unsupportedComponent = Code(rawValue: "unsupported-component")
        /// A known component is used with an option that is not supported.
        public static let unsupportedOption = Code(rawValue: "unsupported-option")
        /// A regular expression uses a construct whose meaning cannot be guaranteed.
        public static let unsupportedPattern = Code(rawValue: "unsupported-pattern")
        /// Vocabulary, merges and added tokens contradict each other.
        public static let inconsistentVocabulary = Code(rawValue: "inconsistent-vocabulary")
        /// A token or token id is not in the vocabulary.
        public static let unknownToken = Code(rawValue: "unknown-token")
        /// The text is longer than the tokenizer can index.
        public static let textTooLong = Code(rawValue: "text-too-long")
        /// A regular expression needs too many steps on this text.
        public static let patternTooSlow = Code(rawValue: "pattern-too-slow")
    }

    /// The kind of the failure, for code that must tell failures apart.
    public let code: Code
    /// What is wrong, with the object and the value. One clause without a full stop.
    public let message: String
    /// What the reader can do. Empty where nothing can be said.
    public let hint: String

    /// Makes an error from its parts.
    public init(_ code: Code, _ message: String, hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Message and hint, joined by a semicolon.
    public var description: String { hint.isEmpty ? message : "\(message); \(hint)" }
}

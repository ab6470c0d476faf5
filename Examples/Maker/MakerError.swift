// SPDX-License-Identifier: Apache-2.0

/// What can go wrong while the example world is made.
struct MakerError: Error, CustomStringConvertible {
    /// The kind of failure; open for further values.
    struct Code: Hashable, Sendable {
        let name: String

        static let usage = Code(name: "usage")
        static let file = Code(name: "file")
        static let table = Code(name: "table")
        static let template = Code(name: "template")
        static let grammar = Code(name: "grammar")
        static let tokenizer = Code(name: "tokenizer")
        static let training = Code(name: "training")
    }

    let code: Code
    /// Names the object and the value.
    let message: String
    /// The sentence that says what to do.
    let hint: String

    init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    var description: String { "\(message)\nhint: \(hint)" }
}

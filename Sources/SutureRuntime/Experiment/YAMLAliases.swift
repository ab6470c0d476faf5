// SPDX-License-Identifier: Apache-2.0

/// Aliases in the text of a YAML file, before a parser follows them.
///
/// The parser puts what an alias stands for in its place and then compares the keys of each mapping. Where such a key is a
/// whole tree, a few lines of aliases of aliases make that a comparison that never ends. So the same text is parsed first with
/// marked texts in the place of its aliases, and keys that are no plain texts are refused there.
enum YAMLAliases {
    /// In the place of the `*`: a sign for private use, of which texts make none. It is as long as `*`, so places stay.
    private static let mark: Unicode.Scalar = "\u{E000}"

    /// The text with a mark in the place of each `*` that may begin an alias; nil where there is none.
    static func marked(_ text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: "*")) else { return nil }
        var out = String.UnicodeScalarView()
        var previous: Unicode.Scalar = "\n"
        for scalar in text.unicodeScalars {
            out.append(scalar == "*" && beginners.contains(previous) ? mark : scalar)
            previous = scalar
        }
        return String(out)
    }

    /// What may be in front of an alias.
    private static let beginners: Set<Unicode.Scalar> = [
        " ", "\t", "\n", "\r", ",", "[", "{", ":", "?", "-", "\u{FEFF}",
    ]

    /// Whether a text that was parsed stands for an alias.
    static func isMarked(_ text: String) -> Bool { text.unicodeScalars.first == mark }

    /// A sentence about a marked text as one about the text itself.
    static func unmarked(_ error: RuntimeError) -> RuntimeError {
        RuntimeError(error.kind, error.message.replacing(String(mark), with: "*"), hint: error.hint)
    }
}

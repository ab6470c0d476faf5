// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Marks what a regular expression matches, or one of its groups.
package struct Pattern: Annotator {
    package static let descriptor = ComponentDescriptor(
        id: "regex", summary: "Marks what a regular expression matches.")

    @Parameter("pattern", help: "A regular expression in Perl's syntax, without look-around and back-references.")
    package var pattern: String

    @Parameter("group", in: .nonNegative, help: "The group to mark; 0 marks all that matches.")
    var group = 0

    @Parameter("case_sensitive", help: "Distinguish capitals from small letters.")
    var isCaseSensitive = true

    package init() {}

    package func validate() throws(SutureError) {
        let expression = try expression()
        guard try expression.matches(in: []).isEmpty else {
            throw SutureError(
                .invalidArgument, "the pattern \"\(pattern)\" matches a text of no letters",
                hint: "ask for at least one letter: write + for *")
        }
        guard group <= expression.groupCount else {
            throw SutureError(
                .invalidArgument,
                "the pattern \"\(pattern)\" has \(expression.groupCount) groups, group \(group) was asked for",
                hint: "put what is to be marked into parentheses")
        }
    }

    package func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] { try marks(in: texts) }

    /// The unwanted parts of each text.
    package func marks(in texts: [MarkedText]) throws -> [[Range<Int>]] {
        let expression = try expression()
        return try texts.map { text in
            let scalars = Array(text.text.unicodeScalars)
            let matches = try expression.matches(in: scalars)
            guard !matches.isEmpty else { return [] }
            // Where each scalar begins in UTF-8, and where the last one ends.
            let bytes = scalars.reduce(into: [0]) { $0.append($0[$0.count - 1] + UTF8.width($1)) }
            return matches.compactMap { match in
                // A group that took no part in the match, or is empty, marks nothing.
                guard let range = group == 0 ? match.whole : match.group, !range.isEmpty else { return nil }
                return bytes[range.lowerBound]..<bytes[range.upperBound]
            }
        }
    }

    private func expression() throws(SutureError) -> LinearRegex {
        try LinearRegex(pattern, group: group, ignoringCase: !isCaseSensitive)
    }
}

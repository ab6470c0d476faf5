// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Marks what a regular expression matches, or one of its groups.
struct Pattern: Annotator {
    static let descriptor = ComponentDescriptor(
        id: "regex", summary: "Marks what a regular expression matches.")

    @Parameter("pattern", help: "A regular expression in Swift's syntax, which is close to Perl's.")
    var pattern: String

    @Parameter("group", in: .nonNegative, help: "The group to mark; 0 marks all that matches.")
    var group = 0

    @Parameter("case_sensitive", help: "Distinguish capitals from small letters.")
    var isCaseSensitive = true

    func validate() throws(SutureError) {
        let expression = try expression()
        guard "".matches(of: expression).isEmpty else {
            throw SutureError(
                .invalidArgument, "the pattern \"\(pattern)\" matches a text of no letters",
                hint: "ask for at least one letter: write + for *")
        }
    }

    func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] {
        let expression = try expression()
        return try texts.map { text in
            let utf8 = text.text.utf8
            return try text.text.matches(of: expression).compactMap { match in
                guard group < match.output.count else {
                    throw SutureError(
                        .invalidArgument,
                        "the pattern \"\(pattern)\" has \(match.output.count - 1) groups, group \(group) was asked for",
                        hint: "put what is to be marked into parentheses")
                }
                // A group that took no part in the match, or is empty, marks nothing.
                guard let range = match.output[group].range, !range.isEmpty else { return nil }
                let start = utf8.distance(from: utf8.startIndex, to: range.lowerBound)
                return start..<start + utf8.distance(from: range.lowerBound, to: range.upperBound)
            }
        }
    }

    private func expression() throws(SutureError) -> Regex<AnyRegexOutput> {
        do {
            // Boundaries of words as everywhere else: "don't" has two words.
            return try Regex(pattern).ignoresCase(!isCaseSensitive).wordBoundaryKind(.simple)
        } catch {
            throw SutureError(
                .invalidArgument, "the pattern \"\(pattern)\" cannot be read: \(error)",
                hint: "check its brackets, and write \\\\ for \\ inside double quotes of YAML")
        }
    }
}

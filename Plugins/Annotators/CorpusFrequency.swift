// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Marks words by how often a text has them: those that it hardly has, or those that it has all the time.
///
/// With `at_most: 0` it marks what the text does not know at all, such as names that a model has made up. Cost: the text is read
/// once, in memory that grows with its vocabulary.
package struct CorpusFrequency: Annotator {
    package static let descriptor = ComponentDescriptor(
        id: "corpus-frequency", summary: "Marks words that a text has seldom, or often.")

    @Parameter("path", help: "A UTF-8 text.")
    package var path: FilePath

    @Parameter("at_most", in: .nonNegative, help: "Mark words that the text has this often or less.")
    package var ceiling: Double?

    @Parameter("at_least", in: .nonNegative, help: "Mark words that the text has this often or more.")
    package var floor: Double?

    @Parameter("per_million", help: "at_most and at_least count per million words of the text, not in all.")
    package var isRate = false

    @Parameter("case_sensitive", help: "Distinguish capitals from small letters.")
    package var isCaseSensitive = false

    private final class Counts {
        var known: (words: [String: Int], total: Int)?
    }
    private let counts = Counts()

    package init() {}

    package func validate() throws(SutureError) {
        guard ceiling != nil || floor != nil else {
            throw SutureError(
                .invalidArgument, "corpus-frequency needs at_most or at_least", hint: "at_most: 0 marks unknown words")
        }
        guard try counted().total > 0 else {
            throw SutureError(.invalidArgument, "corpus-frequency: '\(path.path)' has no words", hint: "give a text")
        }
    }

    package func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] { try marks(in: texts) }

    /// The seldom or frequent words of each text.
    package func marks(in texts: [MarkedText]) throws(SutureError) -> [[Range<Int>]] {
        let (words, total) = try counted()
        let scale = isRate ? 1e6 / Double(max(total, 1)) : 1
        return texts.map { text in
            let scanned = ScannedText(text.text, after: text.prompt, foldsCase: !isCaseSensitive)
            return scanned.words.filter { isMarked(Double(words[scanned.string($0)] ?? 0) * scale) }.map(scanned.bytes)
        }
    }

    /// Between the two bounds where both are given.
    private func isMarked(_ frequency: Double) -> Bool {
        (ceiling.map { frequency <= $0 } ?? true) && (floor.map { frequency >= $0 } ?? true)
    }

    private func counted() throws(SutureError) -> (words: [String: Int], total: Int) {
        if let known = counts.known { return known }
        var words: [String: Int] = [:]
        var total = 0
        for line in try path.lines() {
            let scanned = ScannedText(line, foldsCase: !isCaseSensitive)
            for word in scanned.words { words[scanned.string(word), default: 0] += 1 }
            total += scanned.words.count
        }
        counts.known = (words, total)
        return (words, total)
    }
}

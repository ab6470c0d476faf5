// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Marks the words and phrases of a list where they are whole words.
///
/// The longest entry that fits counts; marks do not overlap. Cost: one look-up per word of the text.
package struct WordList: Annotator {
    package static let descriptor = ComponentDescriptor(
        id: "word-list", summary: "Marks the words and phrases of a list where they are whole words.")

    @Parameter("words", help: "Unwanted words and phrases.")
    var words: [String] = []

    @Parameter("path", help: "A UTF-8 text file with further entries, one on each line.")
    package var path: FilePath?

    @Parameter("case_sensitive", help: "Distinguish capitals from small letters.")
    var isCaseSensitive = false

    package init() {}

    package func validate() throws(SutureError) {
        guard !words.isEmpty || path != nil else {
            throw SutureError(
                .invalidArgument, "there are no words", hint: "give words, or a path with one word a line")
        }
        _ = try entries()
    }

    package func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] { try marks(in: texts) }

    /// The unwanted parts of each text.
    package func marks(in texts: [MarkedText]) throws(SutureError) -> [[Range<Int>]] {
        let entries = try entries()
        return texts.map { text in
            entries.marks(in: ScannedText(text.text, after: text.prompt, foldsCase: !isCaseSensitive))
        }
    }

    private func entries() throws(SutureError) -> Entries {
        try Entries(words + (path.map { path throws(SutureError) in try path.lines() } ?? []), self)
    }

    /// The list, ready to be looked up.
    private struct Entries {
        /// By their first word, or their first scalar where that belongs to none. Longest first.
        private var byStart: [String: [[Unicode.Scalar]]] = [:]

        init(_ words: [String], _ settings: WordList) throws(SutureError) {
            for word in Set(words) {
                let scanned = ScannedText(word, foldsCase: !settings.isCaseSensitive)
                guard !scanned.scalars.isEmpty else {
                    throw SutureError(
                        .invalidArgument, "there is an empty word", hint: "it would match everywhere; remove it")
                }
                byStart[Entries.start(scanned, 0, scanned.words[...]), default: []].append(scanned.scalars.map(\.value))
            }
            for key in byStart.keys { byStart[key]?.sort { $0.count > $1.count } }
        }

        func marks(in text: ScannedText) -> [Range<Int>] {
            var marks: [Range<Int>] = []
            var words = text.words[...]
            var place = 0
            while place < text.scalars.count {
                while let first = words.first, first.lowerBound < place { words.removeFirst() }
                let start = Entries.start(text, place, words)
                let found = byStart[start]?.first { entry in
                    let end = place + entry.count
                    return end <= text.scalars.count && zip(entry, text.scalars[place...]).allSatisfy { $0 == $1.value }
                        && text.isBoundary(place) && text.isBoundary(end)
                }
                if let found {
                    marks.append(text.bytes(place..<place + found.count))
                    place += found.count
                } else if let first = words.first, first.lowerBound == place {
                    place = first.upperBound
                } else {
                    place += 1
                }
            }
            return marks
        }

        /// What an entry is looked up by that begins at a scalar: the word there, or the scalar.
        private static func start(_ text: ScannedText, _ place: Int, _ words: ArraySlice<Range<Int>>) -> String {
            if let first = words.first, first.lowerBound == place { return text.string(first) }
            return text.string(place..<place + 1)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The sentences of a text by Punkt (Kiss and Strunk 2006), as NLTK's `PunktTokenizer` finds them: by what was learned about
/// abbreviations, and about words that begin sentences. Checked against NLTK 3.10.4.
///
/// A full stop, question mark or exclamation mark may end a sentence where white space or punctuation follows. Whether it does is
/// asked of the words around it.
struct PunktSentences {
    let parameters: PunktParameters

    init(_ parameters: PunktParameters) { self.parameters = parameters }

    /// Without the white space between them.
    func sentences(_ text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var sentences: [Range<Int>] = []
        var start = 0
        for candidate in candidates(text) where endsSentence(text, candidate) {
            sentences.append(start..<candidate.mark + 1)
            start = candidate.next
        }
        let end = text.count - text.reversed().prefix(while: \.isSpace).count
        sentences.append(start..<max(start, end))
        return closed(sentences, text).map { text[$0] }
    }

    // MARK: Candidates

    /// A mark that may end a sentence.
    private struct Candidate {
        var mark: Int
        /// The words around the mark begin and end here.
        var context: Range<Int>
        /// Where the next sentence would begin.
        var next: Int
    }

    /// One for each word: the last of the marks that it has.
    private func candidates(_ text: [Unicode.Scalar]) -> [Candidate] {
        var candidates: [Candidate] = []
        var wordStart = 0
        var seen = 0
        for mark in text.indices where text[mark] == "." || text[mark] == "?" || text[mark] == "!" {
            guard let (next, end) = following(text, mark) else { continue }
            // As in NLTK, a space right after what was seen does not count.
            let space = text[seen..<mark].lastIndex { " \t\n\r\u{B}\u{C}".unicodeScalars.contains($0) }
            if let space, space > seen { wordStart = space + 1 }
            let candidate = Candidate(mark: mark, context: wordStart..<end, next: next)
            if candidates.isEmpty || seen <= wordStart {
                candidates.append(candidate)
            } else {
                candidates[candidates.count - 1] = candidate
            }
            seen = mark
        }
        return candidates
    }

    /// Where the next sentence would begin after a mark, and where the context ends: after punctuation, or the next word.
    /// Nil where the mark ends nothing.
    private func following(_ text: [Unicode.Scalar], _ mark: Int) -> (next: Int, end: Int)? {
        let rest = text[(mark + 1)...]
        guard let first = rest.first else { return nil }
        if first.isPunktMark { return (mark + 1, mark + 2) }
        guard first.isSpaceOfUnicode, let next = rest.firstIndex(where: { !$0.isSpaceOfUnicode }) else { return nil }
        return (next, text[next...].firstIndex(where: \.isSpaceOfUnicode) ?? text.count)
    }

    // MARK: Decisions

    private func endsSentence(_ text: [Unicode.Scalar], _ candidate: Candidate) -> Bool {
        let tokens = PunktToken.tokens(of: text[candidate.context], parameters)
        return zip(tokens, tokens.dropFirst()).contains { isBreak($0, before: $1) }
    }

    /// Whether a sentence ends after a token (the second pass of the method).
    private func isBreak(_ token: PunktToken, before next: PunktToken) -> Bool {
        guard token.endsInStop else { return token.end == .sentence }
        let (type, nextType) = (token.typeWithoutStop, next.typeWithoutEnd)
        if parameters.collocations.contains(.init(first: type, second: nextType)) { return false }

        let isBegun = begins(next)
        if token.end == .abbreviation || token.end == .ellipsis, !token.isInitial {
            if isBegun == true { return true }
            if next.isUpper, parameters.starters.contains(nextType) { return true }
        }
        if token.isInitial || type.text == PunktToken.number {
            if isBegun == false { return false }
            let context = parameters.contexts[nextType] ?? []
            if isBegun == nil, token.isInitial, next.isUpper, context.isDisjoint(with: .lower) { return false }
        }
        return token.end == .sentence
    }

    /// Whether a token begins a sentence, by where its word was seen in upper and lower case; nil where that says nothing.
    private func begins(_ token: PunktToken) -> Bool? {
        if token.text.count == 1, ";:,.!?".unicodeScalars.contains(token.text[0]) { return false }
        let context = parameters.contexts[token.typeWithoutEnd] ?? []
        if token.isUpper, !context.isDisjoint(with: .lower), !context.contains(.innerUpper) { return true }
        if token.isLower, !context.isDisjoint(with: .upper) || !context.contains(.initialLower) { return false }
        return nil
    }

    // MARK: Closing punctuation

    /// Gives quotes and brackets that follow a mark to its sentence. Empty sentences are left out.
    private func closed(_ sentences: [Range<Int>], _ text: [Unicode.Scalar]) -> [Range<Int>] {
        var closed: [Range<Int>] = []
        var start = 0
        for (place, sentence) in sentences.enumerated() {
            start = max(start, sentence.lowerBound)
            let following = place + 1 < sentences.count ? closing(text[sentences[place + 1]]) : nil
            let end = following?.closed ?? sentence.upperBound
            if start < end { closed.append(start..<end) }
            start = following?.next ?? 0
        }
        return closed
    }

    /// Where the quotes and brackets end with which a sentence begins, and where the sentence goes on; nil where it does not
    /// begin with any that white space, two hyphens or the end follow.
    private func closing(_ sentence: ArraySlice<Unicode.Scalar>) -> (closed: Int, next: Int)? {
        let run = sentence.prefix { "\"')]}‘’“”«»".unicodeScalars.contains($0) }
        guard !run.isEmpty else { return nil }
        let rest = sentence[run.endIndex...]
        let space = rest.prefix(while: \.isSpaceOfUnicode)
        guard !space.isEmpty || rest.isEmpty || rest.starts(with: ["-", "-"]) else { return nil }
        return (run.endIndex, space.endIndex)
    }
}

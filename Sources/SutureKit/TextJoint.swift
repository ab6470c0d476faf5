// SPDX-License-Identifier: Apache-2.0

/// What can spell a text in tokens and read it again. Host and kit share the one way in which texts meet, below.
package protocol TextSpelling {
    associatedtype Failure: Error
    /// The tokens of a text.
    func tokens(of text: String, addsSpecialTokens: Bool) throws(Failure) -> [Int]
    /// The text of tokens, without special tokens.
    func spelled(_ tokens: [Int]) throws(Failure) -> String
}

/// A prompt and what follows it, in tokens.
package struct JoinedTokens: Sendable, Hashable {
    package var prompt: [Int]
    package var following: [Int]
    /// Whether a token ends where the prompt does. Otherwise the end of the prompt and the beginning of what follows would
    /// be one token, and the two were put into tokens apart.
    package var meetsBetweenTokens: Bool
}

extension TextSpelling {
    /// The tokens of a prompt, and those that a text has after it. Nothing is put between the two.
    ///
    /// The following ids are those that the text has after the prompt, so a tokenizer that marks the beginning of a text
    /// differently is read as it will be used. Where the two merge into one token, the text is tokenised apart, in a way that
    /// reads as the text after the prompt. In an encoder–decoder model, where the prompt is the source, it always is.
    package func join(_ prompt: String, _ text: String) throws(Failure) -> JoinedTokens {
        let ids = try tokens(of: prompt, addsSpecialTokens: true)
        let whole = try tokens(of: prompt + text, addsSpecialTokens: true)
        if whole.starts(with: ids) {
            return JoinedTokens(prompt: ids, following: Array(whole[ids.count...]), meetsBetweenTokens: true)
        }
        let apart = try tokensApart(text, after: ids)
        // The prompt of an encoder–decoder model says nothing: what follows is a text of its own, and begins with a token.
        let said = try spelled(ids)
        let isSource = said.isEmpty && prompt.contains { !$0.isWhitespace }
        return JoinedTokens(prompt: ids, following: apart, meetsBetweenTokens: isSource)
    }

    /// The tokens of a text by itself, such that it reads as the text after a prompt.
    private func tokensApart(_ text: String, after prompt: [Int]) throws(Failure) -> [Int] {
        let alone = try tokens(of: text, addsSpecialTokens: false)
        if try reads(text, alone, after: prompt) { return alone }
        // A tokenizer that begins each text with a space of its own does not do so after another character. Which of these
        // shares no token with the text depends on the text.
        for character in ["\n", ".", "0", "|"] {
            let head = try tokens(of: character, addsSpecialTokens: false)
            let whole = try tokens(of: character + text, addsSpecialTokens: false)
            guard whole.starts(with: head) else { continue }
            let following = Array(whole[head.count...])
            if try reads(text, following, after: prompt) { return following }
        }
        return alone
    }

    /// The text that tokens add to a prompt: all of it, less the text of the prompt.
    ///
    /// Tokens are never read by themselves, because a tokenizer may drop the space at the beginning of a text. Where the
    /// prompt ends within a character, the whole character belongs to what follows.
    package func continuation(_ tokens: [Int], after prompt: [Int]) throws(Failure) -> String {
        let head = try spelled(prompt).unicodeScalars
        let whole = try spelled(prompt + tokens).unicodeScalars
        let common = zip(head, whole).prefix { $0 == $1 }.count
        return String(String.UnicodeScalarView(whole.dropFirst(common)))
    }

    private func reads(_ text: String, _ tokens: [Int], after prompt: [Int]) throws(Failure) -> Bool {
        try continuation(tokens, after: prompt).unicodeScalars.elementsEqual(text.unicodeScalars)
    }
}

extension Model: TextSpelling {
    package func tokens(of text: String, addsSpecialTokens: Bool) throws(SutureError) -> [Int] {
        try encode(text, addsSpecialTokens: addsSpecialTokens)
    }

    package func spelled(_ tokens: [Int]) throws(SutureError) -> String { try decode(tokens) }

    /// The token ids of a prompt, and those of a text that follows it with nothing in between.
    ///
    ///     let answer = try model.tokens(of: editCase.filledPrompt, followedBy: editCase.following(editCase.targetNew))
    ///
    /// The following ids are those that the text has after the prompt, without special tokens; so a tokenizer that marks the
    /// beginning of a text differently is read as it will be used. Where the two merge into one token, the text is tokenised
    /// apart.
    ///
    /// - Throws: `invalidArgument` for a text without tokens.
    public func tokens(
        of prompt: String, followedBy text: String
    ) throws(SutureError) -> (prompt: [Int], following: [Int]) {
        let joined = try join(prompt, text)
        guard !joined.following.isEmpty else {
            throw SutureError(
                .invalidArgument, "the text \"\(text)\" has no tokens after \"\(Model.end(of: prompt))\"",
                hint: "check the targets of the data set")
        }
        return (joined.prompt, joined.following)
    }

    /// The token ids of a prompt and of the object that follows it.
    ///
    /// ``EditCase/following(_:)`` knows what the data set puts between the two; ``tokens(of:followedBy:)`` takes its text.
    ///
    /// - Parameter joint: what is put between the two, unless the object begins with it: ``EditCase/joint``.
    /// - Throws: `invalidArgument` for an object without tokens.
    public func encode(
        prompt: String, target: String, joint: String = " "
    ) throws(SutureError) -> (prompt: [Int], target: [Int]) {
        let joined = try join(prompt, joint.isEmpty || target.hasPrefix(joint) ? target : joint + target)
        guard !joined.following.isEmpty else {
            throw SutureError(
                .invalidArgument, "the object \"\(target)\" has no tokens", hint: "check the targets of the data set")
        }
        return (joined.prompt, joined.following)
    }

    /// The tokens of a prompt and those with which an answer follows it, where the boundary between the two is one between
    /// tokens.
    ///
    /// - Parameter answer: as it follows the prompt; nothing is put between the two.
    /// - Throws: `invalidArgument` where the end of the prompt and the beginning of the answer become one token, so that no
    ///   token of the answer follows the prompt, and for an answer without tokens.
    public func continuation(
        of prompt: String, by answer: String
    ) throws(SutureError) -> (prompt: [Int], answer: [Int]) {
        let joined = try join(prompt, answer)
        guard joined.meetsBetweenTokens, !joined.following.isEmpty else {
            throw SutureError(
                .invalidArgument,
                "the answer \"\(answer)\" does not begin with a token of its own after \"\(Model.end(of: prompt))\"",
                hint: "let the prompt end where a token ends: without a blank, and at the end of a word")
        }
        return (joined.prompt, joined.following)
    }

    /// Makes sure that a row of a case fits into the context, so that the error names the case.
    ///
    /// - Parameters:
    ///   - count: the tokens of the row.
    ///   - what: "the prompt with its answer"
    ///   - name: ``EditCase/id``
    /// - Throws: `outOfRange`, naming the case.
    public func requireRoom(for count: Int, _ what: String, ofCase name: String) throws(SutureError) {
        guard count > info.contextLength else { return }
        throw SutureError(
            .outOfRange,
            "case \(name): \(what) has \(count) tokens, and the model's context holds \(info.contextLength)",
            hint: "shorten it, or leave the case out of the data")
    }

    /// The text that tokens add to a prompt: the text of all of them, less that of the prompt. Read what a model generates by
    /// this, and never by ``decode(_:skipsSpecialTokens:)`` alone, which may drop the space at the beginning.
    ///
    ///     let new = try model.generate([prompt], Model.Generation(maxNewTokens: 16))[0]
    ///     let text = try model.text(of: new, after: prompt)
    public func text(of tokens: [Int], after prompt: [Int]) throws(SutureError) -> String {
        try continuation(tokens, after: prompt)
    }

    private static func end(of prompt: String) -> String { (prompt.count > 24 ? "…" : "") + prompt.suffix(24) }
}

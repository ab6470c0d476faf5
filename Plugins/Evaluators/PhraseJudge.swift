// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The share of given phrases that a text has, from 0 to 1.
struct PhraseJudge: Judge {
    static let descriptor = ComponentDescriptor(id: "phrases", summary: "The share of given phrases that a text has.")

    @Parameter("phrases", help: "What a good text has. Case, punctuation and articles are ignored.")
    var phrases: [String]

    func validate() throws {
        guard !phrases.isEmpty else {
            throw SutureError(.invalidArgument, "phrases is empty", hint: "list what a good text has")
        }
        if let empty = phrases.first(where: { AnswerText.normalized($0).isEmpty }) {
            throw SutureError(
                .invalidArgument, "the phrase \"\(empty)\" has no word that counts",
                hint: "punctuation and the articles a, an and the are not compared")
        }
    }

    func judge(_ texts: [MarkedText], in session: Session) throws -> [Double] {
        let wanted = phrases.map { AnswerText.normalized($0) }
        return texts.map { item in
            let text = AnswerText.normalized(item.text)
            return Double(wanted.count { AnswerText.contains(text, $0) }) / Double(wanted.count)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// What a model says after a prompt, for people to read. A few tokens are generated greedily.
package enum Answers {
    /// Tokens beyond the longest target, so that the reader sees what follows it.
    private static let extraTokens = 2
    /// Tokens where a case has no target.
    private static let freeTokens = 16

    /// One answer for each case, without white space at its ends.
    package static func greedy(_ model: LanguageModel, _ cases: [EditCase]) throws -> [String] {
        var answers: [String] = []
        for chunk in stride(from: 0, to: cases.count, by: 32).map({ cases[$0..<min($0 + 32, cases.count)] }) {
            let prompts = try chunk.map { try model.tokenizer.encode($0.filledPrompt, addSpecialTokens: true).ids }
            let lengths = try chunk.flatMap { one in
                try one.expectedTexts.map { try model.tokenizer.join(one.filledPrompt, $0).following.count }
            }
            let count = lengths.max().map { $0 + extraTokens } ?? freeTokens
            for (prompt, tokens) in zip(prompts, try model.generate(prompts, Model.Generation(maxNewTokens: count))) {
                let text = try model.tokenizer.continuation(tokens, after: prompt)
                answers.append(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
            }
        }
        return answers
    }
}

extension EditCase {
    /// What a case knows to follow its prompt, as it follows it.
    fileprivate var expectedTexts: [String] {
        [targetNew, targetTrue].filter { !$0.isEmpty }.map(following) + (answer.isEmpty ? [] : [answer])
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// Puts the texts of listed examples beside their queries, with the share of each token in the influence.
struct InfluenceTexts {
    let service: InfluenceService
    let components: ComponentServices
    let estimator: LoadedComponent
    let model: LanguageModel

    func add(
        to file: inout InfluenceFile, _ training: TrainingFile,
        _ progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void
    ) throws {
        for (place, query) in file.queries.enumerated() {
            try progress("tokens", place, file.queries.count)
            let text = MarkedText(prompt: query.prompt, text: query.text)
            let listed = query.ends.all
            let examples = try training.examples(listed.map(\.index)).map(\.text)
            guard !examples.isEmpty else { continue }
            let own = try service.tokens(examples, components.subject(estimator, model, [text]))
            // Influence is symmetric, so the roles can be exchanged.
            let other = try service.tokens([text], components.subject(estimator, model, examples))
            let queryTokens = try tokens(of: text)
            var texts: [InfluenceFile.Texts] = []
            for (row, example) in examples.enumerated() {
                let tokens = try tokens(of: example)
                texts.append(
                    InfluenceFile.Texts(
                        prompt: example.prompt, text: example.text, tokens: tokens,
                        weights: try weights(own, 0, row, count: tokens.count), queryTokens: queryTokens,
                        queryWeights: try weights(other, row, 0, count: queryTokens.count)))
            }
            let count = query.ends.promoting.count
            for row in texts.indices {
                if row < count {
                    file.queries[place].ends.promoting[row].texts = texts[row]
                } else {
                    file.queries[place].ends.counteracting[row - count].texts = texts[row]
                }
            }
        }
    }

    /// Of one query and one example; none where the estimator sees no tokens.
    private func weights(_ all: Tensor?, _ query: Int, _ example: Int, count: Int) throws -> [Double] {
        guard let all else { return [] }
        let row = try all.cast(to: .float64).select(0, query).select(0, example).scalars(as: Double.self)
        return Array(row.prefix(count))
    }

    private func tokens(of text: MarkedText) throws -> [String] {
        let handle = ModelTable.handle(model)
        defer { ModelTable.release(handle) }
        // An estimator that needs no prediction may list what has nothing to predict.
        let row = try? Model(borrowing: handle).forcedRow(text).tokens
        let tokens = try row ?? model.tokenizer.encode(text.prompt + text.text, addSpecialTokens: false).ids
        return try tokens.map { try model.tokenizer.decode([$0], skipSpecialTokens: false) }
    }
}

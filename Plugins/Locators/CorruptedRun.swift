// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// One prompt, once clean and several times with its subject corrupted, with everything needed to restore a state.
struct CorruptedRun {
    /// Whether the clean run's most likely token is the answer.
    let answersRight: Bool
    /// The probability of the answer in the clean run.
    let high: Double
    /// The same in the corrupted runs, mean over samples, with nothing restored.
    let low: Double

    private let prompt: TracedPrompt
    private let samples: Int
    private let window: Int
    private let tokenBudget: Int
    private let layerCount: Int
    private let clean: PatchedRuns
    /// A row for each sample.
    private let corrupted: PatchedRuns

    /// - Parameter noise: the standard deviation of what is added to the subject's embeddings.
    /// - Parameter seed: draws the same noise for every cell.
    init(
        _ prompt: TracedPrompt, noise: Double, samples: Int, seed: Int, window: Int, tokenBudget: Int, _ model: Model
    ) throws {
        self.prompt = prompt
        self.samples = samples
        self.window = window
        self.tokenBudget = tokenBudget
        layerCount = model.info.layerCount

        let layers = 0..<model.info.layerCount
        clean = try PatchedRuns(
            [prompt.tokens], keeping: CausalTrace.kinds.flatMap { kind in layers.map { Site(kind, layer: $0) } }, model)
        let probabilities = try CorruptedRun.probabilities(clean.logits)
        answersRight = try Int(probabilities.argmax().item()) == prompt.answer
        high = try probabilities.select(1, prompt.answer).item()

        let drawn = try RandomNumbers(seed: seed).normal(
            [samples * prompt.subject.count, model.info.dModel], deviation: noise, device: model.info.device)
        let subjectTokens = (0..<samples).flatMap { row in
            prompt.subject.map { TokenIndex(row: row, position: $0) }
        }
        corrupted = try PatchedRuns(
            [[Int]](repeating: prompt.tokens, count: samples), keeping: [],
            with: [Intervention(.embedding, at: subjectTokens, .add(drawn))], model)
        low = try CorruptedRun.probabilities(corrupted.logits).select(1, prompt.answer).mean().item()
    }

    /// For every position: the mean probability of the answer with that position's clean value restored.
    func scores(restoring kind: Site.Kind, _ layer: Int) throws -> [Double] {
        let touched =
            kind == .residualOut ? layer..<layer + 1 : CorruptedRun.window(around: layer, window, layerCount)
        let cells = try prompt.tokens.indices.flatMap { position in
            let changes = try touched.map {
                let site = Site(kind, layer: $0)
                return PatchedRuns.Change(
                    site: site, position: position, value: try clean.value(site, row: 0, position: position))
            }
            return (0..<samples).map { PatchedRuns.Cell(row: $0, changes: changes) }
        }
        // The samples of a position stay in one batch.
        let together = samples * prompt.tokens.count
        var scores: [Double] = []
        try corrupted.run(cells, tokenBudget: max(1, tokenBudget / together) * together, willRun: {}) { batch, logits in
            scores += try CorruptedRun.probabilities(logits).select(1, prompt.answer)
                .reshaped(batch.count / samples, samples).mean(1).scalars(as: Double.self)
        }
        return scores
    }

    /// The layers of a window, clipped to the model: [layer − w/2, layer + (w − 1)/2], as published.
    static func window(around layer: Int, _ width: Int, _ layerCount: Int) -> Range<Int> {
        max(0, layer - width / 2)..<min(layerCount, layer - width / 2 + width)
    }

    /// `[row, vocabulary]`, float32.
    private static func probabilities(_ logits: Tensor) throws -> Tensor {
        try logits.cast(to: .float32).softmax()
    }
}

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

    private let model: Model
    private let prompt: TracedPrompt
    private let samples: Int
    private let window: Int
    private let tokenBudget: Int
    /// By layer: the stream that enters it in the corrupted runs, `[sample, position, dModel]`; one more for what
    /// leaves the last.
    private let corrupted: [Tensor]
    /// By kind and layer: the clean values, `[position, width]`.
    private let clean: [Site: Tensor]

    /// - Parameter noise: the standard deviation of what is added to the subject's embeddings.
    /// - Parameter seed: draws the same noise for every cell.
    init(
        _ prompt: TracedPrompt, noise: Double, samples: Int, seed: Int, window: Int, tokenBudget: Int, _ model: Model
    ) throws {
        self.prompt = prompt
        self.model = model
        self.samples = samples
        self.window = window
        self.tokenBudget = tokenBudget

        let info = model.info
        let sites = CausalTrace.kinds.flatMap { kind in (0..<info.layerCount).map { Site(kind, layer: $0) } }
        var pass = Forward(try TokenBatch([prompt.tokens]), logits: .last)
        pass.captures = sites.map { Capture($0) }
        let output = try model.forward(pass)
        let probabilities = try CorruptedRun.probabilities(output)
        answersRight = try Int(probabilities.argmax().item()) == prompt.answer
        high = try probabilities.select(1, prompt.answer).item()
        clean = Dictionary(uniqueKeysWithValues: zip(sites, try output.captures.map { try $0[0] }))

        let drawn = try RandomNumbers(seed: seed).normal(
            [samples * prompt.subject.count, info.dModel], deviation: noise, device: info.device)
        let subjectTokens = (0..<samples).flatMap { row in
            prompt.subject.map { TokenIndex(row: row, position: $0) }
        }
        var corruptedPass = Forward(
            try TokenBatch([[Int]](repeating: prompt.tokens, count: samples)), logits: .last)
        corruptedPass.interventions = [Intervention(.embedding, at: subjectTokens, .add(drawn))]
        corruptedPass.captures =
            (0..<info.layerCount).map { Capture(.residualIn($0)) } + [Capture(.residualOut(info.layerCount - 1))]
        let noisy = try model.forward(corruptedPass)
        corrupted = noisy.captures
        low = try CorruptedRun.probabilities(noisy).select(1, prompt.answer).mean().item()
    }

    /// For every position: the mean probability of the answer with that position's clean value restored.
    ///
    /// A pass begins at the first layer that is touched, from the corrupted stream; all positions are run together.
    func scores(restoring kind: Site.Kind, _ layer: Int) throws -> [Double] {
        let count = prompt.tokens.count
        let perBatch = max(1, tokenBudget / (samples * count))
        var scores: [Double] = []
        for start in stride(from: 0, to: count, by: perBatch) {
            scores += try self.scores(restoring: kind, layer, at: Array(start..<min(start + perBatch, count)))
        }
        return scores
    }

    private func scores(restoring kind: Site.Kind, _ layer: Int, at positions: [Int]) throws -> [Double] {
        let layerCount = model.info.layerCount
        // Row p · samples + s: sample s with positions[p] restored.
        let restored = TokenPositions(
            positions.enumerated().flatMap { p, position in
                (0..<samples).map { TokenIndex(row: p * samples + $0, position: position) }
            })
        let source = IntegerVector(restored.map(\.position))
        func stream(entering layer: Int) throws -> Tensor {
            try Tensor.concatenated([Tensor](repeating: corrupted[layer], count: positions.count))
        }
        func cleanValues(_ site: Site) throws -> Tensor {
            guard let values = clean[site] else { throw SutureError(.internal, "\(site) was not captured") }
            return try values.indexSelect(0, source)
        }
        let lengths = IntegerVector(repeatElement(prompt.tokens.count, count: restored.count))
        var pass: Forward
        if kind == .residualOut {
            let changed = try stream(entering: layer + 1).put(
                cleanValues(.residualOut(layer)), at: restored)
            pass = Forward(.residual(changed, lengths: lengths), layers: layer + 1..<layerCount, logits: .last)
        } else {
            let touched = CorruptedRun.window(around: layer, window, layerCount)
            pass = Forward(
                .residual(try stream(entering: touched.lowerBound), lengths: lengths),
                layers: touched.lowerBound..<layerCount, logits: .last)
            pass.interventions = try touched.map {
                let site = Site(kind, layer: $0)
                return Intervention(site, at: restored, .replace(try cleanValues(site)))
            }
        }
        let probabilities = try CorruptedRun.probabilities(try model.forward(pass)).select(1, prompt.answer)
        return try probabilities.reshaped(positions.count, samples).mean(1).scalars(as: Double.self)
    }

    /// The layers of a window, clipped to the model: [layer − w/2, layer + (w − 1)/2], as published.
    static func window(around layer: Int, _ width: Int, _ layerCount: Int) -> Range<Int> {
        max(0, layer - width / 2)..<min(layerCount, layer - width / 2 + width)
    }

    /// `[row, vocabulary]`, float32.
    private static func probabilities(_ output: ForwardOutput) throws -> Tensor {
        try output.requireLogits().cast(to: .float32).softmax()
    }
}

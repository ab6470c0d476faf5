// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Does the answer come from the bridge? (CREME, Li et al. 2024, the intervention on the implicit result.)
///
/// The bridge's words are suppressed (or enhanced) in the residual stream after a layer at the last token, as the output layer
/// would read them there without the final norm, and the pass goes on. The scores are the answer's mean single-step probability,
/// untouched, so treated, and, as a control, with as many random words treated in place of the bridge.
///
/// Cost per case: for every layer, the blocks from there on over two rows for each of composition and guide; and once an
/// inverse of dModel · dModel in float64.
struct Suppression: Locator {
    static let descriptor = ComponentDescriptor(
        id: "suppression", summary: "Measures what the answer loses when the bridge is taken out of the stream.",
        requires: [.prompt, .subject, .bridge, .secondHop])

    enum Mode: String, ParameterChoice {
        case suppress, enhance
        /// What was done, for the name of a map.
        var done: String { self == .suppress ? "suppressed" : "enhanced" }
    }

    /// How a request on single logits becomes a change of the stream.
    enum Solution: String, ParameterChoice {
        /// The best approximation over the whole vocabulary, as published; the answer is compensated afterwards.
        case leastSquares = "least_squares"
        /// The smallest change that fulfils the request exactly and leaves the answer's logits as they are.
        case exact
    }

    @Parameter("mode", help: "Lower the bridge's logits to the smallest of all (suppress), or raise them (enhance).")
    var mode = Mode.suppress

    @Parameter(
        "solution",
        help: "least_squares: the published left inverse; exact: the smallest change that fulfils the request exactly.")
    var solution = Solution.leastSquares

    @Parameter("compensation", in: .nonNegative, help: "least_squares: how strongly the answer's logits are put back.")
    var compensation = 10.0

    @Parameter("seed", in: .nonNegative, help: "Seed of the random words.")
    var seed = 1

    @Parameter(.batchTokens) var tokenBudget = 2048

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        let model = try session.model
        let compositions = try cases.map { try AlignedPrompts($0, cutsGuide: false, model) }
        let bridges = try zip(cases, compositions).map { editCase, composition in
            try model.continuation(of: composition.prompt.text, by: editCase.following(editCase.bridge)).answer
        }
        let head = try OutputLayer(model)
        var found: [[Location]] = cases.map { _ in [] }
        var fails = cases.map { _ in false }
        let lengths = compositions.map { max($0.prompt.tokens.count, $0.guide.tokens.count) }
        for (done, batch) in TokenBatch.batches(ofLengths: lengths, budget: tokenBudget / 2).enumerated() {
            try session.progress("locate", done)
            try withoutGradients {
                for isGuide in [false, true] {
                    let rows = batch.map { (compositions[$0], bridges[$0]) }
                    let (cells, wrong) = try measure(rows, isGuide: isGuide, head, model) {
                        try session.progress("locate", done)
                    }
                    for (i, place) in batch.enumerated() {
                        found[place] += cells[i]
                        if !isGuide { fails[place] = wrong[i] }
                    }
                }
            }
        }
        session.log(.info, "suppression: the model fails \(fails.count { $0 }) of \(cases.count) compositions")
        let groups = [("failures", true), ("passes", false)].flatMap { name, isFailure in
            cases.indices.filter { fails[$0] == isFailure }.flatMap { found[$0] }.meansByRole().map {
                var mean = $0
                mean.measure += ", \(name)"
                return mean
            }
        }
        return found.flatMap(\.self) + groups
    }

    private func measure(
        _ rows: [(composition: AlignedPrompts, bridge: [Int])], isGuide: Bool, _ head: OutputLayer, _ model: Model,
        willRun: () throws -> Void
    ) throws -> (cells: [[Location]], isWrong: [Bool]) {
        let layers = 0..<model.info.layerCount
        let prompts = rows.map { isGuide ? $0.composition.guide : $0.composition.prompt }
        let runs = try PatchedRuns(prompts.map(\.tokens), keeping: layers.map { .residualOut($0) }, model)
        var cells: [PatchedRuns.Cell] = []
        for (i, row) in rows.enumerated() {
            let control = try randomTokens(row.bridge.count, for: row.composition.caseIndex, model)
            for layer in layers {
                let site = Site.residualOut(layer)
                let state = try runs.value(site, row: i, position: prompts[i].last)
                for words in [row.bridge, control] {
                    let answer = words == row.bridge ? row.composition.answer : []
                    let value = try changed(state, words: words, answer: answer, head)
                    cells.append(
                        PatchedRuns.Cell(
                            row: i,
                            changes: [PatchedRuns.Change(site: site, position: prompts[i].last, value: value)]))
                }
            }
        }
        var probabilities = [Double](repeating: 0, count: cells.count)
        try runs.run(cells, tokenBudget: tokenBudget, willRun: willRun) { batch, logits in
            for (i, cell) in batch.enumerated() {
                let word = rows[cells[cell].row].composition.answer
                probabilities[cell] = try logits.sliced(0, i..<i + 1).readings(of: word)[0].probability
            }
        }
        let choices = try runs.logits.argmax().scalars(as: Int.self)
        let suffix = isGuide ? ", guide" : ""
        let found = try rows.enumerated().map { i, row in
            let base = try runs.logits.sliced(0, i..<i + 1).readings(of: row.composition.answer)[0].probability
            return layers.flatMap { layer in
                let first = 2 * (i * layers.count + layer)
                return [
                    ("untouched", base), ("bridge \(mode.done)", probabilities[first]),
                    ("random words \(mode.done)", probabilities[first + 1]),
                ].map { name, score in
                    Location(
                        .residualOut(layer), caseIndex: row.composition.caseIndex,
                        position: row.composition.prompt.last, role: .last,
                        measure: "probability, \(name)\(suffix)", score: score, isSelected: false)
                }
            }
        }
        return (found, rows.indices.map { choices[$0] != rows[$0].composition.answer[0] })
    }

    /// A state `[dModel]` in which words are suppressed or enhanced, and the answer's logits are put back.
    func changed(_ state: Tensor, words: [Int], answer: [Int], _ head: OutputLayer) throws -> Tensor {
        let before = try head.logits(state)
        let now = try before.indexSelect(0, words)
        let goal: Tensor
        switch mode {
        case .suppress: goal = try now * 0 + before.min().item()
        case .enhance: goal = try (now * 2).maximum(before.max().item())
        }
        let request = try goal - now
        let dtype = state.dtype
        var state = try state.cast(to: .float64)
        switch solution {
        case .leastSquares:
            state = try state + head.leastSquares(request, words)
            if !answer.isEmpty {
                let lost = try before.indexSelect(0, answer) - head.logits(state).indexSelect(0, answer)
                state = try state + head.leastSquares(lost * compensation, answer)
            }
        case .exact:
            let kept = Set(answer).subtracting(words).sorted()
            let zeros = try Tensor.zeros([kept.count], dtype: .float64, device: request.device)
            state =
                try state
                + head.smallest(kept.isEmpty ? request : Tensor.concatenated([request, zeros]), words + kept)
        }
        return try state.cast(to: dtype)
    }

    /// Different words of the vocabulary; the same ones at every layer.
    private func randomTokens(_ count: Int, for caseIndex: Int, _ model: Model) throws -> [Int] {
        let draws = try RandomNumbers(seed: seed + caseIndex).uniform([model.info.vocabulary]).topK(count)
        return try draws.indices.scalars(as: Int.self)
    }
}

/// The unembedding as a matrix, in float64, and what it takes to change logits through the stream.
struct OutputLayer {
    /// `[vocabulary, dModel]`
    private let weight: Tensor
    /// The lower factor of WᵀW.
    private let factor: Tensor

    init(_ model: Model) throws {
        // Read off the model's own output layer, so that it does not matter where the weight is and whether it is tied.
        let width = model.info.dModel
        let units = try Tensor.concatenated([
            Tensor.identity(width, device: model.info.device), Tensor.zeros([1, width], device: model.info.device),
        ])
        let logits = try model.words(of: units, isNormed: false).cast(to: .float64)
        // The last row is the bias.
        weight = try (logits.sliced(0, 0..<width) - logits.sliced(0, width..<width + 1)).transposed().contiguous()
        factor = try weight.transposed().matmul(weight).cholesky()
    }

    /// W h, `[vocabulary]`, without a bias.
    func logits(_ state: Tensor) throws -> Tensor {
        try weight.matmul(state.cast(to: .float64).unsqueezed(1)).squeezed(1)
    }

    /// (WᵀW)⁻¹Wᵀ of a request on some tokens' logits, 0 on the others.
    func leastSquares(_ request: Tensor, _ tokens: [Int]) throws -> Tensor {
        let rows = try weight.indexSelect(0, tokens)
        return try factor.choleskySolve(rows.transposed().matmul(request.unsqueezed(1))).squeezed(1)
    }

    /// The smallest change with exactly this effect on some tokens' logits.
    func smallest(_ request: Tensor, _ tokens: [Int]) throws -> Tensor {
        let rows = try weight.indexSelect(0, tokens)
        return try rows.pseudoInverse().matmul(request.unsqueezed(1)).squeezed(1)
    }
}

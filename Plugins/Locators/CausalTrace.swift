// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Causal tracing: where does restoring a clean state bring the answer back? (Meng et al. 2022, §2.)
///
/// The subject's embeddings are corrupted by noise; then the clean value of one token at one site of one layer (for
/// MLP and attention outputs: of a window of layers around it) is put back. A cell's score is its indirect effect:
/// the probability of the answer then, less that of the corrupted run, averaged over the noise. The noise is drawn
/// once per case and is the same in every cell.
///
/// Cost per case: for every kind and layer, the blocks from there on over `samples` · tokens rows.
struct CausalTrace: Locator {
    static let descriptor = ComponentDescriptor(
        id: "causal-trace",
        summary: "Measures where restoring a clean state recovers the answer from a corrupted subject.",
        requires: [.prompt, .subject, .targetTrue])

    static let kinds: [Site.Kind] = [.residualOut, .mlpOutput, .attentionOutput]

    @Parameter(
        "noise_level", in: .positive,
        help: "Standard deviation of the noise; noise_factor times that of the subjects' embeddings if not given.")
    var noiseLevel: Double?

    @Parameter("noise_factor", in: .positive, help: "Multiple of the embeddings' standard deviation.")
    var noiseFactor = 3.0

    @Parameter("samples", in: .positive, help: "Corrupted runs per case.")
    var samples = 10

    @Parameter(
        "window", in: .positive, unit: "layers",
        help: "Layers restored together at an MLP or attention output, around the cell's layer.")
    var window = 10

    @Parameter(
        "kinds", choices: CausalTrace.kinds.map(\.choice),
        help: "Sites to restore: residual_out, mlp_output, attention_output.")
    var chosenKinds = CausalTrace.kinds

    @Parameter("seed", in: .nonNegative, help: "Seed of the noise.")
    var seed = 1

    @Parameter("select", in: .positive, unit: "layers", help: "Layers in the band that is selected.")
    var selected = 1

    @Parameter(
        "select_kind", choices: CausalTrace.kinds.map(\.choice),
        help: "The map whose effect at the subject's last token, averaged over cases, chooses the band.")
    var selectingKind = Site.Kind.mlpOutput

    @Parameter(
        "batch_tokens", in: .positive, unit: "tokens",
        help: "Tokens that are run at once. Changes speed and memory, not results.")
    var tokenBudget = 8192

    func validate() throws {
        guard chosenKinds.contains(selectingKind) else {
            throw SutureError(
                .invalidArgument, "causal-trace: select_kind is \(selectingKind.name), which kinds does not list",
                hint: "add it to kinds, or choose another")
        }
    }

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        let model = try session.model
        guard selected <= model.info.layerCount else {
            throw SutureError(
                .outOfRange, "causal-trace: select is \(selected), the model has \(model.info.layerCount) layers")
        }
        let prompts = try cases.map { try TracedPrompt($0, model) }
        let level = try noiseLevel ?? noiseFactor * CausalTrace.embeddingDeviation(prompts, model)
        let kinds = CausalTrace.kinds.filter(chosenKinds.contains)

        var cells: [Location] = []
        var traced = 0
        for (i, prompt) in prompts.enumerated() {
            try session.progress("locate", i, of: prompts.count)
            let run = try CorruptedRun(
                prompt, noise: level, samples: samples, seed: seed + cases[i].index, window: window,
                tokenBudget: tokenBudget, model)
            guard run.answersRight else {
                session.log(.info, "causal-trace: case \(cases[i].id) is left out, the model does not give its answer")
                continue
            }
            traced += 1
            func percent(_ value: Double) -> Double { (value * 1000).rounded() / 10 }
            session.log(
                .info,
                "causal-trace: case \(cases[i].id), answer \(percent(run.high)) % clean, \(percent(run.low)) % corrupted"
            )
            for kind in kinds {
                for layer in 0..<model.info.layerCount {
                    let scores = try run.scores(restoring: kind, layer)
                    cells += scores.enumerated().map { position, score in
                        Location(
                            Site(kind, layer: layer), caseIndex: cases[i].index, position: position,
                            role: prompt.role(of: position), score: score - run.low, isSelected: false)
                    }
                    try session.progress("locate", i, of: prompts.count)
                }
            }
        }
        guard traced > 0 else {
            throw SutureError(
                .failedPrecondition, "causal-trace: the model gives the answer of none of the \(cases.count) cases",
                hint: "use cases whose target_true the model knows")
        }
        return cells + selection(cells, layerCount: model.info.layerCount, model.info.mlpSite)
    }

    /// The MLPs of the band of `select` layers with the largest mean effect, each with its layer's mean.
    ///
    /// - Parameter site: what is selected of a layer's MLP.
    func selection(_ cells: [Location], layerCount: Int, _ site: (Int) -> Site = { .neurons($0) }) -> [Location] {
        var sums = [Double](repeating: 0, count: layerCount)
        var counts = sums
        for cell in cells where cell.site.kind == selectingKind && cell.role == .subjectLast {
            guard let layer = cell.site.layer else { continue }
            sums[layer] += cell.score
            counts[layer] += 1
        }
        let means = zip(sums, counts).map { $0 / max($1, 1) }
        let bands = (0...layerCount - selected).map { $0..<$0 + selected }
        func effect(_ band: Range<Int>) -> Double { means[band].reduce(0, +) }
        guard let best = bands.max(by: { effect($0) < effect($1) }) else { return [] }
        return best.map { Location(site($0), role: .subjectLast, score: means[$0], isSelected: true) }
    }

    /// The standard deviation over all components of the subjects' tokens as they enter block 0.
    ///
    /// Each subject is run alone. Where positions are learned they are part of it; the published value leaves them out.
    static func embeddingDeviation(_ prompts: [TracedPrompt], _ model: Model) throws -> Double {
        let batch = try TokenBatch(prompts.map { Array($0.tokens[$0.subject]) })
        var pass = Forward(.tokens(batch), layers: 0..<0, logits: .none)
        pass.captures = [Capture(.embedding, at: TokenPositions(allOf: batch.lengths))]
        return try model.forward(pass).captures[0].cast(to: .float64).variance().item().squareRoot()
    }
}

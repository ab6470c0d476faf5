// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Where does a value of the guide bring out the answer of the composition? (CREME, Li et al. 2024, the locating step.)
///
/// While the composition is run, the value of one token at one site (for MLP and attention outputs: at a window of layers) is
/// replaced by that of the guide at the token with the same distance from the end. A score is the effect on the answer's mean
/// single-step probability, or on the mean rank of its tokens (then below 0 is better). Failures are the cases in which the
/// model's first choice after the composition is not the answer's first token.
///
/// Cost per case: for every layer, the blocks from there on over kinds · positions rows.
struct PromptExchange: Locator {
    static let descriptor = ComponentDescriptor(
        id: "prompt-exchange",
        summary: "Measures where a value from the second-hop prompt brings out the answer of a composition.",
        requires: [.prompt, .subject, .bridge, .secondHop])

    static let kinds: [Site.Kind] = [.residualOut, .mlpOutput, .attentionOutput]

    /// How much of the second-hop prompt is the guide.
    enum Guide: String, ParameterChoice {
        case full
        case fromSubject = "from_subject"
    }

    @Parameter("guide", help: "The whole second-hop prompt, or from the bridge on (from_subject).")
    var guide = Guide.full

    @Parameter(
        "kinds", choices: PromptExchange.kinds.map(\.choice),
        help: "Sites to exchange: residual_out, mlp_output, attention_output.")
    var chosenKinds = PromptExchange.kinds

    @Parameter(
        "positions", choices: [PromptPosition.last, .subjectLast].map(\.choice),
        help: "Tokens to exchange: last, subject_last.")
    var positions = [PromptPosition.last, .subjectLast]

    @Parameter(
        "window", in: .positive, unit: "layers",
        help: "Layers exchanged together at an MLP or attention output, around the cell's layer.")
    var window = 6

    @Parameter(
        "threshold", in: .closed(0...1),
        help: "The selected band grows while the mean effect is at least this share of the largest.")
    var threshold = 0.5

    @Parameter("min_layers", in: .positive, unit: "layers", help: "The smallest selected band.")
    var smallest = 5

    @Parameter("max_layers", in: .positive, unit: "layers", help: "The largest selected band.")
    var largest = 9

    @Parameter(.batchTokens) var tokenBudget = 2048

    func validate() throws {
        guard chosenKinds.contains(.attentionOutput), positions.contains(.last) else {
            throw SutureError(
                .invalidArgument,
                "prompt-exchange: the band is chosen at attention_output and the last token, which kinds or positions leave out",
                hint: "add attention_output to kinds and last to positions")
        }
        guard smallest <= largest else {
            throw SutureError(
                .invalidArgument, "prompt-exchange: min_layers is \(smallest), more than max_layers, \(largest)",
                hint: "give a smaller min_layers")
        }
    }

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        let model = try session.model
        let compositions = try cases.map { try AlignedPrompts($0, cutsGuide: guide == .fromSubject, model) }
        let lengths = compositions.map { max($0.prompt.tokens.count, $0.guide.tokens.count) }
        var found: [[Location]] = cases.map { _ in [] }
        var fails = cases.map { _ in false }
        var done = 0
        for batch in TokenBatch.batches(ofLengths: lengths, budget: tokenBudget) {
            try session.progress("locate", done, of: cases.count)
            let measured = try withoutGradients {
                try measure(batch.map { compositions[$0] }, model) {
                    try session.progress("locate", done, of: cases.count)
                }
            }
            for (place, result) in zip(batch, measured) { (found[place], fails[place]) = result }
            done += batch.count
        }
        let failures = cases.indices.filter { fails[$0] }
        session.log(.info, "prompt-exchange: the model fails \(failures.count) of \(cases.count) compositions")
        if failures.isEmpty {
            session.log(
                .warning, "prompt-exchange: no composition fails, so the band is chosen by those that the model answers"
            )
        }
        func means(_ part: [Int]) -> [Location] { part.flatMap { found[$0] }.meansByRole() }
        let failing = means(failures)
        let deciding = failures.isEmpty ? means(Array(cases.indices)) : failing
        let effects = bandEffects(deciding, layerCount: model.info.layerCount)
        if let warning = PromptExchange.warning(effects) { session.log(.warning, warning) }
        func named(_ cells: [Location], _ group: String) -> [Location] {
            cells.map {
                var cell = $0
                cell.measure += ", \(group)"
                return cell
            }
        }
        return found.flatMap(\.self) + named(failing, "failures")
            + named(means(cases.indices.filter { !fails[$0] }), "passes")
            + band(effects).map { Location(.attentionOutput($0), role: .last, score: effects[$0], isSelected: true) }
    }

    static let onProbability = "effect on probability"
    static let onRank = "effect on rank"

    /// The cells of each composition, and whether the model fails it.
    private func measure(
        _ compositions: [AlignedPrompts], _ model: Model, willRun: () throws -> Void
    ) throws -> [([Location], Bool)] {
        let kinds = PromptExchange.kinds.filter(chosenKinds.contains)
        let layers = model.info.layerCount
        let sites = kinds.flatMap { kind in (0..<layers).map { Site(kind, layer: $0) } }
        let guides = try PatchedRuns(compositions.map(\.guide.tokens), keeping: sites, model)
        let runs = try PatchedRuns(compositions.map(\.prompt.tokens), keeping: [], model)
        let bases = try compositions.enumerated().map { i, composition in
            try runs.logits.sliced(0, i..<i + 1).readings(of: composition.answer)[0]
        }
        let choices = try runs.logits.argmax().scalars(as: Int.self)

        var cells: [PatchedRuns.Cell] = []
        var labels: [Location] = []
        for (row, composition) in compositions.enumerated() {
            for kind in kinds {
                for (position, role) in try composition.positions(positions) {
                    for layer in 0..<layers {
                        let touched =
                            kind == .residualOut
                            ? layer..<layer + 1 : CorruptedRun.window(around: layer, window, layers)
                        cells.append(
                            PatchedRuns.Cell(
                                row: row,
                                changes: try touched.map {
                                    let site = Site(kind, layer: $0)
                                    return PatchedRuns.Change(
                                        site: site, position: position,
                                        value: try guides.value(
                                            site, row: row, position: composition.inGuide(position)))
                                }))
                        labels.append(
                            Location(
                                Site(kind, layer: layer), caseIndex: composition.caseIndex, position: position,
                                role: role,
                                score: 0, isSelected: false))
                    }
                }
            }
        }
        var readings = [WordReading?](repeating: nil, count: cells.count)
        try runs.run(cells, tokenBudget: tokenBudget, willRun: willRun) { batch, logits in
            for (i, cell) in batch.enumerated() {
                readings[cell] = try logits.sliced(0, i..<i + 1).readings(of: compositions[cells[cell].row].answer)[0]
            }
        }
        var found: [([Location], Bool)] = compositions.indices.map { ([], choices[$0] != compositions[$0].answer[0]) }
        for (i, reading) in readings.enumerated() {
            guard let reading else { throw SutureError(.internal, "a cell was not run") }
            let (row, base) = (cells[i].row, bases[cells[i].row])
            for (measure, score) in [
                (PromptExchange.onProbability, reading.probability - base.probability),
                (PromptExchange.onRank, reading.rank - base.rank),
            ] {
                var location = labels[i]
                (location.measure, location.score) = (measure, score)
                found[row].0.append(location)
            }
        }
        return found
    }

    /// The mean effect of attention outputs at the last token, by layer; it decides which band is selected.
    private func bandEffects(_ means: [Location], layerCount: Int) -> [Double] {
        var effects = [Double](repeating: 0, count: layerCount)
        for cell in means
        where cell.site.kind == .attentionOutput && cell.role == .last && cell.measure == PromptExchange.onProbability {
            if let layer = cell.site.layer { effects[layer] = cell.score }
        }
        return effects
    }

    /// What to say of a band that no effect speaks for; nil where one does.
    static func warning(_ effects: [Double]) -> String? {
        guard !effects.contains(where: { $0 > 0 }) else { return nil }
        return
            "prompt-exchange: at no layer does the exchange of attention outputs make the answer more likely, so the selected "
            + "layers mean little"
    }

    /// The peak and the layers around it with at least `threshold` of its effect, the larger neighbour first, up to
    /// `max_layers`; then, without regard to the effect, up to `min_layers`, as far as the model has them.
    func band(_ effects: [Double]) -> Range<Int> {
        guard let peak = effects.indices.max(by: { (effects[$0], $1) < (effects[$1], $0) }) else { return 0..<0 }
        var band = peak..<peak + 1
        func grow(to count: Int, while isEnough: (Double) -> Bool) {
            while band.count < min(count, effects.count) {
                let below = band.lowerBound > 0 ? effects[band.lowerBound - 1] : -.infinity
                let above = band.upperBound < effects.count ? effects[band.upperBound] : -.infinity
                guard isEnough(max(below, above)) else { return }
                band = above > below ? band.lowerBound..<band.upperBound + 1 : band.lowerBound - 1..<band.upperBound
            }
        }
        grow(to: largest) { $0 >= threshold * effects[peak] }
        grow(to: smallest) { _ in true }
        return band
    }
}

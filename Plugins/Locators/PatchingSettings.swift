// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The settings of activation patching and of its estimate, and what the two do alike.
struct PatchingSettings: ParameterSet {
    static let kinds: [Site.Kind] = [
        .residualIn, .residualMid, .residualOut, .attentionOutput, .mlpOutput, .headOutput,
    ]

    @Parameter(
        "contrast", needsOtherwise: [.bridge, .secondHop],
        help:
            "The two prompts. If not given: a composition and its second-hop prompt. swapped_subject: the prompt with the "
            + "subject of another case, which has as many tokens, and the prompt itself.")
    var contrast: PatchingContrast?

    @Parameter("direction", help: "denoising changes the first of the two prompts, noising the second.")
    var direction = PatchingDirection.denoising

    @Parameter("metric", help: "What is compared after the last token.")
    var metric = PatchingMetric.logitDifference

    @Parameter(
        "kinds", choices: PatchingSettings.kinds.map(\.choice), help: "Sites to patch; head_output head by head.")
    var chosenKinds = [Site.Kind.residualOut, .attentionOutput, .mlpOutput]

    @Parameter(
        "min_gap", in: .positive,
        help: "A case whose two prompts differ by less in the metric is left out: effects are relative to that.")
    var leastGap = 0.001

    @Parameter("select", in: .nonNegative, unit: "layers", help: "Layers to select at select_kind, the strongest ones.")
    var selected = 0

    @Parameter(
        "select_kind", choices: PatchingSettings.kinds.map(\.choice),
        help: "The map whose mean effect at the last token chooses the layers.")
    var selectingKind = Site.Kind.attentionOutput

    @Parameter(.batchTokens) var tokenBudget = 2048

    static let measure = "normalised effect"

    func validate(_ name: String) throws(SutureError) {
        guard selected == 0 || chosenKinds.contains(selectingKind) else {
            throw SutureError(
                .invalidArgument, "\(name): select_kind is \(selectingKind.name), which kinds does not list",
                hint: "add it to kinds, or choose another")
        }
    }

    /// The cells of every case, their means by role, and the selected layers.
    ///
    /// - Parameter effects: the normalised effects of some places of a run, with what to call before each pass.
    func locate(
        _ cases: [EditCase], _ name: String, in session: Session,
        effects: (PatchingRun, [PatchedPlace], () throws -> Void) throws -> [Double]
    ) throws -> [Location] {
        let model = try session.model
        let kinds = PatchingSettings.kinds.filter(chosenKinds.contains)
        for kind in kinds where !model.info.sites.contains(kind) {
            throw SutureError(
                .invalidArgument, "\(name): this architecture has no site \(kind.name)", hint: "leave it out of kinds")
        }
        var cells: [Location] = []
        for (i, editCase) in cases.enumerated() {
            try session.progress("locate", i, of: cases.count)
            guard let prompts = try prompts(of: editCase, among: cases, name, in: session) else { continue }
            let run = try PatchingRun(prompts, direction, metric, kinds: kinds, model)
            guard abs(run.gap) >= leastGap else {
                session.log(
                    .warning,
                    "\(name): case \(editCase.id) is left out, its two prompts differ by \(run.gap) in the metric")
                continue
            }
            let places = run.places(kinds)
            let scores = try effects(run, places) { try session.progress("locate", i, of: cases.count) }
            cells += zip(places, scores).map { place, score in
                Location(
                    place.site, caseIndex: editCase.index, position: place.position,
                    role: run.target.role(of: place.position), unit: place.head, measure: PatchingSettings.measure,
                    score: score, isSelected: false)
            }
        }
        guard !cells.isEmpty else {
            let more = contrast == nil ? "" : ", or more cases with the same prompt"
            throw SutureError(
                .failedPrecondition,
                "\(name): in none of the \(cases.count) cases do the two prompts differ by \(leastGap)",
                hint: "set a smaller min_gap, or use another metric\(more)")
        }
        let means = cells.meansByRole()
        let strongest = means.filter { $0.site.kind == selectingKind && $0.role == .last && $0.unit == nil }
            .sorted { ($0.score, $1.site.layer ?? 0) > ($1.score, $0.site.layer ?? 0) }
        return cells + means
            + strongest.prefix(selected).map { Location($0.site, role: .last, score: $0.score, isSelected: true) }
    }

    /// The two prompts of a case; nil where no other case has a subject that fits, which is logged.
    private func prompts(
        of editCase: EditCase, among cases: [EditCase], _ name: String, in session: Session
    ) throws -> AlignedPrompts? {
        let model = try session.model
        guard contrast != nil else { return try AlignedPrompts(editCase, cutsGuide: false, model) }
        guard let prompts = try AlignedPrompts(editCase, swappedAmong: cases, model) else {
            session.log(
                .warning,
                "\(name): case \(editCase.id) is left out, no other case has a subject of as many tokens and another answer"
            )
            return nil
        }
        session.log(.info, "\(name): case \(editCase.id) is compared with \"\(prompts.prompt.text)\"")
        return prompts
    }
}

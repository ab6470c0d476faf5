// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// MINT: repairs wrong tokens by moving the write vectors of one or two neurons towards the wanted token (Gu et al.
/// 2023).
///
/// For a failing token the locator names candidates. Each is tried, the one that leaves the smallest lead of the wrong
/// token is patched, o ← (o + α τ) / (1 + α) with τ the difference of two semantic basis vectors over its range, and so
/// on until the token is right. If it is not after `max_patches`, all patches of the token are taken back.
///
/// Cost per patch: one pass, and one over as many rows as candidates from the lowest candidate's layer on.
struct MINT: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "mint", summary: "Repairs wrong answer tokens by patching a few neurons, the best of some candidates.",
        requires: [.prompt, .answer])

    let repair = RepairSettings()

    @Parameter("alpha", in: .positive, help: "Weight of the target direction against the old write vector's 1.")
    var alpha = 0.01

    @Parameter("scale", in: .positive, help: "A factor by which alpha is multiplied.")
    var scale = 1.0

    @Parameter("max_patches", in: .positive, help: "Patches of a token before it is given up; a neuron may come again.")
    var maxPatches = 10

    @Parameter(.steer) var steer = SemanticSteer.delta

    @Parameter("norm_gain", help: "Basis vectors invert the head with the final norm's gain, not the head alone.")
    var usesGain = false

    @Parameter(
        "orthogonal",
        help: "Take out of a target direction what earlier repairs used; in the authors' later code, not in the paper.")
    var isOrthogonal = false

    @Parameter("rerank", help: "Which candidate is patched next: of the best trial (gain), or of the locator's score.")
    var rerank = Rerank.gain

    private let bases = SemanticBasisCache()

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard !cases.isEmpty else { return Patch() }
        guard repair.layers == nil else {
            throw SutureError(
                .invalidArgument, "mint patches neurons, not layers as a whole", hint: "remove the setting layers")
        }
        let answers = try AnswerRepair(cases, "mint", repair, in: session)
        var changes = WeightChanges(try session.model)
        try session.progress("basis")
        let basis = try bases.basis(of: changes.model, usesGain: usesGain)
        var history = DirectionHistory()
        try answers.oneByOne(&changes) { failure, changes, record in
            try session.progress("repair")
            let neurons = try repair.neurons(for: [failure], at: locations, of: "mint", changes.model, in: session)
            let direction = SemanticSteer.scaledByExtremes(
                try steer.directions([(failure.target, failure.choice)], basis)[0])
            let plan = try NeuronPlan(
                failure, candidates: candidates(neurons), rerank: rerank, rate: alpha * scale,
                tokenBudget: repair.tokenBudget, direction: isOrthogonal ? history.orthogonal(direction) : direction)
            let (tries, kept) = try plan.repair(&changes, limit: maxPatches)
            if !kept.isEmpty { history.add(direction) }
            record.patchedNeurons = (record.patchedNeurons ?? 0) + Set(kept).count
            return tries
        }
        return try changes.patch
    }

    private func candidates(_ neurons: PatchedNeurons) throws(SutureError) -> [Neuron] {
        var candidates: [Neuron] = []
        for layer in neurons.layers {
            guard let units = neurons.units(at: layer) else {
                throw SutureError(
                    .invalidArgument, "mint needs single neurons, but layer \(layer) is selected as a whole",
                    hint: "use a locator that selects neurons, such as neuron-attribution with count: 10")
            }
            candidates += units.map { Neuron(layer: layer, unit: $0) }
        }
        return candidates.sorted { neurons.scores[$0] ?? 0 > neurons.scores[$1] ?? 0 }
    }
}

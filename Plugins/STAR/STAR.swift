// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// STAR: repairs wrong tokens by steps whose size comes from a least-squares patch and whose sign from the gradient
/// (Gu et al. 2026).
///
/// A failure wants its hidden state moved by the steer s, the scaled difference of two semantic basis vectors. For
/// every patched layer, Z D = S has the solution of least norm D = Zᵀ (Z Zᵀ)⁺ S; one step adds −η |D| ⊙ sign(G) to the
/// down projection, G being the gradient of the loss. Z, D and G are taken anew at every step, S once.
///
/// Cost per step: the layers from the lowest patched one on, forward and backward, and one matrix of the size of each
/// patched projection.
struct STAR: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "star", summary: "Repairs wrong answer tokens by semantic steers that are solved into neuron patches.",
        requires: [.prompt, .answer])

    enum Mode: String, ParameterChoice {
        /// One failing token after the other.
        case iterative
        /// All failing tokens of all cases of a call at once.
        case joint
    }

    @Parameter("mode", help: "One failing token at a time, or all together.")
    var mode = Mode.iterative

    let repair = RepairSettings()
    let steps = StepSettings()

    @Parameter(.steer) var steer = SemanticSteer.delta

    @Parameter("norm_gain", help: "Basis vectors invert the head with the final norm's gain, not the head alone.")
    var usesGain = false

    @Parameter(
        "right_tokens",
        help: "joint: the right tokens of the answers are in the loss, and in the solve with steers of 0.")
    var keepsRightTokens = true

    @Parameter(
        "key_positions",
        help: "joint: the neurons to solve with, of the tokens that predict the answer's or of the answer's own.")
    var keys = KeyPositions.predicting

    private let bases = SemanticBasisCache()

    func validate() throws {
        guard mode == .joint || keys == .predicting else {
            throw SutureError(
                .invalidArgument, "star: key_positions is answer, but mode is iterative, where no answer token is run",
                hint: "set mode: joint, or remove key_positions")
        }
        guard mode == .iterative || repair.wrongTokens == .anew else {
            throw SutureError(
                .invalidArgument, "star: wrong_tokens is once, but in mode: joint they are read once in any case",
                hint: "remove wrong_tokens")
        }
    }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard !cases.isEmpty else { return Patch() }
        let answers = try AnswerRepair(cases, "star", repair, in: session)
        var changes = WeightChanges(try session.model)
        try session.progress("basis")
        let basis = try bases.basis(of: changes.model, usesGain: usesGain)
        switch mode {
        case .iterative:
            try answers.oneByOne(&changes) { failure, changes, _ in
                let neurons = try repair.neurons(for: [failure], at: locations, of: "star", changes.model, in: session)
                return try optimize([failure.row], neurons, basis, &changes, in: session)
            }
        case .joint:
            // Near as many tokens as neurons the prior stops being exact.
            let limit = max(1, changes.model.info.dMLP / 4)
            for group in answers.groups(keepsRightTokens: keepsRightTokens, limit: limit) {
                try answers.together(group, &changes, keepsRightTokens: keepsRightTokens, keys: keys) {
                    rows, failures, changes in
                    let neurons = try repair.neurons(
                        for: failures, at: locations, of: "star", changes.model, in: session)
                    return try optimize(rows, neurons, basis, &changes, in: session)
                }
            }
        }
        return try changes.patch
    }

    /// Takes steps for some rows together. Returns how many.
    private func optimize(
        _ rows: [RepairRow], _ neurons: PatchedNeurons, _ basis: SemanticBasis, _ changes: inout WeightChanges,
        in session: Session
    ) throws -> Int {
        let model = changes.model
        let pass = try RepairPass(rows, layers: neurons.layers, tokenBudget: repair.tokenBudget, model)
        let steers = try Steers(pass.reads, steer, basis)
        for layer in neurons.layers {
            guard let count = neurons.units(at: layer)?.count, count < pass.reads.count else { continue }
            let reads = pass.reads.count
            session.log(
                .warning, "star: \(count) neurons of layer \(layer) for \(reads) tokens: steers are met roughly")
        }
        return try RepairLoop(settings: steps).run(pass, &changes, willStep: { try session.progress("repair") }) {
            try steers.step(
                at: $0, neurons.units(at: $0), $1, rate: steps.rate, isLast: $0 == model.info.layerCount - 1)
        }
    }
}

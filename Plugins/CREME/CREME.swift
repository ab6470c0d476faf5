// SPDX-License-Identifier: Apache-2.0

import SutureKit
import ValueEditing

/// CREME: attention answers a composition as it answers the second fact alone (Li et al. 2024, §5).
///
///     min ‖Ŵ − W‖²  subject to  Ŵ k* = v*        ⇒        ΔW = (v* − W k*) (C⁻¹ k*)ᵀ / (k*ᵀ C⁻¹ k*)
///
/// W is the output projection of attention at a layer of the band, k* what it reads after the composition ("The capital of
/// the country where Lyon is located is"), v* what it writes after the guide ("The capital of France is"), each a mean over
/// prefixes. No gradients, and no answer: only the phrase and the bridge enter.
///
/// Cost: one pass over the prompts of all cases in all prefixes up to the last layer of the band, and one more block for each
/// layer of the band.
struct CREME: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "creme", summary: "Lets attention treat a composition of two facts as it treats the second fact alone.",
        requires: [.prompt, .subject, .bridge, .secondHop])

    /// Which metric the change is minimal in.
    enum Covariance: String, ParameterChoice {
        /// C is the identity.
        case none
        /// C = E[k kᵀ] over the run's statistics text.
        case secondMoment = "second-moment"
    }

    /// When a layer's key and value are read.
    enum Order: String, ParameterChoice {
        /// Layer by layer, on the model that the layers below have changed.
        case ascending
        /// All on the unchanged model. (Descending order is the same, because a layer sees only those below it.)
        case atOnce = "at_once"
    }

    /// The token at which both prompts are read.
    enum Position: String, ParameterChoice {
        /// The last one of the prompt.
        case last
        /// The last one of the phrase, and of the bridge.
        case subjectLast = "subject_last"
    }

    @Parameter(.editedLayers) var layers: [Int]?

    @Parameter("prefixes", help: "Texts put before each prompt; keys and values are means over them.")
    var prefixes = CREME.leadIns

    @Parameter("position", help: "The token at which composition and guide are read.")
    var position = Position.last

    @Parameter("order", help: "ascending reads each layer on the model that the layers below have changed.")
    var order = Order.ascending

    @Parameter(
        "covariance", help: "second-moment protects what other prompts give to the projection; none as published.")
    var covariance = Covariance.none

    @Parameter(
        "covariance_damping", in: .nonNegative,
        help: "Added to the diagonal of the second moment, as a multiple of its mean.")
    var damping = 0.0

    @Parameter(
        "ridge", in: .nonNegative,
        help: "Softens Ŵ k* = v*: added to k*ᵀ C⁻¹ k*, as a multiple of its mean over cases. 0 as published.")
    var ridge = 0.0

    @Parameter(.batchTokens) var tokenBudget = 8192

    func validate() throws {
        guard !prefixes.isEmpty else {
            throw SutureError(
                .invalidArgument, "creme: prefixes is empty", hint: "keep \"\" for the prompt without a prefix")
        }
    }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        var model = try session.model
        let band = try commonLayers(
            layers, locations, for: cases, of: "creme", model, at: .attentionOutput)
        let projections = try model.projections(writing: band.map(Site.attentionOutput))
        let metrics = try metrics(band, in: session)
        var prompts = try PromptPairs(cases, prefixes, position, tokenBudget: tokenBudget, model)

        var deltas: [Delta] = []
        for (i, projection) in projections.enumerated() {
            try session.progress("creme", i, of: projections.count)
            let keys = try prompts.keys(at: projection.layer, model)
            let weight = try model.parameter(projection.parameter).cast(to: .float64)
            // v* − W k*, since v* is what the projection makes of the guide's key; a bias cancels.
            let residuals = try (keys.guide - keys.composition).matmul(weight.transposed())
            let delta = Delta(
                projection.parameter,
                try CREME.write(
                    keys: keys.composition, residuals: residuals, metric: metrics[projection.layer], ridge: ridge,
                    layer: projection.layer))
            try record(residuals, projection.layer, cases, in: session)
            deltas.append(delta)
            if order == .ascending { model = try model.applying(Patch([delta])) }
        }
        return Patch(deltas)
    }

    /// ΔW = R (K C⁻¹ Kᵀ + λ)⁻¹ (K C⁻¹), with a row of K and a column of R for each case; one rank for each.
    ///
    /// With one case and λ = 0 this is the equation above. With several it meets all constraints at once, or, with a ridge,
    /// is the least-squares solution R Kᵀ (λ C + K Kᵀ)⁻¹ of the same size.
    ///
    /// - Parameters:
    ///   - keys: k* `[case, in]`, float64.
    ///   - residuals: v* − W k* `[case, out]`, float64.
    ///   - metric: the lower Cholesky factor of C; nil for the identity.
    ///   - ridge: λ as a multiple of the mean k*ᵀ C⁻¹ k*.
    /// - Returns: factors in float32.
    static func write(
        keys: Tensor, residuals: Tensor, metric: Tensor?, ridge: Double, layer: Int
    ) throws -> Delta.Form {
        let count = keys.shape[0]
        let adjusted = try metric?.choleskySolve(keys.transposed()).transposed() ?? keys
        let gram = try keys.matmul(adjusted.transposed())
        let scale = try gram.diagonal().mean().item() * ridge
        let system = try gram + Tensor.identity(count, dtype: .float64) * scale
        let spectrum = try system.eigh().values.scalars(as: Double.self)
        guard let least = spectrum.first, let most = spectrum.last, least > most * 1e-12 else {
            throw SutureError(
                .failedPrecondition,
                "creme: at layer \(layer) the keys of the \(count) cases depend on each other, so that their constraints "
                    + "cannot all hold",
                hint: "set ridge: 0.1, leave out cases with the same prompt, or edit fewer at once")
        }
        return .lowRank(
            left: try residuals.transposed().cast(to: .float32), right: try system.solve(adjusted).cast(to: .float32))
    }

    /// The lower Cholesky factor of C at each layer. Empty without a covariance.
    private func metrics(_ band: [Int], in session: Session) throws -> [Int: Tensor] {
        guard covariance == .secondMoment else { return [:] }
        try session.progress("statistics")
        var factors: [Int: Tensor] = [:]
        for (layer, moment) in zip(band, try session.secondMoments(of: .headOutput, layers: band)) {
            let added = try moment.matrix.diagonal().mean().item() * damping
            var damped = moment
            damped.matrix = try moment.matrix + Tensor.identity(moment.matrix.shape[0], dtype: .float64) * added
            factors[layer] = try damped.cholesky(
                of: "\(Site.headOutput(layer))", remedy: "set covariance_damping: 0.01")
        }
        return factors
    }

    /// How far what attention writes is from what it writes after the guide: ‖v* − W k*‖ at a layer.
    private func record(_ residuals: Tensor, _ layer: Int, _ cases: [EditCase], in session: Session) throws {
        let norms = try residuals.square().sum(1).sqrt().scalars(as: Double.self)
        for (editCase, norm) in zip(cases, norms) {
            try session.record(Score("guide_distance_\(layer)", norm, caseIndex: editCase.index))
        }
    }
}

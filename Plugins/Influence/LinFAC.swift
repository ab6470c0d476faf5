// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// LinFAC in the working definition of §5.2: (a) a curvature with the whole sequence as its unit, and (b) gradients of the
/// examples that are predicted by a linear surrogate, so that forward passes alone score them.
///
///     I(m, q) = Σ_l Σ_t (W_l φ_t + b_l)ᵀ P_l(G_q,l) a_t
///
/// `gradient: exact` is (a) alone, and the measure of (b).
struct LinFAC: Estimator {
    static let descriptor = ComponentDescriptor(
        id: "linfac", summary: "Influence functions with a curvature of whole sequences and predicted gradients.")

    /// Where the gradients of examples come from.
    enum Gradient: String, ParameterChoice {
        /// A backward pass.
        case exact
        /// The linear surrogate.
        case surrogate
    }

    /// What becomes of a module that the surrogate does not predict well enough.
    enum Below: String, ParameterChoice {
        /// Its gradient is computed; one backward pass serves all such modules.
        case exact
        /// It does not count.
        case drop
    }

    let settings = ModuleSettings()
    let curvatureSettings = CurvatureSettings()
    let surrogateSettings = SurrogateSettings()

    @Parameter("curvature", help: "linfac-seq takes a sequence as the unit; ekfac and kfac-token take a token.")
    var curvature = Curvature.sequence

    @Parameter("gradient", help: "Gradients of examples: predicted by forward passes, or exact.")
    var gradient = Gradient.surrogate

    @Parameter("below", help: "What becomes of modules below r2_floor: exact gradients, or they do not count.")
    var below = Below.exact

    /// Queries, divided by how the gradients of examples are had.
    struct Queries {
        var exact: PreparedQueries
        var surrogate: PreparedQueries
    }

    let memory = QueryMemory<Queries>()

    private var fit: CurvatureFit {
        CurvatureFit(curvature: curvature, settings: curvatureSettings, examples: settings)
    }
    private var surrogate: SurrogateFit { SurrogateFit(settings: surrogateSettings, examples: settings) }

    /// What a pass is for: the curvature in one or two, then the surrogate.
    private enum Purpose {
        case curvature, surrogate
    }

    private func purpose(ofPass pass: Int) -> Purpose? {
        let own = curvature.measuresMoments ? 2 : 1
        if pass <= own { return .curvature }
        return pass == own + 1 && gradient == .surrogate ? .surrogate : nil
    }

    func validate() throws { try settings.validate() }

    func sumNames(inPass pass: Int, in session: Session) throws -> [String] {
        let modules = try settings.chosen(from: session.model)
        switch purpose(ofPass: pass) {
        case .curvature: return fit.names(inPass: pass, modules)
        case .surrogate: return surrogate.names(modules)
        case nil: return []
        }
    }

    func sums(over examples: [MarkedText], inPass pass: Int, in session: Session) throws -> [NamedTensor] {
        let model = try session.model
        let modules = try settings.chosen(from: model)
        return purpose(ofPass: pass) == .surrogate
            ? try surrogate.sums(over: examples, modules, model, in: session)
            : try fit.sums(over: examples, inPass: pass, modules, model, in: session)
    }

    func prepare(_ queries: [MarkedText], in session: Session) throws -> Queries {
        let model = try session.model
        var modules = try settings.chosen(from: model)
        let weights = gradient == .surrogate ? try predicted(modules, in: session) : [:]
        if gradient == .surrogate, below == .drop { modules = modules.filter { weights[$0.name] != nil } }
        guard !modules.isEmpty else {
            throw SutureError(
                .failedPrecondition, "linfac predicts no module with an R² of \(surrogateSettings.floor)",
                hint: "set below: exact or gradient: exact, or lower r2_floor")
        }
        let fit = fit
        let all = try PreparedQueries(queries, modules, settings, model, in: session) { tokens in
            try fit.preconditioner(of: tokens.module, on: tokens.input.device, in: session)
                .gradients(tokens.input, tokens.gradient, rank: curvatureSettings.rank)
        } finish: { own, module in
            try weights[module.name].map { try own.reading($0.cast(device: model.info.device)) } ?? own
        }
        return Queries(
            exact: all.filtered { weights[$0.name] == nil }, surrogate: all.filtered { weights[$0.name] != nil })
    }

    /// W̃ of the modules that the surrogate predicts well enough, by name, float32.
    private func predicted(_ modules: [Module], in session: Session) throws -> [String: Tensor] {
        var weights: [String: Tensor] = [:]
        for (place, module) in modules.enumerated() {
            try session.progress("regression", place, of: modules.count)
            let (own, explained) = try surrogate.solution(of: module, in: session)
            let isPredicted = explained >= surrogateSettings.floor
            session.log(
                .info, "linfac: \(module.name) R² \(explained)" + (isPredicted ? "" : ", \(below.rawValue)"))
            if isPredicted { weights[module.name] = try own.cast(to: .float32) }
        }
        return weights
    }

    func influence(of examples: [MarkedText], on queries: Queries, in session: Session) throws -> Tensor {
        try trace(examples, queries, eachToken: false, in: session)
    }

    func tokenInfluence(of examples: [MarkedText], on queries: Queries, in session: Session) throws -> Tensor? {
        try trace(examples, queries, eachToken: true, in: session)
    }

    private func trace(
        _ examples: [MarkedText], _ queries: Queries, eachToken: Bool, in session: Session
    ) throws -> Tensor {
        let model = try session.model
        let projections = try Features.Projections(width: surrogateSettings.width, of: model)
        return try settings.influence(
            of: examples, on: model, queries: queries.exact.count, in: session
        ) { batch in
            var parts: [Tensor] = []
            if !queries.exact.modules.isEmpty {
                let tokens = try model.tokens(of: queries.exact.modules, in: batch)
                parts.append(try queries.exact.met(by: tokens, eachToken: eachToken))
            }
            if !queries.surrogate.modules.isEmpty {
                let tokens = try model.surrogateTokens(of: queries.surrogate.modules, in: batch, projections)
                parts.append(try queries.surrogate.met(by: tokens, eachToken: eachToken))
            }
            return parts.count == 1 ? parts[0] : try parts[0] + parts[1]
        }
    }
}

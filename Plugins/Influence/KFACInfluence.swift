// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// An estimator whose influence is I(m, q) = Σ_l ⟨P_l(G_q,l), G_m,l⟩ with exact gradients of the examples (§4).
protocol CurvatureEstimator: ExactEstimator {
    static var curvature: Curvature { get }
    var curvatureSettings: CurvatureSettings { get }
}

extension CurvatureEstimator {
    private var fit: CurvatureFit {
        CurvatureFit(curvature: Self.curvature, settings: curvatureSettings, examples: settings)
    }

    func validate() throws { try settings.validate() }

    func sumNames(inPass pass: Int, in session: Session) throws -> [String] {
        fit.names(inPass: pass, try settings.chosen(from: session.model))
    }

    func sums(over examples: [MarkedText], inPass pass: Int, in session: Session) throws -> [NamedTensor] {
        let model = try session.model
        return try fit.sums(over: examples, inPass: pass, settings.chosen(from: model), model, in: session)
    }

    func prepare(_ queries: [MarkedText], in session: Session) throws -> PreparedQueries {
        let model = try session.model
        return try fit.prepared(queries, settings.chosen(from: model), model, in: session)
    }
}

/// K-FAC (§4): the curvature of a module is A ⊗ S, with tokens taken as independent of each other.
struct KFACInfluence: CurvatureEstimator {
    static let descriptor = ComponentDescriptor(
        id: "kfac", summary: "Influence functions with a Kronecker-factored curvature.")
    static let curvature = Curvature.token

    let settings = ModuleSettings()
    let curvatureSettings = CurvatureSettings()
    let memory = QueryMemory<PreparedQueries>()
}

/// EK-FAC (§4): K-FAC's eigenbases, with the second moments of sequences' gradients measured in them.
struct EKFACInfluence: CurvatureEstimator {
    static let descriptor = ComponentDescriptor(
        id: "ekfac", summary: "Influence functions with a Kronecker-factored curvature and measured eigenvalues.")
    static let curvature = Curvature.ekfac

    let settings = ModuleSettings()
    let curvatureSettings = CurvatureSettings()
    let memory = QueryMemory<PreparedQueries>()
}

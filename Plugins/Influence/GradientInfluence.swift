// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Influence as the inner product of gradients: the damped inverse of §3 left out.
///
///     I(m, q) = Σ_l ⟨G_q,l , G_m,l⟩
///
/// G is the gradient of −Σ log p over the tokens that are read, in a module l. Cost: a forward and a backward pass of every
/// example. With `rank` unset it is exact, and the measure of the others.
struct GradientInfluence: ExactEstimator {
    static let descriptor = ComponentDescriptor(
        id: "gradient", summary: "Inner products of the gradients of examples and queries, with no curvature.")

    let settings = ModuleSettings()

    @Parameter("rank", in: .positive, help: "Keep the queries' gradients in this rank; exact if not given.")
    var rank: Int?

    let memory = QueryMemory<PreparedQueries>()

    func validate() throws { try settings.validate() }

    /// None. What the model does not have is refused here, before anything is traced.
    func sumNames(inPass pass: Int, in session: Session) throws -> [String] {
        _ = try settings.chosen(from: session.model)
        return []
    }

    func prepare(_ queries: [MarkedText], in session: Session) throws -> PreparedQueries {
        let model = try session.model
        return try settings.gradients(of: queries, rank: rank, on: model, in: session)
    }
}

extension ModuleSettings {
    /// The queries' gradients with nothing done to them.
    func gradients(
        of queries: [MarkedText], rank: Int?, on model: Model, in session: Session
    ) throws -> PreparedQueries {
        try PreparedQueries(queries, chosen(from: model), self, model, in: session) { tokens in
            rank == nil ? try .exact(tokens) : try .truncated(tokens.rowGradients(), to: rank)
        }
    }
}

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

/// TracIn over checkpoints (Pruthi et al. 2020, TracInCP): how much steps on an example have lowered the loss of a query.
///
///     I(m, q) = Σ_c η_c Σ_l ⟨G_q,l , G_m,l⟩ at the weights of checkpoint c
///
/// A component reaches two sets of weights, and these are the checkpoints: the model on disk, and the one with every patch in
/// force. They differ where the experiment trains or edits the model before it traces. Cost: that of `gradient` for each.
struct TracIn: Estimator {
    static let descriptor = ComponentDescriptor(
        id: "tracin", summary: "Inner products of gradients at the model on disk and with its patches, times a rate.")

    /// Weights that a component reaches.
    enum Checkpoint: String, ParameterChoice {
        /// As they lie on disk.
        case original
        /// With every patch that is in force.
        case current
    }

    let settings = ModuleSettings()

    @Parameter("checkpoints", help: "The weights whose gradients are compared: original, current, or both.")
    var checkpoints = [Checkpoint.current]

    @Parameter("lr", in: .positive, help: "The learning rate at each of the checkpoints; one counts for all.")
    var rates = [1.0]

    @Parameter("rank", in: .positive, help: "Keep the queries' gradients in this rank; exact if not given.")
    var rank: Int?

    let memory = QueryMemory<[PreparedQueries]>()

    func validate() throws {
        try settings.validate()
        guard !checkpoints.isEmpty, Set(checkpoints).count == checkpoints.count else {
            throw SutureError(
                .invalidArgument, "tracin: checkpoints must name original, current, or both, each once",
                hint: "write checkpoints: [original, current]")
        }
        guard rates.count == 1 || rates.count == checkpoints.count else {
            throw SutureError(
                .invalidArgument,
                "tracin: there are \(rates.count) learning rates for \(checkpoints.count) checkpoints",
                hint: "give lr one number, or one for each checkpoint")
        }
    }

    /// None. What the model does not have is refused here, before anything is traced.
    func sumNames(inPass pass: Int, in session: Session) throws -> [String] {
        _ = try settings.chosen(from: session.model)
        return []
    }

    func prepare(_ queries: [MarkedText], in session: Session) throws -> [PreparedQueries] {
        try checkpoints.map { try settings.gradients(of: queries, rank: rank, on: model($0, session), in: session) }
    }

    func influence(of examples: [MarkedText], on queries: [PreparedQueries], in session: Session) throws -> Tensor {
        try trace(examples, queries, eachToken: false, in: session)
    }

    func tokenInfluence(
        of examples: [MarkedText], on queries: [PreparedQueries], in session: Session
    ) throws -> Tensor? {
        try trace(examples, queries, eachToken: true, in: session)
    }

    private func trace(
        _ examples: [MarkedText], _ queries: [PreparedQueries], eachToken: Bool, in session: Session
    ) throws -> Tensor {
        let models = try checkpoints.map { try model($0, session) }
        return try settings.influence(
            of: examples, on: models[0], queries: queries.first?.count ?? 0, in: session
        ) { batch in
            var sum: Tensor?
            for (place, own) in queries.enumerated() {
                let rate = rates.count == 1 ? rates[0] : rates[place]
                let part =
                    try own.met(
                        by: models[place].tokens(of: own.modules, in: batch), eachToken: eachToken) * rate
                sum = try sum.map { try $0 + part } ?? part
            }
            guard let sum else { throw SutureError(.internal, "tracin has no checkpoint") }
            return sum
        }
    }

    private func model(_ checkpoint: Checkpoint, _ session: Session) throws -> Model {
        checkpoint == .original ? try session.original : try session.model
    }
}

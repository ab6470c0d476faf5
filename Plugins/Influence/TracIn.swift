// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// TracIn over checkpoints (Pruthi et al. 2020, TracInCP): how much steps on an example have lowered the loss of a query.
///
///     I(m, q) = Σ_c η_c Σ_l ⟨G_q,l , G_m,l⟩ at the weights of checkpoint c
///
/// Checkpoints are folders that the training has left, the run's model on disk, and the one with every patch in force. Cost:
/// that of `gradient` for each, and the memory of the weights of each.
struct TracIn: Estimator {
    static let descriptor = ComponentDescriptor(
        id: "tracin", summary: "Inner products of gradients at checkpoints of the training, times learning rates.")

    /// Weights of the run.
    enum Checkpoint: String, ParameterChoice {
        /// As they lie on disk.
        case original
        /// With every patch that is in force.
        case current
    }

    let settings = ModuleSettings()

    @Parameter(
        "folders", unit: ParameterDeclaration.folderUnit,
        help: "Model folders that the training has left on its way, whose gradients are compared.")
    var folders: [String] = []

    @Parameter(
        "checkpoints", help: "Weights of the run that count as well, after the folders: original, current, or both.")
    var checkpoints = [Checkpoint.current]

    @Parameter(
        "lr", in: .positive, help: "The learning rate at each: the folders, then the checkpoints. One counts for all.")
    var rates = [1.0]

    @Parameter("rank", in: .positive, help: "Keep the queries' gradients in this rank; exact if not given.")
    var rank: Int?

    let memory = QueryMemory<[PreparedQueries]>()

    func validate() throws {
        try settings.validate()
        guard Set(checkpoints).count == checkpoints.count, Set(folders).count == folders.count else {
            throw SutureError(
                .invalidArgument, "tracin: a checkpoint is named twice",
                hint: "name each folder and set of weights once")
        }
        let count = folders.count + checkpoints.count
        guard count > 0 else {
            throw SutureError(
                .invalidArgument, "tracin: there is no checkpoint, because folders and checkpoints are both empty",
                hint: "write checkpoints: [current], or name folders")
        }
        guard rates.count == 1 || rates.count == count else {
            throw SutureError(
                .invalidArgument, "tracin: there are \(rates.count) learning rates for \(count) checkpoints",
                hint: "give lr one number, or one for each of the folders and then of the checkpoints")
        }
    }

    /// None. What the model does not have is refused here, before anything is traced.
    func sumNames(inPass pass: Int, in session: Session) throws -> [String] {
        for model in try models(session) { _ = try settings.chosen(from: model) }
        return []
    }

    func prepare(_ queries: [MarkedText], in session: Session) throws -> [PreparedQueries] {
        let models = try models(session)
        let tokens = try settings.rows(queries, of: models[0]).map(\.tokens)
        return try models.map { model in
            guard try settings.rows(queries, of: model).map(\.tokens) == tokens else {
                throw SutureError(
                    .invalidArgument, "tracin: two checkpoints divide the queries into different tokens",
                    hint: "put the tokenizer of the run's model into every folder")
            }
            return try settings.gradients(of: queries, rank: rank, on: model, in: session)
        }
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
        let models = try models(session)
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

    /// The checkpoints: the folders, then weights of the run. There is one at least.
    private func models(_ session: Session) throws -> [Model] {
        try folders.map { try session.checkpoint($0) }
            + checkpoints.map { $0 == .original ? try session.original : try session.model }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The gradients of queries in all modules, in the batches in which they were computed.
struct PreparedQueries {
    struct Batch {
        /// Which of the queries.
        var places: [Int]
        /// One for each module, in their order.
        var modules: [QueryGradients]
        /// What the influence on each query is divided by, float64 `[query]`; nil: nothing.
        var norms: Tensor?
    }

    var modules: [Module]
    var batches: [Batch]

    /// The number of queries.
    var count: Int { batches.reduce(0) { $0 + $1.places.count } }

    /// Computes the gradients of queries, one backward pass a batch, and brings each module's into their form.
    ///
    /// - Parameters:
    ///   - form: M of a module, which meets the gradients of examples.
    ///   - finish: M in the form that meets what stands for these gradients.
    init(
        _ queries: [MarkedText], _ modules: [Module], _ settings: ModuleSettings, _ model: Model, in session: Session,
        form: (ModuleTokens) throws -> QueryGradients,
        finish: (QueryGradients, Module) throws -> QueryGradients = { own, _ in own }
    ) throws {
        self.modules = modules
        batches = []
        var done = 0
        for batch in try settings.rows(queries, of: model).batches(tokenBudget: settings.tokenBudget) {
            try session.progress("queries", done, of: queries.count)
            let tokens = try model.tokens(of: modules, in: batch)
            try withoutGradients {
                let own = try tokens.map(form)
                let norms = settings.unitQueries ? try Self.norms(own, tokens) : nil
                batches.append(
                    Batch(places: batch.places, modules: try zip(own, modules).map(finish), norms: norms))
            }
            done += batch.places.count
        }
    }

    /// ‖P^½ G‖ = (Σ_l ⟨P_l(G_l), G_l⟩)^½ of each query of a batch (§6); 1 where that is 0.
    private static func norms(_ prepared: [QueryGradients], _ tokens: [ModuleTokens]) throws -> Tensor {
        var squares: Tensor?
        for (own, tokens) in zip(prepared, tokens) {
            let met = try own.scores(tokens.input, tokens.gradient).cast(to: .float64).diagonal()
            squares = try squares.map { try $0 + met } ?? met
        }
        guard let squares else { throw SutureError(.internal, "queries have no module") }
        return try squares.greater(0).choose(squares, squares * 0 + 1).sqrt()
    }

    /// The influence of the rows of a batch, or of their tokens, on all queries.
    ///
    /// - Parameter tokens: of the modules, in their order.
    /// - Returns: `[query, row]`, or `[query, row, position]`; float64.
    func met(by tokens: [ModuleTokens], eachToken: Bool) throws -> Tensor {
        var parts: [Tensor] = []
        for batch in batches {
            var sum: Tensor?
            for (own, queries) in zip(tokens, batch.modules) {
                let scores =
                    eachToken
                    ? try queries.tokenScores(own.input, own.gradient).permuted(2, 0, 1)
                    : try queries.scores(own.input, own.gradient).transposed()
                let wide = try scores.cast(to: .float64)
                sum = try sum.map { try $0 + wide } ?? wide
            }
            guard let sum else { continue }
            let divisor = try batch.norms?.reshaped([-1] + Array(repeating: 1, count: sum.rank - 1))
            parts.append(try divisor.map { try sum / $0 } ?? sum)
        }
        return try Tensor.concatenated(parts).indexSelect(0, inverse(batches.flatMap(\.places)))
    }
}

extension PreparedQueries {
    /// The gradients in some of the modules.
    func filtered(_ isWanted: (Module) -> Bool) -> PreparedQueries {
        var other = self
        other.modules = modules.filter(isWanted)
        for place in batches.indices {
            other.batches[place].modules = zip(modules, batches[place].modules).filter { isWanted($0.0) }.map(\.1)
        }
        return other
    }
}

/// An estimator by the gradients of queries, prepared in some way, and the exact gradients of examples.
protocol ExactEstimator: Estimator where Queries == PreparedQueries {
    var settings: ModuleSettings { get }
}

extension ExactEstimator {
    func influence(of examples: [MarkedText], on queries: PreparedQueries, in session: Session) throws -> Tensor {
        try trace(examples, queries, eachToken: false, in: session)
    }

    func tokenInfluence(of examples: [MarkedText], on queries: PreparedQueries, in session: Session) throws -> Tensor? {
        try trace(examples, queries, eachToken: true, in: session)
    }

    private func trace(
        _ examples: [MarkedText], _ queries: PreparedQueries, eachToken: Bool, in session: Session
    ) throws -> Tensor {
        let model = try session.model
        return try settings.influence(of: examples, on: model, queries: queries.count, in: session) { batch in
            try queries.met(by: model.tokens(of: queries.modules, in: batch), eachToken: eachToken)
        }
    }
}

/// Where each number of a permutation is.
func inverse(_ order: [Int]) -> [Int] {
    var places = order
    for (place, number) in order.enumerated() { places[number] = place }
    return places
}

extension ModuleSettings {
    /// Runs examples batch by batch, and puts what each gave into the order of the examples. The influence of an example in which
    /// nothing is predicted is 0, and the log says how many of a block there are.
    ///
    /// - Parameters:
    ///   - queries: the number of queries.
    ///   - scores: `[query, row]`, or `[query, row, position]` for every token.
    /// - Returns: float32 `[query, example]`, or `[query, example, longest]`.
    func influence(
        of examples: [MarkedText], on model: Model, queries: Int, in session: Session,
        _ scores: (ForcedBatch) throws -> Tensor
    ) throws -> Tensor {
        let (places, rows) = try predictable(examples, of: model)
        let longest = rows.map(\.tokens.count).max() ?? 0
        var parts: [Tensor] = []
        var order: [Int] = []
        for batch in try rows.batches(tokenBudget: tokenBudget) {
            var found = try withoutGradients { try scores(batch) }
            if found.rank == 3, found.shape[2] < longest {
                let behind = [found.shape[0], found.shape[1], longest - found.shape[2]]
                found = try .concatenated([found, .zeros(behind, dtype: found.dtype, device: found.device)], 2)
            }
            parts.append(found)
            order += batch.places.map { places[$0] }
        }
        let empty = Set(examples.indices).subtracting(places).sorted()
        if !empty.isEmpty {
            session.log(
                .info, "\(empty.count) of \(examples.count) examples have nothing to predict; their influence is 0")
            let shape = parts.first?.shape ?? [queries, 0]
            parts.append(
                try .zeros(
                    [queries, empty.count] + shape.dropFirst(2), dtype: .float64, device: parts.first?.device ?? .cpu))
            order += empty
        }
        return try Tensor.concatenated(parts, 1).indexSelect(1, inverse(order)).cast(to: .float32)
    }
}

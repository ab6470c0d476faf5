// SPDX-License-Identifier: Apache-2.0

import SutureKit

struct Neuron: Hashable {
    var layer: Int
    var unit: Int
}

/// What decides which candidate is patched next.
enum Rerank: String, ParameterChoice {
    /// A trial of each: the one whose patch leaves the smallest lead of the wrong token. One may come again.
    case gain
    /// The locator's score, the highest first, each once before the first comes again.
    case score
}

/// Which neurons to patch for one failing token, and the patches.
struct NeuronPlan {
    let failure: Failure
    /// The most responsible first.
    let candidates: [Neuron]
    let rerank: Rerank
    /// α
    let rate: Double
    let tokenBudget: Int
    /// τ, `[dModel]`, float32.
    private let direction: Tensor

    init(
        _ failure: Failure, candidates: [Neuron], rerank: Rerank, rate: Double, tokenBudget: Int, direction: [Double]
    ) throws {
        guard !candidates.isEmpty else { throw SutureError(.internal, "there is no candidate") }
        self.failure = failure
        self.candidates = candidates
        self.rerank = rerank
        self.rate = rate
        self.tokenBudget = tokenBudget
        self.direction = try Tensor(direction.map { Float($0) })
    }

    /// Patches until the token is right; takes all back if it is not after `limit` patches.
    ///
    /// - Returns: the number of patches, and the neurons of those that were kept.
    func repair(_ changes: inout WeightChanges, limit: Int) throws -> (tries: Int, kept: [Neuron]) {
        let untouched = changes
        var patched: [Neuron] = []
        var choice = failure.choice
        while patched.count < limit {
            let (best, change) = try next(after: patched.count, against: choice, changes.model)
            try changes.add([best.layer: .columns([best.unit], change)])
            patched.append(best)
            choice = try changes.model.choices(for: [failure.only], tokenBudget: tokenBudget)[0][0]
            if choice == failure.target { return (patched.count, patched) }
        }
        changes = untouched
        return (patched.count, [])
    }

    private func next(after tries: Int, against choice: Int, _ model: Model) throws -> (Neuron, Tensor) {
        switch rerank {
        case .gain: return try plan(against: choice, model)
        case .score:
            let neuron = candidates[tries % candidates.count]
            return (neuron, try withoutGradients { try change(of: neuron, model) })
        }
    }

    /// The candidate whose patch leaves the smallest lead P(a) − P(t), with the change of its write vector
    /// `[dModel, 1]`.
    ///
    /// A patch of one neuron adds its activation times the change to the layer's output. So every candidate is a row of
    /// one batch.
    private func plan(against choice: Int, _ model: Model) throws -> (Neuron, Tensor) {
        try withoutGradients {
            let layers = Set(candidates.map(\.layer)).sorted()
            guard let lowest = layers.first else { throw SutureError(.internal, "there is no candidate") }
            let context = failure.context
            var clean = Forward(
                .tokens(try TokenBatch([context])), layers: 0..<layers[layers.count - 1] + 1, logits: .none)
            clean.captures = [Capture(.residualIn(lowest))] + layers.map { Capture(.neurons($0)) }
            let captured = try model.forward(clean).captures
            let neurons = Dictionary(uniqueKeysWithValues: zip(layers, captured.dropFirst()))
            let changes = try candidates.map { try change(of: $0, model) }

            var leads: [Double] = []
            let perBatch = max(1, tokenBudget / context.count)
            for start in stride(from: 0, to: candidates.count, by: perBatch) {
                let rows = start..<min(start + perBatch, candidates.count)
                let stream = try captured[0].expanded(rows.count, -1, -1)
                var pass = Forward(
                    .residual(stream, lengths: IntegerVector(repeatElement(context.count, count: rows.count))),
                    layers: lowest..<model.info.layerCount, logits: .last)
                pass.interventions = try rows.map { i in
                    let row = context.indices.map { TokenIndex(row: i - start, position: $0) }
                    guard let z = neurons[candidates[i].layer] else {
                        throw SutureError(.internal, "layer \(candidates[i].layer) was not captured")
                    }
                    let added = try z[0].sliced(1, candidates[i].unit..<candidates[i].unit + 1).cast(to: .float32)
                        .matmul(changes[i].transposed())
                    return Intervention(.mlpOutput(candidates[i].layer), at: row, .add(added))
                }
                let probabilities = try model.logits(pass).cast(to: .float32).softmax()
                let lead = try probabilities.select(1, choice) - probabilities.select(1, failure.target)
                leads += try lead.scalars(as: Double.self)
            }
            guard let best = leads.indices.min(by: { leads[$0] < leads[$1] }), leads[best].isFinite else {
                throw SutureError(
                    .failedPrecondition, "mint: the probabilities are not finite", hint: "lower alpha or scale")
            }
            return (candidates[best], changes[best])
        }
    }

    /// (o + α τ) / (1 + α) − o, `[dModel, 1]`, float32.
    private func change(of neuron: Neuron, _ model: Model) throws -> Tensor {
        let weight = try model.parameter(model.weightName(reading: .neurons(neuron.layer)))
        let old = try weight.select(1, neuron.unit).cast(to: .float32)
        return try ((direction.cast(device: old.device) - old) * (rate / (1 + rate))).unsqueezed(1)
    }
}

/// Directions that earlier repairs used, as an orthonormal set. A token's direction is the same in every layer.
struct DirectionHistory {
    private var used: [[Double]] = []

    mutating func add(_ direction: [Double]) {
        let rest = DirectionHistory.rest(of: direction, used)
        let norm = DirectionHistory.dot(rest, rest).squareRoot()
        // What lies in the span already adds nothing.
        guard norm > 1e-6 * DirectionHistory.dot(direction, direction).squareRoot() else { return }
        used.append(rest.map { $0 / norm })
    }

    /// The part of a direction that is orthogonal to those, with the norm of the whole; the whole where none is left.
    func orthogonal(_ direction: [Double]) -> [Double] {
        let rest = DirectionHistory.rest(of: direction, used)
        let (whole, left) = (DirectionHistory.dot(direction, direction), DirectionHistory.dot(rest, rest))
        guard left > 1e-12 * whole else { return direction }
        return rest.map { $0 * (whole / left).squareRoot() }
    }

    private static func rest(of direction: [Double], _ basis: [[Double]]) -> [Double] {
        basis.reduce(direction) { rest, unit in
            let share = dot(rest, unit)
            return zip(rest, unit).map { $0 - share * $1 }
        }
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
}

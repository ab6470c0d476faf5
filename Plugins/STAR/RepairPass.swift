// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A prediction that a repair is about.
struct RepairRead {
    var position: Int
    var target: Int
    /// The model's first choice when the repair began.
    var choice: Int
    /// The position whose neurons stand for the prediction in the solve.
    var key: Int

    /// - Parameter key: if not given, the position from which the token is predicted.
    init(position: Int, target: Int, choice: Int, key: Int? = nil) {
        (self.position, self.target, self.choice) = (position, target, choice)
        self.key = key ?? position
    }

    var isRight: Bool { target == choice }
}

/// Tokens to run, with the predictions to read.
struct RepairRow {
    var tokens: [Int]
    var reads: [RepairRead]
}

/// The part of the model that depends on the patched down projections, for some rows, forward and backward.
///
/// What enters the lowest patched layer does not change during a repair and is computed once. If that layer is the last
/// one, neither do its keys and values, and tokens before the first prediction need no run at all.
struct RepairPass {
    private struct Batch {
        /// What enters the lowest patched layer, `[row, position, dModel]`.
        var stream: Tensor
        var lengths: IntegerVector
        /// Of the tokens before the stream; nil where there are none.
        var past: KeyValueCache?
        var reads: TokenPositions
        var keys: TokenPositions
        /// int64 `[read]`
        var targets: Tensor
    }

    /// Ascending.
    let layers: [Int]
    /// The down projections of ``layers``.
    private let projections: [Projection]
    /// In the order in which an observation lists them; not that of the rows given.
    let reads: [RepairRead]
    private let batches: [Batch]

    init(_ rows: [RepairRow], layers: [Int], tokenBudget: Int, _ model: Model) throws {
        guard let lowest = layers.first else { throw SutureError(.internal, "a repair needs a layer") }
        self.layers = layers
        projections = try model.projections(writing: layers.map { .mlpOutput($0) })
        let groups = TokenBatch.batches(ofLengths: rows.map(\.tokens.count), budget: tokenBudget)
            .map { $0.map { rows[$0] } }
        reads = groups.joined().flatMap(\.reads)
        batches = try withoutGradients { try groups.map { try RepairPass.batch($0, lowest, model) } }
    }

    private static func batch(_ rows: [RepairRow], _ lowest: Int, _ model: Model) throws -> Batch {
        let isLast = lowest == model.info.layerCount - 1
        let starts = rows.map { isLast ? $0.reads.map(\.position).min() ?? 0 : 0 }
        let lengths = zip(rows, starts).map { $0.tokens.count - $1 }
        let width = lengths.max() ?? 0
        // A pass comes by the stream entering a layer only if it runs the layer, which is of use for its keys alone.
        let site = isLast ? Site.residualIn(lowest) : lowest > 0 ? .residualOut(lowest - 1) : .embedding
        var pass = Forward(
            .tokens(try TokenBatch(rows.map(\.tokens))), layers: 0..<(isLast ? lowest + 1 : lowest), logits: .none)
        pass.captures = [Capture(site, at: TokenPositions(restsFrom: starts, of: rows.map(\.tokens.count)))]
        pass.keepsCache = isLast
        let output = try model.forward(pass)
        func positions(_ of: (RepairRead) -> Int) -> TokenPositions {
            TokenPositions(
                rows.enumerated().flatMap { i, row in
                    row.reads.map { TokenIndex(row: i, position: of($0) - starts[i]) }
                })
        }
        return Batch(
            stream: try output.captures[0].reshaped(rows.count, width, -1), lengths: IntegerVector(lengths),
            past: (starts.max() ?? 0) > 0 ? try output.cache?.selecting(lengths: starts) : nil,
            reads: positions(\.position), keys: positions(\.key),
            targets: try Tensor(rows.flatMap { $0.reads.map(\.target) }, device: model.info.device))
    }

    /// One forward and one backward pass. The loss is the mean over all reads of −log p of the target.
    ///
    /// - Parameter model: differs from the one that this was made with in the patched projections alone.
    func run(_ model: Model) throws -> Observation {
        var loss = 0.0
        var logits: [Tensor] = []
        var parts = layers.map { _ in [Observation.Part]() }
        for batch in batches {
            var pass = Forward(
                .residual(batch.stream, lengths: batch.lengths), layers: layers[0]..<model.info.layerCount,
                logits: .at(batch.reads))
            pass.past = batch.past
            let found = try model.gradients(of: projections, in: pass) { output in
                let predicted = try output.requireLogits().cast(to: .float32)
                let sum = try predicted.crossEntropy(batch.targets, reduction: .sum) / Double(reads.count)
                loss += try sum.item()
                logits.append(try predicted.detached())
                return sum
            }
            for (i, gradient) in found.enumerated() {
                parts[i].append(
                    Observation.Part(projection: try gradient.cast(to: .float32), reads: batch.reads, keys: batch.keys))
            }
        }
        guard loss.isFinite else {
            throw SutureError(
                .failedPrecondition, "the loss of the repair is \(loss)",
                hint: "lower learning_rate or scale, or load the model in float32")
        }
        return Observation(
            loss: loss, logits: try Tensor.concatenated(logits),
            targets: try Tensor.concatenated(batches.map(\.targets)),
            parts: Dictionary(uniqueKeysWithValues: zip(layers, parts)))
    }
}

/// What one pass saw.
struct Observation {
    struct Part {
        /// The neurons that entered the down projection and the gradient at its output, float32.
        var projection: ProjectionGradient
        var reads: TokenPositions
        var keys: TokenPositions
    }

    let loss: Double
    /// `[read, vocabulary]`, float32.
    let logits: Tensor
    let targets: Tensor
    let parts: [Int: [Part]]

    /// Z: the neurons at the keys of the reads, `[read, unit]`.
    func neurons(at layer: Int, units: [Int]?) throws -> Tensor {
        let z = try Tensor.concatenated((parts[layer] ?? []).map { try $0.projection.input.pick($0.keys) })
        return try units.map { try z.indexSelect(1, $0) } ?? z
    }

    /// The gradient at the MLP's output at the reads, `[read, dModel]`.
    func outputGradient(at layer: Int) throws -> Tensor {
        try Tensor.concatenated((parts[layer] ?? []).map { try $0.projection.gradient.pick($0.reads) })
    }

    /// The gradient of the down projection, `[dModel, unit]`.
    func weightGradient(at layer: Int, units: [Int]?) throws -> Tensor {
        var sum: Tensor?
        for part in parts[layer] ?? [] {
            let product = try part.projection.weightGradient(units: units)
            sum = try sum.map { try $0 + product } ?? product
        }
        guard let sum else { throw SutureError(.internal, "layer \(layer) was not observed") }
        return sum
    }

    /// Whether every target is ahead of all other tokens by a margin, in logits.
    func isSolved(margin: Double) throws -> Bool {
        let index = try targets.unsqueezed(1)
        let own = try logits.gather(1, index)
        let others = try logits.scattered(1, index, Tensor.full(index.shape, -.infinity, device: logits.device))
        return try (own.squeezed(1) - others.max(1)).min().item() > margin
    }
}

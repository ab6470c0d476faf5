// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The rows of some cases where they depend on delta: what every step of the optimisation starts from.
///
/// Nothing below the edited layer and nothing before the lookup token depends on delta. One pass gives the stream at
/// the edited layer from the lookup token on, and keys and values of what precedes; a step runs the rest alone.
struct ValueBatch {
    /// What is computed from the value of delta.
    struct Loss {
        /// The likelihood term without a factor, `[case]`; 0 for a case without rows. Gradients flow to delta.
        var likelihood: Tensor
        /// Its part that concerns the new object alone, `[case]`.
        var rewrite: Tensor
        /// The divergence without its factor, `[case]`; nil where no row has one.
        var divergence: Tensor?
        /// Every token of every object is the first choice, by case.
        var isFirstChoice: [Bool]
    }

    /// Sites in the first block of a step at which a delta is added each; empty: the one delta is added to the stream
    /// in front of that block.
    let inner: [Site]
    /// The blocks of a step start here.
    let first: Int
    /// The layer after which the likelihood is read.
    let lossLayer: Int
    private let caseCount: Int
    private(set) var rows: [ValueRow]
    /// The case of each row.
    private(set) var owners: IntegerVector
    /// `[row, position, dModel]` float32, position 0 being the lookup token.
    private var stream: Tensor
    /// Tokens from the lookup on, per row.
    private var lengths: IntegerVector
    /// Nil where no block follows.
    private var past: KeyValueCache?
    private var likelihoodReads: ValueReads
    private var rewriteReads: ValueReads
    private var divergenceReads: ValueReads
    /// The reads of both, in this order, which one pass serves where the likelihood is read at the end of the model.
    private let allReads: TokenPositions
    /// The lookup token of every row.
    private let lookups: TokenPositions
    /// log p at the divergence rows while delta is 0, `[divergence row, vocabulary]`; nil until the first loss is
    /// taken.
    var reference: Tensor?

    /// - Parameter sites: what is optimised, in the edited layer.
    /// - Returns: the batch, and the values at the lookup token of each case's first row, `[site, case, dModel]`,
    ///   float32.
    static func run(
        _ cases: [[ValueRow]], values sites: [Site], layer: Int, lossLayer: Int, _ model: Model
    ) throws -> (batch: ValueBatch, initial: Tensor) {
        let rows = cases.flatMap { $0 }
        let owners = cases.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element.count) }
        let lengths = rows.map { $0.tokens.count - $0.lookup }
        let width = lengths.max() ?? 0
        let tail = TokenPositions(restsFrom: rows.map(\.lookup), of: rows.map(\.tokens.count))
        var firstRows: [TokenIndex] = []
        for (i, row) in rows.enumerated() where owners[i] == firstRows.count {
            firstRows.append(TokenIndex(row: i, position: row.lookup))
        }
        // What ends a block's work adds to the stream after it; the block need not run again.
        let isBehind = sites == [.residualOut(layer)] || sites == [.mlpOutput(layer)]
        let first = isBehind ? layer + 1 : layer
        var pass = Forward(.tokens(try TokenBatch(rows.map(\.tokens))), logits: .none)
        pass.keepsCache = first < model.info.layerCount
        pass.captures = [Capture(isBehind ? .residualOut(layer) : .residualIn(layer), at: tail)]
        pass.captures += sites.map { Capture($0, at: firstRows) }
        let output = try model.forward(pass)
        let stream = try output.captures[0].cast(to: .float32).reshaped(rows.count, width, -1)
        let batch = try ValueBatch(
            inner: isBehind ? [] : sites, first: first, lossLayer: lossLayer, cases: cases.count, rows,
            IntegerVector(owners), stream,
            IntegerVector(lengths), try output.cache?.selecting(lengths: rows.map(\.lookup)), reference: nil)
        return (batch, try Tensor.stacked(output.captures.dropFirst().map { try $0.cast(to: .float32) }))
    }

    private init(
        inner: [Site], first: Int, lossLayer: Int, cases count: Int, _ rows: [ValueRow],
        _ owners: IntegerVector, _ stream: Tensor, _ lengths: IntegerVector, _ past: KeyValueCache?, reference: Tensor?
    ) throws {
        self.inner = inner
        self.first = first
        self.lossLayer = lossLayer
        caseCount = count
        self.rows = rows
        self.owners = owners
        self.stream = stream
        self.lengths = lengths
        self.past = past
        self.reference = reference
        let device = stream.device
        likelihoodReads = try ValueReads(rows, owners: owners, cases: count, device: device) { !$0.isDivergence }
        rewriteReads = try ValueReads(
            rows, owners: owners, cases: count, device: device, where: { !$0.isDivergence }, weighing: \.isRewrite)
        divergenceReads = try ValueReads(rows, owners: owners, cases: count, device: device, where: \.isDivergence)
        allReads = TokenPositions(likelihoodReads.tokens.tokens + divergenceReads.tokens.tokens)
        lookups = TokenPositions(rows.indices.map { TokenIndex(row: $0, position: 0) })
    }

    /// The rows of some of the cases alone.
    func restricted(to cases: Set<Int>) throws -> ValueBatch {
        let kept = rows.indices.filter { cases.contains(owners[$0]) }
        let keptDivergence = divergenceReads.owners.indices.filter { cases.contains(divergenceReads.owners[$0]) }
        return try ValueBatch(
            inner: inner, first: first, lossLayer: lossLayer, cases: caseCount, kept.map { rows[$0] },
            IntegerVector(kept.map { owners[$0] }), stream.indexSelect(0, kept),
            IntegerVector(kept.map { lengths[$0] }),
            past?.selecting(rows: kept),
            reference: keptDivergence.isEmpty ? nil : try reference?.indexSelect(0, keptDivergence))
    }

    /// The parts of the loss.
    ///
    /// - Parameter delta: `[site, case, dModel]`, float32. 0 in the first call unless ``reference`` is given, which
    ///   records what divergence is measured from.
    /// - Parameter readsChoices: whether ``Loss/isFirstChoice`` is wanted; otherwise it is empty.
    mutating func loss(_ delta: Tensor, readsChoices: Bool = false, _ model: Model) throws -> Loss {
        let logits = try logits(delta, model)
        let losses = try logits.likelihood.crossEntropy(likelihoodReads.targets, reduction: .none)
        var loss = Loss(
            likelihood: try likelihoodReads.perCase(losses), rewrite: try rewriteReads.perCase(losses.detached()),
            isFirstChoice: readsChoices ? try firstChoices(logits.likelihood) : [])
        if let edited = try logits.divergence?.logSoftmax() {
            let unedited = try reference ?? edited.detached()
            reference = unedited
            loss.divergence = try divergenceReads.perCase(edited.klDivergence(to: unedited))
        }
        return loss
    }

    private func firstChoices(_ logits: Tensor) throws -> [Bool] {
        var areFirst = [Bool](repeating: true, count: caseCount)
        let hits = try logits.detached().argmax().equal(likelihoodReads.targets).scalars(as: Int.self)
        for (owner, hit) in zip(likelihoodReads.owners, hits) where hit == 0 { areFirst[owner] = false }
        return areFirst
    }

    /// The logits at the reads, float32: `[read, vocabulary]` each.
    private func logits(_ delta: Tensor, _ model: Model) throws -> (likelihood: Tensor, divergence: Tensor?) {
        let end = model.info.layerCount
        let likelihood = likelihoodReads.tokens
        let divergence = divergenceReads.tokens
        var edited = stream
        var interventions: [Intervention] = []
        if inner.isEmpty {
            let lookup = try stream.sliced(1, 0..<1) + delta[0].indexSelect(0, owners).unsqueezed(1)
            edited = try Tensor.concatenated([lookup, stream.sliced(1, 1..<stream.shape[1])], 1)
        } else {
            interventions = try inner.enumerated().map { i, site in
                Intervention(site, at: lookups, .add(try delta[i].indexSelect(0, owners)))
            }
        }
        if lossLayer == end - 1 {
            let logits = try logits(
                from: edited, lengths, first..<end, past, interventions, at: allReads, model)
            guard !divergence.isEmpty else { return (logits, nil) }
            return (try logits[0..<likelihood.count], try logits[likelihood.count..<logits.shape[0]])
        }
        // The likelihood reads the final norm and the head after an earlier block; the divergence reads the whole model.
        var later = edited
        if lossLayer >= first {
            var pass = Forward(.residual(edited, lengths: lengths), layers: first..<lossLayer + 1, logits: .none)
            pass.past = past
            pass.interventions = interventions
            pass.captures = [Capture(.residualOut(lossLayer))]
            later = try model.forward(pass).captures[0].cast(to: .float32)
        }
        let read = try later.pick(likelihood).unsqueezed(1)
        let likelihoodLogits = try logits(
            from: read, likelihoodReads.single, end..<end, nil, [], at: likelihoodReads.first, model)
        guard !divergence.isEmpty else { return (likelihoodLogits, nil) }
        return (
            likelihoodLogits,
            try logits(from: later, lengths, lossLayer + 1..<end, past, [], at: divergence, model)
        )
    }

    private func logits(
        from stream: Tensor, _ lengths: IntegerVector, _ layers: Range<Int>, _ past: KeyValueCache?,
        _ interventions: [Intervention], at tokens: TokenPositions, _ model: Model
    ) throws -> Tensor {
        var pass = Forward(.residual(stream, lengths: lengths), layers: layers, logits: .at(tokens))
        pass.past = layers.isEmpty ? nil : past
        pass.interventions = interventions
        return try model.logits(pass).cast(to: .float32)
    }
}

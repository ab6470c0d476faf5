// SPDX-License-Identifier: Apache-2.0

import CSuture

extension Model {
    /// Runs a pass. Gradients flow from its results to the values and residuals that require them.
    ///
    /// - Throws: sites and layers that the model lacks, positions outside the batch, interventions that touch nothing.
    public func forward(_ pass: Forward) throws(SutureError) -> ForwardOutput {
        let table = try Host.models()
        let arena = CArena()
        // Tensors made for this call; their handles must outlive it.
        var kept: [Tensor] = []
        func keep(_ tensor: Tensor) -> OpaquePointer {
            kept.append(tensor)
            return tensor.handle
        }
        func keep(_ positions: [TokenIndex]?) throws(SutureError) -> OpaquePointer? {
            guard let positions else { return nil }
            return keep(try Tensor(positions))
        }

        var c = suture_forward()
        c.struct_size = MemoryLayout<suture_forward>.size
        let range = pass.layers ?? 0..<info.layerCount
        c.first_layer = Int32(range.lowerBound)
        c.end_layer = Int32(range.upperBound)
        switch pass.input {
        case .tokens(let batch):
            c.tokens = keep(batch.tokens)
            c.lengths = keep(try Tensor(batch.lengths))
        case .residual(let residual, let lengths):
            c.residual = keep(residual)
            c.lengths = keep(try Tensor(lengths))
        }
        c.past = pass.past?.handle
        c.keeps_cache = pass.keepsCache ? 1 : 0
        switch pass.logits {
        case .none: c.logits = SUTURE_LOGITS_NONE
        case .all: c.logits = SUTURE_LOGITS_ALL
        case .last: c.logits = SUTURE_LOGITS_LAST
        case .at(let positions):
            c.logits = SUTURE_LOGITS_CHOSEN
            c.logit_positions = try keep(positions)
        }

        var captures: [UnsafePointer<suture_capture>] = []
        for capture in pass.captures {
            captures.append(
                arena.value(
                    suture_capture(
                        struct_size: MemoryLayout<suture_capture>.size, site: capture.site.kind.rawValue,
                        layer: Int32(capture.site.layer ?? -1), positions: try keep(capture.positions))))
        }
        c.capture_count = Int64(captures.count)
        c.captures = arena.array(captures)

        var closures: [ClosureBox] = []
        var interventions: [UnsafePointer<suture_intervention>] = []
        for intervention in pass.interventions {
            var i = suture_intervention()
            i.struct_size = MemoryLayout<suture_intervention>.size
            i.site = intervention.site.kind.rawValue
            i.layer = Int32(intervention.site.layer ?? -1)
            i.positions = try keep(intervention.positions)
            if let units = intervention.units { i.units = keep(try Tensor(units)) }
            switch intervention.action {
            case .add(let value): (i.kind, i.value) = (SUTURE_INTERVENTION_ADD, keep(value))
            case .replace(let value): (i.kind, i.value) = (SUTURE_INTERVENTION_REPLACE, keep(value))
            case .scale(let amount): (i.kind, i.amount) = (SUTURE_INTERVENTION_SCALE, amount)
            case .zero: i.kind = SUTURE_INTERVENTION_ZERO
            case .noise(let deviation, let seed):
                (i.kind, i.amount, i.seed) = (SUTURE_INTERVENTION_NOISE, deviation, Int64(seed))
            case .copyRow(let row): (i.kind, i.source_row) = (SUTURE_INTERVENTION_COPY_ROW, Int32(row))
            case .closure(let body):
                let box = ClosureBox(body)
                closures.append(box)
                i.kind = SUTURE_INTERVENTION_CLOSURE
                i.closure_context = Unmanaged.passUnretained(box).toOpaque()
                i.closure = ClosureBox.call
            }
            interventions.append(arena.value(i))
        }
        c.intervention_count = Int64(interventions.count)
        c.interventions = arena.array(interventions)

        var captured = [OpaquePointer?](repeating: nil, count: pass.captures.count)
        var result = suture_forward_result()
        result.struct_size = MemoryLayout<suture_forward_result>.size
        let error = withExtendedLifetime((arena, kept, closures, pass.past)) {
            captured.withUnsafeMutableBufferPointer { captured in
                result.captured = captured.baseAddress
                return table.pointee.forward(handle, &c, &result)
            }
        }
        try Host.check(error)

        var output = ForwardOutput(logits: nil, cache: nil, captures: [])
        if let logits = result.logits { output.logits = try Tensor(owning: logits) }
        if let cache = result.cache {
            output.cache = KeyValueCache(owning: cache, release: table.pointee.cache_release)
        }
        for handle in captured {
            guard let handle else { throw SutureError(.internal, "the host returned too few captures") }
            output.captures.append(try Tensor(owning: handle))
        }
        return output
    }

    /// How to continue prompts.
    public struct Generation: Sendable {
        public var maxNewTokens: Int
        /// 0: greedy.
        public var temperature: Double
        /// 0: no limit.
        public var topK: Int
        /// 1: no limit.
        public var topP: Double
        /// Row i draws from a stream that the seed and i fix, whatever the other rows are.
        public var seed: Int
        /// Tokens that end a row, besides the end-of-text token.
        public var stopTokens: [Int]

        public init(
            maxNewTokens: Int, temperature: Double = 0, topK: Int = 0, topP: Double = 1, seed: Int = 0,
            stopTokens: [Int] = []
        ) {
            self.maxNewTokens = maxNewTokens
            self.temperature = temperature
            self.topK = topK
            self.topP = topP
            self.seed = seed
            self.stopTokens = stopTokens
        }
    }

    /// Continues each row, with a cache of keys and values. Returns the new tokens of each, the ending token included.
    public func generate(_ rows: [[Int]], _ generation: Generation) throws(SutureError) -> [[Int]] {
        let table = try Host.models()
        let batch = try TokenBatch(rows)
        let lengths = try Tensor(batch.lengths)
        var out: OpaquePointer?
        let error = withExtendedLifetime((batch, lengths)) {
            generation.stopTokens.map(Int64.init).withUnsafeBufferPointer { stops -> OpaquePointer? in
                var c = suture_generation(
                    struct_size: MemoryLayout<suture_generation>.size, tokens: batch.tokens.handle,
                    lengths: lengths.handle, max_new_tokens: Int64(generation.maxNewTokens),
                    temperature: generation.temperature, top_k: Int64(generation.topK), top_p: generation.topP,
                    seed: Int64(generation.seed), stop_count: Int64(stops.count), stop_tokens: stops.baseAddress,
                    streams: nil)
                return table.pointee.generate(handle, &c, &out)
            }
        }
        try Host.check(error)
        guard let out else { throw SutureError(.internal, "the host returned no tokens and no error") }
        let tensor = try Tensor(owning: out)
        let width = tensor.shape[1]
        let tokens = try tensor.scalars(as: Int.self)
        return rows.indices.map { row in
            Array(tokens[row * width..<(row + 1) * width].prefix { $0 >= 0 })
        }
    }
}

/// A Swift closure on its way through C.
private final class ClosureBox {
    let body: (Tensor) throws -> Tensor
    init(_ body: @escaping (Tensor) throws -> Tensor) { self.body = body }

    static let call:
        @convention(c) (UnsafeMutableRawPointer?, OpaquePointer, UnsafeMutablePointer<OpaquePointer?>)
            -> OpaquePointer? = { context, value, out in
                Host.returningError {
                    guard let context else { throw SutureError(.internal, "a closure came without its context") }
                    let box = Unmanaged<ClosureBox>.fromOpaque(context).takeUnretainedValue()
                    out.pointee = try box.body(Tensor(borrowing: value)).retainedHandle()
                }
            }
}

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

        var c = suture_forward()
        c.struct_size = MemoryLayout<suture_forward>.size
        let range = pass.layers ?? 0..<info.layerCount
        c.first_layer = Int32(range.lowerBound)
        c.end_layer = Int32(range.upperBound)
        switch pass.input {
        case .tokens(let batch):
            c.tokens = keep(batch.tokens)
            c.lengths = keep(try batch.lengths.tensor)
        case .residual(let residual, let lengths):
            c.residual = keep(residual)
            c.lengths = keep(try lengths.tensor)
        }
        c.past = pass.past?.handle
        c.keeps_cache = pass.keepsCache ? 1 : 0
        switch pass.logits {
        case .none: c.logits = SUTURE_LOGITS_NONE
        case .all: c.logits = SUTURE_LOGITS_ALL
        case .last: c.logits = SUTURE_LOGITS_LAST
        case .chosen(let positions):
            c.logits = SUTURE_LOGITS_CHOSEN
            c.logit_positions = keep(try positions.tensor)
        }

        var captures: [UnsafePointer<suture_capture>] = []
        for capture in pass.captures {
            let positions = try capture.positions.map { p throws(SutureError) in keep(try p.tensor) }
            captures.append(
                arena.make(suture_capture.self) {
                    $0.site = capture.site.kind.rawValue
                    $0.layer = Int32(capture.site.layer ?? -1)
                    $0.positions = positions
                })
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
            if let positions = intervention.positions { i.positions = keep(try positions.tensor) }
            if let units = intervention.units { i.units = keep(try units.tensor) }
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
        /// Tokens after which a row is cut; at least 0. A full context ends it earlier.
        public var maxNewTokens: Int
        /// 0: greedy.
        public var temperature: Double
        /// 0: no limit.
        public var topK: Int
        /// 1: no limit.
        public var topP: Double
        /// Row i draws from a stream that the seed and its number in ``streams`` fix, whatever the other rows are.
        public var seed: Int
        /// One number a row, which stays with the row wherever it is in a batch; nil: the row's place.
        public var streams: [Int]?
        /// Tokens that end a row, besides the end-of-text token.
        public var stopTokens: [Int]

        /// Greedy continuation, or sampling where a temperature is given.
        public init(
            maxNewTokens: Int, temperature: Double = 0, topK: Int = 0, topP: Double = 1, seed: Int = 0,
            streams: [Int]? = nil, stopTokens: [Int] = []
        ) {
            self.maxNewTokens = maxNewTokens
            self.temperature = temperature
            self.topK = topK
            self.topP = topP
            self.seed = seed
            self.streams = streams
            self.stopTokens = stopTokens
        }
    }

    /// Continues each row, with a cache of keys and values. Returns the new tokens of each, the ending token included.
    ///
    /// - Throws: `invalidArgument` where there are not as many streams as rows.
    public func generate(_ rows: [[Int]], _ generation: Generation) throws(SutureError) -> [[Int]] {
        if let streams = generation.streams, streams.count != rows.count {
            throw SutureError(
                .invalidArgument, "\(streams.count) streams were given for \(rows.count) rows", hint: "give one a row")
        }
        let table = try Host.models()
        let batch = try TokenBatch(rows)
        let lengths = try batch.lengths.tensor
        var out: OpaquePointer?
        let arena = CArena()
        let request = arena.make(suture_generation.self) {
            $0.tokens = batch.tokens.handle
            $0.lengths = lengths.handle
            $0.max_new_tokens = Int64(generation.maxNewTokens)
            $0.temperature = generation.temperature
            $0.top_k = Int64(generation.topK)
            $0.top_p = generation.topP
            $0.seed = Int64(generation.seed)
            $0.stop_count = Int64(generation.stopTokens.count)
            $0.stop_tokens = arena.array(generation.stopTokens.map(Int64.init))
            $0.streams = generation.streams.flatMap { arena.array($0.map(Int64.init)) }
        }
        let error = withExtendedLifetime((batch, lengths, arena)) { table.pointee.generate(handle, request, &out) }
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

// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

/// The tensors that a plugin gave to a pass. What a pass hands out may look at their memory, which is then still the
/// plugin's. Used on the thread of the pass alone.
final class PluginTensors {
    private(set) var tensors: [Tensor] = []

    func note(_ tensor: Tensor) -> Tensor {
        tensors.append(tensor)
        return tensor
    }
}

/// Turns the ABI's description of a pass back into the kit's, with every handle shared and every code checked.
enum ForwardDecoder {
    /// - Parameter own: learns of every tensor of the plugin whose numbers the pass goes on with.
    static func decode(
        _ c: UnsafePointer<suture_forward>, noting own: PluginTensors
    ) throws -> (pass: Forward, past: KeyValues?) {
        let request = try Foreign(c, in: "suture_model_api.forward")
        let lengths = try request.lengths.map { try IntegerVector(Tensor(borrowing: $0)) }
        let input: Forward.Input
        switch (request.tokens, request.residual) {
        case (let tokens?, nil):
            let tokens = try Tensor(borrowing: tokens)
            let shape = try shape(tokens, rank: 2, "tokens")
            input = .tokens(
                TokenBatch(
                    tokens: tokens, lengths: lengths ?? IntegerVector(repeatElement(shape[1], count: shape[0]))))
        case (nil, let residual?):
            let residual = try own.note(Tensor(borrowing: residual))
            let shape = try shape(residual, rank: 3, "a residual")
            input = .residual(
                residual, lengths: lengths ?? IntegerVector(repeatElement(shape[1], count: shape[0])))
        default:
            throw SutureError(
                .invalidArgument, "a pass needs either tokens or a residual", hint: "set one of the two")
        }
        let first = Int(request.first_layer)
        let range: Range<Int>?
        if request.end_layer < 0 {
            // All that follow; the transformer fills in the end.
            guard first == 0 else {
                throw SutureError(.invalidArgument, "a pass that starts at layer \(first) needs its end_layer")
            }
            range = nil
        } else {
            guard first >= 0, first <= Int(request.end_layer) else {
                throw SutureError(
                    .invalidArgument, "a pass cannot run layers \(first) ..< \(request.end_layer)")
            }
            range = first..<Int(request.end_layer)
        }
        var pass = Forward(input, layers: range)
        pass.keepsCache = request.keeps_cache != 0
        pass.logits = try logits(request)
        for capture in try foreignElements(request.captures, request.capture_count, in: "suture_forward.captures") {
            pass.captures.append(
                Capture(try site(capture.site, capture.layer), at: try capture.positions.map(positions)))
        }
        for intervention in try foreignElements(
            request.interventions, request.intervention_count, in: "suture_forward.interventions")
        {
            pass.interventions.append(try decode(intervention, own))
        }
        return (pass, request.past.map(CacheBox.keyValues))
    }

    private static func logits(_ request: Foreign<suture_forward>) throws -> Forward.Logits {
        switch request.logits {
        case SUTURE_LOGITS_NONE: return .none
        case SUTURE_LOGITS_ALL: return .all
        case SUTURE_LOGITS_LAST: return .last
        case SUTURE_LOGITS_CHOSEN:
            guard let positions = request.logit_positions else {
                throw SutureError(.invalidArgument, "logits at chosen positions need logit_positions")
            }
            return .at(try self.positions(positions))
        default: throw SutureError(.unimplemented, "the code \(request.logits) for logits is unknown")
        }
    }

    private static func decode(
        _ request: Foreign<suture_intervention>, _ own: PluginTensors
    ) throws -> Intervention {
        func value() throws -> Tensor {
            guard let value = request.value else {
                throw SutureError(.invalidArgument, "an intervention of kind \(request.kind) needs a value")
            }
            return try own.note(Tensor(borrowing: value))
        }
        let action: Intervention.Action
        switch request.kind {
        case SUTURE_INTERVENTION_ADD: action = .add(try value())
        case SUTURE_INTERVENTION_REPLACE: action = .replace(try value())
        case SUTURE_INTERVENTION_SCALE: action = .scale(request.amount)
        case SUTURE_INTERVENTION_ZERO: action = .zero
        case SUTURE_INTERVENTION_NOISE: action = .noise(deviation: request.amount, seed: Int(request.seed))
        case SUTURE_INTERVENTION_COPY_ROW: action = .copyRow(Int(request.source_row))
        case SUTURE_INTERVENTION_CLOSURE:
            guard let closure = request.pointer.pointee.closure else {
                throw SutureError(.invalidArgument, "an intervention of kind closure needs a closure")
            }
            let context = request.closure_context
            action = .closure { tensor in
                var out: OpaquePointer?
                // Borrowed by the closure, so it takes no count.
                if !own.tensors.contains(where: { $0.sharesMemory(with: tensor) }) { tensor.seal() }
                if let error = closure(context, tensor.handle, &out) { throw Host.take(error) }
                guard let out else {
                    throw SutureError(.internal, "a closure returned no tensor and no error")
                }
                return own.note(try Tensor(owning: out))
            }
        default: throw SutureError(.unimplemented, "the intervention kind \(request.kind) is unknown")
        }
        return Intervention(
            try site(request.site, request.layer), at: try request.positions.map(positions),
            units: try request.units.map { try IntegerVector(Tensor(borrowing: $0)) }, action)
    }

    static func site(_ kind: Int32, _ layer: Int32) throws -> Site {
        guard let known = Site.Kind(rawValue: kind) else {
            throw SutureError(
                .unimplemented, "the site code \(kind) is unknown", hint: "use a host as new as the plugin")
        }
        guard !known.hasLayer || layer >= 0 else {
            throw SutureError(.invalidArgument, "the site \(known.name) needs a layer")
        }
        return Site(known, layer: Int(layer))
    }

    /// int64 `[n, 2]` as token indices that keep the caller's tensor.
    private static func positions(_ handle: OpaquePointer) throws -> TokenPositions {
        try TokenPositions(Tensor(borrowing: handle))
    }

    /// The real tokens of each row of a padded batch.
    static func rows(_ tokens: Tensor, _ lengths: [Int]?) throws -> [[Int]] {
        let shape = try shape(tokens, rank: 2, "tokens")
        let lengths = lengths ?? Array(repeating: shape[1], count: shape[0])
        guard lengths.count == shape[0], lengths.allSatisfy({ (1...shape[1]).contains($0) }) else {
            throw SutureError(.invalidArgument, "the lengths \(lengths) do not fit tokens of the shape \(shape)")
        }
        let flat = try tokens.scalars(as: Int.self)
        return lengths.enumerated().map { row, length in Array(flat[row * shape[1]..<row * shape[1] + length]) }
    }

    private static func shape(_ tensor: Tensor, rank: Int, _ what: String) throws -> [Int] {
        let shape = tensor.shape
        guard shape.count == rank, shape.allSatisfy({ $0 > 0 }) else {
            throw SutureError(
                .invalidArgument, "\(what) must have \(rank) axes and at least one element, the shape is \(shape)")
        }
        return shape
    }
}

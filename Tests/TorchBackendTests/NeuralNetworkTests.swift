// SPDX-License-Identifier: Apache-2.0
import CSuture
import Foundation
import Testing

@Suite struct NeuralNetworkTests {
    let stream: Stream

    init() throws { stream = try Stream(seed: 5) }

    @Test("a linear layer is x times the transposed weight, plus the bias", arguments: [true, false])
    func linear(_ hasBias: Bool) throws {
        let x = try stream.normal([2, 3, 4])
        let weight = try stream.normal([5, 4])
        let bias = try stream.normal([5])
        let result = try T.make { api.linear(x.handle, weight.handle, hasBias ? bias.handle : nil, $0) }
        let product = try x.matmul(weight.transpose(0, 1))
        #expect(result.shape == [2, 3, 5])
        #expect(try areClose(result.values, (hasBias ? product.binary(SUTURE_ADD, bias) : product).values))
    }

    @Test("layer norm centres and scales the last dimension, then weighs it", arguments: [true, false])
    func layerNorm(_ isAffine: Bool) throws {
        let x = try stream.normal([3, 4])
        let weight = try stream.normal([4])
        let bias = try stream.normal([4])
        let epsilon = 1e-5
        let result = try T.make {
            api.layer_norm(x.handle, isAffine ? weight.handle : nil, isAffine ? bias.handle : nil, epsilon, $0)
        }
        let (v, w, b) = (try x.values, try weight.values, try bias.values)
        let expected = (0..<12).map { flat -> Double in
            let row = v[(flat / 4 * 4)..<(flat / 4 * 4 + 4)]
            let mean = row.reduce(0, +) / 4
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4
            let unit = (v[flat] - mean) / (variance + epsilon).squareRoot()
            return isAffine ? unit * w[flat % 4] + b[flat % 4] : unit
        }
        #expect(try areClose(result.values, expected))
    }

    @Test("RMS norm scales the last dimension by its root mean square", arguments: [true, false])
    func rmsNorm(_ isAffine: Bool) throws {
        let x = try stream.normal([3, 4])
        let weight = try stream.normal([4])
        let result = try T.make { api.rms_norm(x.handle, isAffine ? weight.handle : nil, 1e-6, $0) }
        let (v, w) = (try x.values, try weight.values)
        let expected = (0..<12).map { flat -> Double in
            let meanSquare = v[(flat / 4 * 4)..<(flat / 4 * 4 + 4)].reduce(0) { $0 + $1 * $1 } / 4
            return v[flat] / (meanSquare + 1e-6).squareRoot() * (isAffine ? w[flat % 4] : 1)
        }
        #expect(try areClose(result.values, expected))
    }

    @Test("cross entropy is the negative log-probability of the target, and skips the ignored ones")
    func crossEntropy() throws {
        let logits = try stream.normal([4, 3])
        let classes: [Int64] = [2, -100, 0, 1]
        let targets = try T(ints: classes)
        let logProbabilities = try logits.along(SUTURE_LOG_SOFTMAX, 1).values
        let losses = classes.enumerated().map { $1 < 0 ? 0 : -logProbabilities[$0 * 3 + Int($1)] }
        func loss(_ reduction: Int32) throws -> [Double] {
            try T.make { api.cross_entropy(logits.handle, targets.handle, reduction, -100, $0) }.values
        }
        #expect(try areClose(loss(SUTURE_REDUCTION_NONE), losses))
        #expect(try areClose(loss(SUTURE_REDUCTION_SUM), [losses.reduce(0, +)]))
        #expect(try areClose(loss(SUTURE_REDUCTION_MEAN), [losses.reduce(0, +) / 3]))
    }

    @Test("cross entropy refuses classes that the logits do not have, and other shapes")
    func crossEntropyRefuses() throws {
        let logits = try stream.normal([2, 3])
        func error(_ targets: T, _ reduction: Int32 = SUTURE_REDUCTION_MEAN) -> TableError? {
            failure { _ = try T.make { api.cross_entropy(logits.handle, targets.handle, reduction, -100, $0) } }
        }
        #expect(try error(T(ints: [0, 3]))?.message.contains("the index 3") == true)
        #expect(try error(T(ints: [0, -1]))?.code == SUTURE_INVALID_ARGUMENT)
        #expect(try error(T(ints: [0]))?.code == SUTURE_INVALID_ARGUMENT)
        #expect(try error(T(ints: [0, 1]), 9)?.code == SUTURE_UNIMPLEMENTED)
    }

    @Test("the divergence is not negative, is zero between equals, and is the plain sum")
    func klDivergence() throws {
        let p = try stream.normal([3, 5]).along(SUTURE_LOG_SOFTMAX, -1)
        let q = try stream.normal([3, 5]).along(SUTURE_LOG_SOFTMAX, -1)
        let result = try T.make { api.kl_divergence(p.handle, q.handle, $0) }
        let (x, y) = (try p.values, try q.values)
        var expected = [0.0, 0, 0]
        for flat in 0..<15 { expected[flat / 5] += exp(x[flat]) * (x[flat] - y[flat]) }
        #expect(try areClose(result.values, expected))
        #expect(expected.allSatisfy { $0 >= 0 })
        #expect(try areClose(T.make { api.kl_divergence(p.handle, p.handle, $0) }.values, [0, 0, 0]))
    }

    @Test("what the first distribution rules out adds nothing, and leaves the gradients finite")
    func klDivergenceOfZero() throws {
        let p = try T([0, -.infinity]).leaf()
        let q = try T([log(0.25), log(0.75)]).leaf()
        let result = try T.make { api.kl_divergence(p.handle, q.handle, $0) }
        #expect(try areClose(result.values, [log(4.0)]))
        for gradient in try result.gradients([p, q]) { #expect(try gradient?.values.allSatisfy(\.isFinite) == true) }
    }
}

struct AttentionCase: Sendable, CustomTestStringConvertible {
    enum Mask: Sendable { case none, causal, boolean, additive, boolOverKeys }
    let queryHeads: Int, keyHeads: Int
    let mask: Mask
    var scale = 0.0
    var queries = 5
    var testDescription: String { "\(queryHeads)/\(keyHeads) heads, mask \(mask), scale \(scale), \(queries) queries" }

    static let all: [AttentionCase] = [(4, 4), (4, 2), (4, 1)].flatMap { heads in
        [Mask.none, .causal, .boolean, .additive, .boolOverKeys].flatMap { mask -> [AttentionCase] in
            let base = AttentionCase(queryHeads: heads.0, keyHeads: heads.1, mask: mask)
            let scaled = AttentionCase(queryHeads: heads.0, keyHeads: heads.1, mask: mask, scale: 0.7)
            let short = AttentionCase(queryHeads: heads.0, keyHeads: heads.1, mask: mask, queries: 2)
            return mask == .causal ? [base, scaled] : [base, scaled, short]
        }
    }
}

@Suite struct AttentionTests {
    static let batch = 2, keys = 5, width = 8

    /// The plain formula, by loops. `bias` has [batch, heads, queries, keys].
    static func plain(_ each: AttentionCase, _ q: [Double], _ k: [Double], _ v: [Double], bias: [Double]) -> [Double] {
        let scale = each.scale == 0 ? 1 / Double(width).squareRoot() : each.scale
        var result: [Double] = []
        for b in 0..<batch {
            for h in 0..<each.queryHeads {
                let shared = b * each.keyHeads + h / (each.queryHeads / each.keyHeads)
                for t in 0..<each.queries {
                    let row = (b * each.queryHeads + h) * each.queries + t
                    var output = [Double](repeating: 0, count: width)
                    var total = 0.0
                    for s in 0..<keys {
                        let key = (shared * keys + s) * width
                        var product = 0.0
                        for e in 0..<width { product += q[row * width + e] * k[key + e] }
                        let weight = exp(scale * product + bias[row * keys + s])
                        total += weight
                        for e in 0..<width { output[e] += weight * v[key + e] }
                    }
                    result += output.map { $0 / total }
                }
            }
        }
        return result
    }

    static func inputs(_ each: AttentionCase, dtype: Int32) throws -> (q: T, k: T, v: T, mask: T?, bias: [Double]) {
        let stream = try Stream(seed: 21)
        let b = Int64(batch)
        let s = Int64(keys)
        let e = Int64(width)
        let t = Int64(each.queries)
        let q = try stream.normal([b, Int64(each.queryHeads), t, e], dtype: dtype)
        let k = try stream.normal([b, Int64(each.keyHeads), s, e], dtype: dtype)
        let v = try stream.normal([b, Int64(each.keyHeads), s, e], dtype: dtype)
        let rows = batch * each.queryHeads * each.queries
        let zero = [Double](repeating: 0, count: rows * keys)
        switch each.mask {
        case .none: return (q, k, v, nil, zero)
        case .causal:
            return (q, k, v, nil, zero.indices.map { $0 % keys > $0 / keys % each.queries ? -.infinity : 0 })
        case .boolean:
            // Every query sees at least the first key.
            let sees = (0..<(each.queries * keys)).map { $0 % keys == 0 || $0 % 3 == 1 ? 1.0 : 0 }
            let mask = try T(sees, [t, s]).cast(SUTURE_DTYPE_BOOL)
            return (q, k, v, mask, zero.indices.map { sees[$0 % sees.count] == 1 ? 0 : -.infinity })
        case .additive:
            let mask = try stream.normal([b, Int64(each.queryHeads), t, s], dtype: dtype)
            return (q, k, v, mask, try mask.values)
        case .boolOverKeys:
            let sees = [1.0, 1, 0, 1, 0, 1, 0, 0, 1, 1]  // [batch, 1, 1, keys]: padding
            let mask = try T(sees, [b, 1, 1, s]).cast(SUTURE_DTYPE_BOOL)
            let perBatch = each.queryHeads * each.queries * keys
            return (q, k, v, mask, zero.indices.map { sees[$0 / perBatch * keys + $0 % keys] == 1 ? 0 : -.infinity })
        }
    }

    static func run(_ each: AttentionCase, _ q: T, _ k: T, _ v: T, _ mask: T?) throws -> T {
        try T.make {
            api.attention(q.handle, k.handle, v.handle, mask?.handle, each.mask == .causal ? 1 : 0, each.scale, $0)
        }
    }

    @Test("attention equals the plain formula, with and without masks, with shared heads", arguments: AttentionCase.all)
    func equalsPlainFormula(_ each: AttentionCase) throws {
        for (dtype, tolerance) in [(SUTURE_DTYPE_F64, closeInF64), (SUTURE_DTYPE_F32, closeInF32)] {
            let (q, k, v, mask, bias) = try Self.inputs(each, dtype: dtype)
            let result = try Self.run(each, q, k, v, mask)
            #expect(result.shape == q.shape)
            #expect(try areClose(result.values, Self.plain(each, q.values, k.values, v.values, bias: bias), tolerance))
        }
    }

    @Test("attention gives the same numbers while gradients are recorded", arguments: AttentionCase.all)
    func sameWithGradients(_ each: AttentionCase) throws {
        let (q, k, v, mask, _) = try Self.inputs(each, dtype: SUTURE_DTYPE_F64)
        let recorded = try Self.run(each, q.leaf(), k.leaf(), v.leaf(), mask)
        #expect(try areClose(recorded.values, Self.run(each, q, k, v, mask).values))
    }

    @Test("a query that may see no key gets zeros, and passes no gradient on")
    func seesNothing() throws {
        let q = try Stream(seed: 1).normal([1, 2, 2, 8]).leaf()
        let masks = try [
            T([1, 1, 0, 0], [2, 2]).cast(SUTURE_DTYPE_BOOL), T([0, 0, -.infinity, -.infinity], [2, 2]),
        ]
        for mask in masks {
            let result = try T.make { api.attention(q.handle, q.handle, q.handle, mask.handle, 0, 0, $0) }
            let blind = try result.slice(2, 1, 2)
            #expect(try blind.values.allSatisfy { $0 == 0 })
            #expect(try blind.gradients([q])[0]?.values.allSatisfy { $0 == 0 } == true)
        }
    }

    @Test("shapes that do not fit together are named")
    func badShapes() throws {
        let q = try full(SUTURE_DTYPE_F32, [1, 3, 2, 4], 1)
        let k = try full(SUTURE_DTYPE_F32, [1, 2, 2, 4], 1)
        let heads = failure { _ = try T.make { api.attention(q.handle, k.handle, k.handle, nil, 0, 0, $0) } }
        #expect(heads?.code == SUTURE_INVALID_ARGUMENT)
        #expect(heads?.message.contains("heads") == true)
        let flat = try full(SUTURE_DTYPE_F32, [2, 4], 1)
        #expect(
            failure { _ = try T.make { api.attention(flat.handle, flat.handle, flat.handle, nil, 0, 0, $0) } }?.code
                == SUTURE_INVALID_ARGUMENT)
    }

    @Test("causal attention with a mask, or over a longer list of keys, is refused")
    func causalRefusals() throws {
        let q = try full(SUTURE_DTYPE_F32, [1, 2, 1, 4], 1)
        let k = try full(SUTURE_DTYPE_F32, [1, 2, 3, 4], 1)
        let mask = try full(SUTURE_DTYPE_BOOL, [1, 1], 1)
        #expect(
            failure { _ = try T.make { api.attention(q.handle, q.handle, q.handle, mask.handle, 1, 0, $0) } }?.code
                == SUTURE_INVALID_ARGUMENT)
        let cached = failure { _ = try T.make { api.attention(q.handle, k.handle, k.handle, nil, 1, 0, $0) } }
        #expect(cached?.code == SUTURE_INVALID_ARGUMENT)
        #expect(cached?.hint.contains("mask") == true)
    }
}

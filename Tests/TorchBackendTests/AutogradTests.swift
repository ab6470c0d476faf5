// SPDX-License-Identifier: Apache-2.0
import CSuture
import Foundation
import Testing

@Suite struct AutogradTests {
    /// A small network with norms, shared-head attention, an MLP and a loss: every piece that a transformer has.
    struct Network {
        let x: T, targets: T
        var parameters: [T]

        static let shapes: [[Int64]] = [[4], [8, 4], [4], [6, 4], [3, 6], [3]]

        init() throws {
            let stream = try Stream(seed: 31)
            x = try stream.normal([1, 5, 4])
            targets = try T(ints: [0, 2, 1, 2, 0])
            parameters = try Self.shapes.map { try stream.normal($0) }
        }

        func loss(_ p: [T]) throws -> T {
            let normed = try T.make { api.rms_norm(x.handle, p[0].handle, 1e-6, $0) }
            // Queries of two heads of width 2; keys and values of one head.
            let projected = try T.make { api.linear(normed.handle, p[1].handle, nil, $0) }
            let q = try projected.slice(-1, 0, 4).reshape([1, 5, 2, 2]).transpose(1, 2)
            let k = try projected.slice(-1, 4, 6).along(SUTURE_UNSQUEEZE, 1)
            let v = try projected.slice(-1, 6, 8).along(SUTURE_UNSQUEEZE, 1)
            let mixed = try T.make { api.attention(q.handle, k.handle, v.handle, nil, 1, 0, $0) }
            let stream = try mixed.transpose(1, 2).reshape([1, 5, 4]).binary(SUTURE_ADD, x)
            let second = try T.make { api.layer_norm(stream.handle, p[2].handle, nil, 1e-5, $0) }
            let inner = try T.make { api.linear(second.handle, p[3].handle, nil, $0) }.unary(SUTURE_GELU_TANH)
            let logits = try T.make { api.linear(inner.handle, p[4].handle, p[5].handle, $0) }.reshape([5, 3])
            return try T.make { api.cross_entropy(logits.handle, targets.handle, SUTURE_REDUCTION_MEAN, -100, $0) }
        }
    }

    @Test("the gradients of a small network equal central differences in float64")
    func finiteDifferences() throws {
        let network = try Network()
        let leaves = try network.parameters.map { try $0.leaf() }
        try network.loss(leaves).backward()
        let step = 1e-5
        // A central difference errs by step² / 6 times a third derivative, and by 1e-16 / step of rounding.
        let tolerance = 1e-8
        for (i, leaf) in leaves.enumerated() {
            let gradient = try #require(try leaf.gradient).values
            let centre = try leaf.values
            for j in centre.indices {
                func moved(_ by: Double) throws -> Double {
                    var values = centre
                    values[j] += by
                    var parameters = network.parameters
                    parameters[i] = try T(values, Network.shapes[i])
                    return try network.loss(parameters).value
                }
                let difference = try (moved(step) - moved(-step)) / (2 * step)
                #expect(abs(gradient[j] - difference) < tolerance, "parameter \(i), element \(j)")
            }
        }
    }

    @Test("backward and gradients give the same numbers")
    func backwardEqualsGradients() throws {
        let network = try Network()
        let leaves = try network.parameters.map { try $0.leaf() }
        let found = try network.loss(leaves).gradients(leaves)
        for leaf in leaves { #expect(try leaf.gradient == nil, "gradients accumulate nothing") }
        try network.loss(leaves).backward()
        for (leaf, gradient) in zip(leaves, found) { #expect(try leaf.gradient?.values == gradient?.values) }
    }

    @Test("a second backward adds to the gradients of the first")
    func accumulation() throws {
        let leaf = try T([1, 2]).leaf()
        let loss = try leaf.unary(SUTURE_SQUARE).reduce(SUTURE_SUM)
        try loss.backward(keepsGraph: true)
        try loss.backward()
        #expect(try leaf.gradient?.values == [4, 8])
    }

    @Test("a graph that was not kept cannot be used again, and the error says what to do")
    func graphIsGone() throws {
        let leaf = try T([1, 2]).leaf()
        let loss = try leaf.unary(SUTURE_SQUARE).reduce(SUTURE_SUM)
        try loss.backward()
        let error = failure { try loss.backward() }
        #expect(error?.code == SUTURE_FAILED_PRECONDITION)
        #expect(error?.hint.contains("keep the graph") == true)
    }

    @Test("the gradient of what the output does not depend on is missing")
    func unused() throws {
        let used = try T([3]).leaf()
        let unused = try T([4]).leaf()
        let found = try used.unary(SUTURE_SQUARE).gradients([unused, used])
        #expect(found[0] == nil)
        #expect(try found[1]?.values == [6])
    }

    @Test("gradients of an output with many elements are those of its sum")
    func sumOfOutputs() throws {
        let leaf = try T([1, 2, 3]).leaf()
        #expect(try leaf.unary(SUTURE_SQUARE).gradients([leaf])[0]?.values == [2, 4, 6])
    }

    @Test("gradients can be taken with respect to an inner tensor")
    func innerTensor() throws {
        let leaf = try T([1, 2]).leaf()
        let inner = try leaf.number(SUTURE_MULTIPLY, 3)
        #expect(
            try inner.unary(SUTURE_SQUARE).gradients([inner, leaf], keepsGraph: true).map { try $0?.values } == [
                [6, 12], [18, 36],
            ])
    }

    @Test("a tensor without a graph, or with many elements, has no backward")
    func backwardRefuses() throws {
        #expect(failure { try T([1]).backward() }?.code == SUTURE_FAILED_PRECONDITION)
        #expect(failure { try T([1, 2]).leaf().unary(SUTURE_EXP).backward() }?.code == SUTURE_INVALID_ARGUMENT)
        let a = try T([1])
        let leaf = try T([1]).leaf()
        #expect(failure { _ = try leaf.unary(SUTURE_EXP).gradients([a]) }?.message.contains("input 0") == true)
    }

    @Test("only floating-point tensors can require a gradient")
    func integerLeaf() {
        #expect(failure { _ = try T(ints: [1]).leaf() }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("a leaf shares its data, is outside the graph, and may require no gradient")
    func leaf() throws {
        let a = try T([1, 2]).leaf()
        let inner = try a.number(SUTURE_MULTIPLY, 2)
        let cut = try inner.leaf()
        #expect(cut.info.requires_gradient == 1)
        try cut.reduce(SUTURE_SUM).backward()
        #expect(try a.gradient == nil)
        try cut.assign(T([7, 8]))
        #expect(try inner.values == [7, 8])
        #expect(try a.leaf(false).info.requires_gradient == 0)
        #expect(try a.unary(SUTURE_DETACH).info.requires_gradient == 0)
        #expect(try inner.gradient == nil, "an inner tensor has no accumulated gradient")
    }

    @Test("assigning changes the data and not the graph")
    func assign() throws {
        let leaf = try T([1, 2]).leaf()
        try leaf.assign(T([3, 4]))
        #expect(leaf.info.requires_gradient == 1)
        try leaf.unary(SUTURE_SQUARE).reduce(SUTURE_SUM).backward()
        #expect(try leaf.gradient?.values == [6, 8])
    }

    @Test("assigning another shape or dtype is refused, and names both")
    func assignRefuses() throws {
        let a = try T([1, 2])
        #expect(failure { try a.assign(T([1])) }?.code == SUTURE_INVALID_ARGUMENT)
        let error = failure { try a.assign(T([1, 2], dtype: SUTURE_DTYPE_F32)) }
        #expect(error?.message.contains("Double [2]") == true)
        #expect(error?.message.contains("Float [2]") == true)
        #expect(try a.values == [1, 2])
    }

    @Test("without recording nothing requires a gradient, and the mode that was in force comes back")
    func gradientMode() throws {
        let leaf = try T([1]).leaf()
        #expect(api.set_gradient_mode(0) == 1)
        let silent = try leaf.unary(SUTURE_EXP)
        #expect(api.set_gradient_mode(1) == 0)
        #expect(silent.info.requires_gradient == 0)
        #expect(try leaf.unary(SUTURE_EXP).info.requires_gradient == 1)
    }

    @Test("the gradient mode belongs to its thread")
    func gradientModePerThread() {
        let outer = api.set_gradient_mode(0)
        defer { _ = api.set_gradient_mode(outer) }
        nonisolated(unsafe) var other: Int32 = -1  // written by the thread, read after it has signalled
        let done = DispatchSemaphore(value: 0)
        Thread {
            other = api.set_gradient_mode(1)
            done.signal()
        }.start()
        done.wait()
        #expect(other == 1)
        #expect(api.set_gradient_mode(0) == 0)
    }
}

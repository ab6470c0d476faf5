// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import TNT

@Suite("The loss of negative training")
struct NegativeLossTests {
    init() throws { try TestHost.install() }

    private static let variants = ["TNFF", "TNRR", "TNRF", "TNFLL", "TNRLL"]

    private static func loss(_ name: String, alpha: Double, epsilon: Double = 1e-6) throws -> NegativeLoss {
        if let variant = Variant(rawValue: name) { return variant.loss(alpha: alpha, epsilon: epsilon) }
        let parts = name.split(separator: "+")
        let marked: NegativeLoss.Term = parts[0] == "UL" ? .unlikelihood : .negativeLikelihood
        return NegativeLoss(marked: marked, rest: parts.count > 1 ? .likelihood : nil, alpha: alpha, epsilon: epsilon)
    }

    /// The loss of every sequence and its gradient in the logits.
    private func run(
        _ loss: NegativeLoss, original: Tensor, current: Tensor, tokens: [Int], weights: [Int]
    ) throws -> (value: Double, gradient: Tensor) {
        let leaf = try current.clone().leaf()
        let value = try loss(original: original, current: leaf, tokens: Tensor(tokens), weights: Tensor(weights))
        let gradient = try value.requiresGradient ? value.gradients(of: [leaf])[0] : nil
        return (try value.detached().item(), try gradient ?? Tensor.zeros(current.shape))
    }

    // MARK: Against values from elsewhere

    struct Vector: Sendable, CustomStringConvertible {
        var name: String
        var weights: [[Int]]
        var scores: [Double: [Double]]
        var description: String { name }
    }

    @Test(
        "The loss has the values of the published unit tests",
        arguments: [
            Vector(
                name: "UL+LL", weights: [[1, 1, -1, 0], [1, -1, 1, -1]],
                scores: [1: [-2.09589, -6.19023], 0.5: [-1.95555, -5.50272]]),
            Vector(
                name: "NL+LL", weights: [[1, 1, -1, 0], [1, -1, 1, -1]],
                scores: [1: [-0.40761, -3.00000], 0.5: [-1.11141, -3.90761]]),
            Vector(
                name: "TNFF", weights: [[0, 0, 0, 0], [1, -1, 1, -1]],
                scores: [1: [0, -3.98735], 0.5: [0, -2.82607]]),
            Vector(
                name: "TNFLL", weights: [[1, 1, -1, 0], [0, 0, 0, 0]],
                scores: [1: [-2.46122, 0], 0.5: [-2.13822, 0]]),
            Vector(
                name: "TNRR", weights: [[1, 1, -1, 0], [1, -1, 1, -1]],
                scores: [1: [-2.82458, -11.37773], 0.5: [-1.41229, -5.68886]]),
            Vector(
                name: "TNRLL", weights: [[1, 1, -1, 0], [0, 0, 0, 0]],
                scores: [1: [-4.63980, 0], 0.5: [-3.22751, 0]]),
            Vector(
                name: "TNRF", weights: [[0, 0, 0, 0], [1, -1, 1, -1]],
                scores: [1: [0, -13.04252], 0.5: [0, -7.35366]]),
        ])
    func publishedValues(vector: Vector) throws {
        let tokens = [[1, 2, 1, 0], [0, 1, 0, 2]]
        for (alpha, expected) in vector.scores {
            let loss = try NegativeLossTests.loss(vector.name, alpha: alpha)
            for row in 0..<2 {
                let numbers = (12 * row..<12 * row + 12).map { Float($0) }
                let logits = try Tensor(numbers, shape: [4, 3])
                let found = try run(
                    loss, original: logits, current: logits, tokens: tokens[row], weights: vector.weights[row])
                #expect(abs(-found.value - expected[row]) < 1e-4, "sequence \(row), alpha \(alpha)")
            }
        }
    }

    private struct Golden: Decodable {
        struct Case: Decodable {
            var name: String
            var alpha: Double
            var epsilon: Double
            var loss: Double
            var gradient: [Double]
        }
        var shape: [Int]
        var original: [Float]
        var current: [Float]
        var tokens: [Int]
        var weights: [Int]
        var cases: [Case]
    }

    @Test("Loss and gradient are those of the same formulas in PyTorch, extreme predictions included")
    func golden() throws {
        let file = try GoldenFile.url(
            "Tests/MethodTests/TNT/Golden/losses.json", madeBy: "Tests/MethodTests/TNT/Golden/make_golden.py")
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
        let original = try Tensor(golden.original, shape: golden.shape)
        let current = try Tensor(golden.current, shape: golden.shape)
        #expect(golden.cases.count == 18)
        for known in golden.cases {
            let found = try run(
                try NegativeLossTests.loss(known.name, alpha: known.alpha, epsilon: known.epsilon), original: original,
                current: current, tokens: golden.tokens, weights: golden.weights)
            let scale = max(abs(known.loss), 1)
            #expect(abs(found.value - known.loss) < 1e-5 * scale, "\(known.name), alpha \(known.alpha)")
            let gradient = try Tensor(known.gradient, shape: golden.shape)
            #expect(try distance(found.gradient, gradient) < 1e-5, "\(known.name), alpha \(known.alpha)")
        }
    }

    // MARK: Invariants

    /// Predictions of two models at three positions, the same tokens marked or not.
    private static let logits: [[Float]] = [[0.3, -1, 2, 0.1, 0.7], [1, 1.5, -0.5, 0, 0.2], [-2, 0.4, 0, 1.1, 0.9]]
    private func original() throws -> Tensor { try Tensor(NegativeLossTests.logits.flatMap { $0 }, shape: [3, 5]) }

    @Test("A target is a distribution without the marked token in which all others keep their odds")
    func target() throws {
        let loss = try NegativeLossTests.loss("TNFF", alpha: 1)
        let q = try loss.targets(original(), tokens: [[2], [0], [3]], weights: [-1, -1, 1]).values.scalars(
            as: Double.self)
        let p = try original().softmax().scalars(as: Double.self)
        for (row, marked) in [2, 0, nil].enumerated() {
            let (q, p) = (Array(q[row * 5..<row * 5 + 5]), Array(p[row * 5..<row * 5 + 5]))
            #expect(abs(q.reduce(0, +) - 1) < 1e-6)
            if let marked { #expect(q[marked] == 0) }
            let kept = (0..<5).filter { $0 != marked }
            for u in kept { #expect(abs(q[u] / q[kept[0]] - p[u] / p[kept[0]]) < 1e-5) }
        }
    }

    @Test("A model that is the original and has nothing marked is left alone, but for likelihood", arguments: variants)
    func nothingMarked(name: String) throws {
        let found = try run(
            try NegativeLossTests.loss(name, alpha: 1e4), original: original(), current: original(),
            tokens: [2, 0, 3], weights: [1, 1, 1])
        let largest = try found.gradient.abs().max().item()
        // Smoothing moves the target by no more than 5 · 1e-6.
        if name.hasSuffix("LL") { #expect(largest > 0.1) } else { #expect(largest < 1e-5) }
    }

    @Test("The first step of TNFF at a marked token is that of unlikelihood")
    func firstStep() throws {
        let gradients = try ["TNFF", "UL"].map { name in
            try run(
                try NegativeLossTests.loss(name, alpha: 7), original: original(), current: original(),
                tokens: [2, 0, 3], weights: [-1, 0, -1]
            ).gradient
        }
        #expect(try distance(gradients[0], gradients[1]) < 1e-5)
        #expect(try gradients[0].abs().max().item() > 1)
    }

    /// What a single free prediction becomes.
    private func converge(_ loss: NegativeLoss, from start: Tensor, tokens: [Int], weights: [Int]) throws -> Tensor {
        let leaf = try start.clone().leaf()
        // The probability of a token that is to vanish falls as one over the steps.
        let descent = try Optimizer(.sgd(learningRate: 2), leaves: [leaf])
        for _ in 0..<1500 {
            try descent.zeroGradients()
            try loss(original: start, current: leaf, tokens: Tensor(tokens), weights: Tensor(weights)).backward()
            try descent.step()
        }
        return try leaf.detached().softmax()
    }

    @Test("A free prediction trained by TNFF becomes the target; negative likelihood does not bring it there")
    func convergence() throws {
        let start = try original()[0..<1]
        let loss = try NegativeLossTests.loss("TNFF", alpha: 1)
        let target = try loss.targets(start, tokens: [[2]], weights: [-1]).values
        let reached = try converge(loss, from: start, tokens: [2], weights: [-1])
        #expect(try distance(reached, target) < 1e-3)
        let pushed = try converge(
            try NegativeLossTests.loss("NL", alpha: 1), from: start, tokens: [2], weights: [-1])
        #expect(try distance(pushed, target) > 1e-2)
    }

    @Test(
        "Ignored positions contribute exactly nothing, whatever they hold", arguments: variants + ["UL+LL", "NL+LL"])
    func padding(name: String) throws {
        let loss = try NegativeLossTests.loss(name, alpha: 3)
        let current = try original() * 0.5
        let alone = try run(
            loss, original: original()[0..<2], current: current[0..<2], tokens: [2, 0], weights: [-1, 1])
        let bad = try Tensor([Float](repeating: .nan, count: 5), shape: [1, 5])
        let padded = try run(
            loss, original: Tensor.concatenated([original()[0..<2], bad]),
            current: Tensor.concatenated([current[0..<2], bad]), tokens: [2, 0, 3], weights: [-1, 1, 0])
        #expect(padded.value == alone.value)
        #expect(try padded.gradient[0..<2].equal(alone.gradient).all().item() == 1)
    }

    @Test("Removing one token and then another leads where removing both at once does, in either order")
    func removalCommutes() throws {
        let loss = try NegativeLossTests.loss("TNFF", alpha: 1)
        func removing(_ tokens: [Int], from logits: Tensor) throws -> Tensor {
            var logits = logits
            for token in tokens {
                logits = try loss.targets(logits, tokens: [[token]], weights: [-1]).values.log()
            }
            return try logits.exp()
        }
        let start = try original()[1..<2]
        let both = try removing([0, 1], from: start)
        #expect(try distance(both, removing([1, 0], from: start)) < 1e-6)
        let p = try start.softmax().scalars(as: Double.self)
        let expected = p.enumerated().map { $0.offset < 2 ? 0 : $0.element / (1 - p[0] - p[1]) }
        #expect(try distance(both, Tensor(expected, shape: [1, 5])) < 1e-6)
    }

    @Test("A marked token of which the original is all but certain is counted, and gives a finite loss")
    func certainToken() throws {
        let logits = try Tensor([Float](arrayLiteral: 60, 0, 0, 1), shape: [1, 4])
        let loss = try NegativeLossTests.loss("TNFF", alpha: 1)
        #expect(try loss.targets(logits, tokens: [[0]], weights: [-1]).clampedCount == 1)
        #expect(try loss.targets(logits, tokens: [[1]], weights: [-1]).clampedCount == 0)
        #expect(try run(loss, original: logits, current: logits, tokens: [0], weights: [-1]).value.isFinite)
    }
}

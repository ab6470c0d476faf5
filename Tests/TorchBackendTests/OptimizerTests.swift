// SPDX-License-Identifier: Apache-2.0
import CSuture
import Foundation
import TestSupport
import Testing

/// An optimiser that ends itself.
final class Optimizer {
    let handle: OpaquePointer

    init(_ kind: Int32, _ leaves: [T], _ change: (inout suture_optimizer_options) -> Void) throws {
        var options = suture_optimizer_options()
        options.struct_size = MemoryLayout<suture_optimizer_options>.size
        (options.learning_rate, options.beta1, options.beta2, options.epsilon) = (0.1, 0.9, 0.999, 1e-8)
        change(&options)
        var out: OpaquePointer?
        try check(api.optimizer_new(kind, leaves.map(\.handle), Int64(leaves.count), &options, &out))
        handle = out!  // set on success, says the contract
    }
    deinit { api.optimizer_release(handle) }

    func step() throws { try check(api.optimizer_step(handle)) }
    func zero() throws { try check(api.optimizer_zero(handle)) }
    func setRate(_ rate: Double) throws { try check(api.optimizer_set_rate(handle, rate)) }
}

/// Golden/optimizers.json, made by Golden/make_golden.py.
struct GoldenTrajectories: Decodable {
    struct Run: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let kind: String
        let dtype: String
        let options: [String: Double]
        let rates: [Double]
        let trajectory: [[Double]]
        var testDescription: String { "\(name), \(dtype)" }
    }
    let torch: String
    let start: [Double]
    let target: [Double]
    let runs: [Run]

    static func load() throws -> GoldenTrajectories {
        let file = try GoldenFile.url(
            "Tests/TorchBackendTests/Golden/optimizers.json", madeBy: "Tests/TorchBackendTests/Golden/make_golden.py")
        return try JSONDecoder().decode(GoldenTrajectories.self, from: Data(contentsOf: file))
    }
}

@Suite struct OptimizerTests {
    static let kinds = ["adam": SUTURE_OPTIMIZER_ADAM, "adamw": SUTURE_OPTIMIZER_ADAMW, "sgd": SUTURE_OPTIMIZER_SGD]

    /// sum((p - target)² + 0.1 p⁴)
    static func loss(_ p: T, _ target: T) throws -> T {
        let distance = try p.binary(SUTURE_SUBTRACT, target).unary(SUTURE_SQUARE)
        return try distance.binary(SUTURE_ADD, p.number(SUTURE_POWER, 4).number(SUTURE_MULTIPLY, 0.1)).reduce(
            SUTURE_SUM)
    }

    @Test("an optimiser goes the way that PyTorch's goes, step by step", arguments: try GoldenTrajectories.load().runs)
    func golden(_ run: GoldenTrajectories.Run) throws {
        let dtype = run.dtype == "float64" ? SUTURE_DTYPE_F64 : SUTURE_DTYPE_F32
        // float32 sums in another order may differ by a few roundings a step.
        let tolerance = dtype == SUTURE_DTYPE_F64 ? closeInF64 : closeInF32
        let golden = try GoldenTrajectories.load()
        let p = try T(golden.start, dtype: dtype).leaf()
        let target = try T(golden.target, dtype: dtype)
        let optimizer = try Optimizer(try #require(Self.kinds[run.kind]), [p]) { options in
            if let value = run.options["beta1"] { options.beta1 = value }
            if let value = run.options["beta2"] { options.beta2 = value }
            if let value = run.options["eps"] { options.epsilon = value }
            if let value = run.options["weight_decay"] { options.weight_decay = value }
            if let value = run.options["momentum"] { options.momentum = value }
        }
        for (rate, expected) in zip(run.rates, run.trajectory) {
            try optimizer.setRate(rate)
            try optimizer.zero()
            try Self.loss(p, target).backward()
            try optimizer.step()
            #expect(try areClose(p.values, expected, tolerance))
        }
    }

    @Test("options that end before their first fields are refused by name")
    func shortOptions() throws {
        let p = try T([1]).leaf()
        let refusal = failure {
            _ = try Optimizer(SUTURE_OPTIMIZER_SGD, [p]) { options in options.struct_size = MemoryLayout<Int>.size + 8 }
        }
        #expect(refusal?.code == SUTURE_INVALID_ARGUMENT)
        #expect(refusal?.message.contains("struct_size of suture_optimizer_options is 16") == true)
    }

    @Test("zeroing takes the gradients away")
    func zero() throws {
        let p = try T([1]).leaf()
        let optimizer = try Optimizer(SUTURE_OPTIMIZER_SGD, [p]) { _ in }
        try p.unary(SUTURE_SQUARE).backward()
        #expect(try p.gradient != nil)
        try optimizer.zero()
        #expect(try p.gradient == nil)
        try optimizer.step()
        #expect(try p.values == [1])
    }

    @Test("an optimiser keeps its leaves alive")
    func retains() throws {
        var p: T? = try T([1]).leaf()
        let optimizer = try Optimizer(SUTURE_OPTIMIZER_SGD, [try #require(p)]) { _ in }
        try p?.unary(SUTURE_SQUARE).backward()
        p = nil
        try optimizer.step()
    }

    @Test("an optimiser refuses what is not a leaf, rates below zero, and kinds that it does not know")
    func refusals() throws {
        let p = try T([1]).leaf()
        #expect(
            failure { _ = try Optimizer(SUTURE_OPTIMIZER_ADAM, [T([1])]) { _ in } }?.code == SUTURE_INVALID_ARGUMENT)
        #expect(
            failure { _ = try Optimizer(SUTURE_OPTIMIZER_ADAM, [p, p.unary(SUTURE_EXP)]) { _ in } }?.message
                .contains("tensor 1") == true)
        #expect(failure { _ = try Optimizer(SUTURE_OPTIMIZER_ADAM, []) { _ in } }?.code == SUTURE_INVALID_ARGUMENT)
        #expect(
            failure { _ = try Optimizer(SUTURE_OPTIMIZER_ADAM, [p]) { $0.learning_rate = -1 } }?.code
                == SUTURE_INVALID_ARGUMENT)
        #expect(
            failure { try Optimizer(SUTURE_OPTIMIZER_ADAM, [p]) { _ in }.setRate(.nan) }?.code
                == SUTURE_INVALID_ARGUMENT)
        let unknown = failure { _ = try Optimizer(99, [p]) { _ in } }
        #expect(unknown?.code == SUTURE_UNIMPLEMENTED)
        #expect(unknown?.message.contains("the optimiser 99") == true)
    }
}

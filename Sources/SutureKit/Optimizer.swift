// SPDX-License-Identifier: Apache-2.0

import CSuture

/// Changes leaves along their gradients, as PyTorch's optimiser of the same name does. One thread at a time.
public final class Optimizer {
    /// Which rule, with its settings under their usual names.
    public enum Rule: Sendable {
        /// Adam (Kingma and Ba 2015), without weight decay.
        case adam(learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
        /// Weight decay is decoupled from the gradient.
        case adamW(
            learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
            weightDecay: Double = 0.01)
        /// Gradient descent with momentum. The weight, times the weight decay, is added to the gradient.
        case sgd(learningRate: Double, momentum: Double = 0, weightDecay: Double = 0)
    }

    private let handle: OpaquePointer
    private let table: UnsafePointer<suture_tensor_api>

    /// - Parameter leaves: tensors made by ``Tensor/leaf(requiresGradient:)``. They are changed in place.
    public init(_ rule: Rule, leaves: [Tensor]) throws(SutureError) {
        let table = try Host.tables().tensor
        self.table = table
        var options = suture_optimizer_options()
        options.struct_size = MemoryLayout<suture_optimizer_options>.size
        let kind: Int32
        switch rule {
        case .adam(let rate, let beta1, let beta2, let epsilon):
            kind = SUTURE_OPTIMIZER_ADAM
            (options.learning_rate, options.beta1, options.beta2, options.epsilon) = (rate, beta1, beta2, epsilon)
        case .adamW(let rate, let beta1, let beta2, let epsilon, let decay):
            kind = SUTURE_OPTIMIZER_ADAMW
            (options.learning_rate, options.beta1, options.beta2, options.epsilon) = (rate, beta1, beta2, epsilon)
            options.weight_decay = decay
        case .sgd(let rate, let momentum, let decay):
            kind = SUTURE_OPTIMIZER_SGD
            (options.learning_rate, options.momentum, options.weight_decay) = (rate, momentum, decay)
        }
        var out: OpaquePointer?
        let error = leaves.map(\.handle).withUnsafeBufferPointer { handles -> OpaquePointer? in
            guard let base = handles.baseAddress else { return nil }
            return table.pointee.optimizer_new(kind, base, Int64(leaves.count), &options, &out)
        }
        try Host.check(error)
        guard let out else { throw SutureError(.invalidArgument, "an optimiser needs at least one tensor") }
        handle = out
    }

    deinit { table.pointee.optimizer_release(handle) }

    /// One update from the gradients that are there.
    public func step() throws(SutureError) { try Host.check(table.pointee.optimizer_step(handle)) }
    /// Forgets the gradients. Call it before each backward pass.
    public func zeroGradients() throws(SutureError) { try Host.check(table.pointee.optimizer_zero(handle)) }
    /// Changes the learning rate of the steps to come.
    public func setLearningRate(_ rate: Double) throws(SutureError) {
        try Host.check(table.pointee.optimizer_set_rate(handle, rate))
    }
}

/// A stream of random numbers that depends on its seed alone. One thread at a time.
public final class RandomNumbers {
    private let handle: OpaquePointer
    private let table: UnsafePointer<suture_tensor_api>

    /// A stream that begins at a seed. Equal seeds give equal numbers on one device.
    public init(seed: Int) throws(SutureError) {
        table = try Host.tables().tensor
        var out: OpaquePointer?
        try Host.check(table.pointee.generator_new(Int64(seed), &out))
        guard let out else { throw SutureError(.internal, "the host returned no generator and no error") }
        handle = out
    }

    deinit { table.pointee.generator_release(handle) }

    /// Uniform in [low, high).
    public func uniform(
        _ shape: [Int], _ low: Double = 0, _ high: Double = 1, dtype: DType = .float32, device: Device = .cpu
    ) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            Tensor.withSpec(shape, dtype, device) { table.pointee.uniform(handle, $0, low, high, out) }
        }
    }
    /// Normal with this mean and standard deviation.
    public func normal(
        _ shape: [Int], mean: Double = 0, deviation: Double = 1, dtype: DType = .float32, device: Device = .cpu
    ) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            Tensor.withSpec(shape, dtype, device) { table.pointee.normal(handle, $0, mean, deviation, out) }
        }
    }
    /// 0 ..< n in random order, int64 `[n]`.
    public func permutation(_ n: Int) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.permutation(handle, Int64(n), out) }
    }
    /// Draws with replacement by weight: `[.., k]` to int64 `[.., count]`.
    public func multinomial(_ weights: Tensor, count: Int = 1) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.multinomial(handle, weights.handle, Int64(count), out) }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// A weight matrix with its bias. Orientation `[out, in]`, whatever the checkpoint stores.
struct Linear: Sendable {
    var weight: Tensor
    var bias: Tensor?

    func callAsFunction(_ x: Tensor) throws(SutureError) -> Tensor { try x.linear(weight, bias: bias) }
}

/// A norm's weight and, for layer norms, bias.
struct NormWeights: Sendable {
    var weight: Tensor
    var bias: Tensor?
}

/// The weights of a model by checkpoint name, in one type on one device, plus the changes of an overlay. Immutable.
public struct ModelWeights: Sendable {
    /// Checkpoint name → tensor; projections `[out, in]`.
    private var tensors: [String: Tensor]
    /// Names whose tensor is the transpose of what the file stores.
    public let transposed: Set<String>
    /// What this checkpoint puts in front of names.
    public let prefix: String
    /// Checkpoint names, ascending.
    public let names: [String]

    /// Whether the embedding is the projection to the logits too, and how it is called.
    let tiesHead: Bool
    let embeddingName: String
    /// What this checkpoint calls the projection to the logits, without ".weight".
    let headName: String

    /// Maps the tensors of a layout. Weights that are stored in `dtype` and stay on the CPU are looked at where the file is
    /// mapped; others are converted, into memory that nobody can write. Every number is looked at once.
    ///
    /// - Throws: `notFinite` for a weight with numbers that are not finite.
    init(_ checkpoint: Checkpoint, _ layout: WeightLayout, dtype: DType, device: Device) throws {
        prefix = layout.prefix
        tiesHead = layout.tiesHead
        embeddingName = layout.embeddingName
        headName = layout.headName
        var tensors: [String: Tensor] = [:]
        var transposed: Set<String> = []
        for need in layout.needs {
            let stored = try ModelWeights.tensor(checkpoint, try checkpoint.entry(need.name))
            let isAsStored = stored.dtype == dtype && device == .cpu
            var tensor = isAsStored ? stored : try stored.cast(to: dtype, device: device).protected()
            guard try tensor.hasFiniteNumbers() else {
                throw try ModelWeights.notFinite(need.name, stored, as: dtype, in: checkpoint)
            }
            if need.isTransposed {
                tensor = try tensor.transposed()
                transposed.insert(need.name)
            }
            tensors[need.name] = tensor
        }
        self.tensors = tensors
        self.transposed = transposed
        self.names = tensors.keys.sorted()
    }

    /// Looks at every number of a layout's tensors, in the type that a run would use.
    ///
    /// - Throws: `notFinite`.
    static func checkNumbers(_ checkpoint: Checkpoint, _ layout: WeightLayout, as dtype: DType?) throws {
        for need in layout.needs {
            let stored = try tensor(checkpoint, try checkpoint.entry(need.name))
            let dtype = dtype ?? stored.dtype
            guard try stored.cast(to: dtype).hasFiniteNumbers() else {
                throw try notFinite(need.name, stored, as: dtype, in: checkpoint)
            }
        }
    }

    private static func notFinite(
        _ name: String, _ stored: Tensor, as dtype: DType, in checkpoint: Checkpoint
    ) throws -> ModelError {
        let path = try checkpoint.file(of: name).url.path
        guard try stored.hasFiniteNumbers() else {
            return ModelError(
                .notFinite, "the tensor '\(name)' in '\(path)' has numbers that are not finite (NaN or infinity)",
                hint: "the model was damaged when it was trained, merged or converted; take another copy of it")
        }
        return ModelError(
            .notFinite, "the tensor '\(name)' in '\(path)' has numbers beyond the range of \(dtype)",
            hint: "load the model in bfloat16 or float32")
    }

    /// The numbers of one stored tensor, as stored.
    static func tensor(_ checkpoint: Checkpoint, _ entry: TensorEntry) throws -> Tensor {
        let dtype = DType(stored: entry.dtype)
        let bytes = try checkpoint.bytes(of: entry.name)
        let owner = BytesOwner(bytes)
        return try bytes.withUnsafeBytes { raw in
            // The format promises no alignment; what does not have it is copied.
            if let base = raw.baseAddress, Int(bitPattern: base) % dtype.size == 0 {
                return try Tensor(borrowing: raw, shape: entry.shape, dtype: dtype, owner: owner)
            }
            return try Tensor(bytes: raw, shape: entry.shape, dtype: dtype).protected()
        }
    }

    /// - Throws: `notFound` for a name that this model does not have.
    public func tensor(_ name: String) throws(SutureError) -> Tensor {
        guard let tensor = tensors[name] else {
            throw SutureError(
                .notFound, "the model has no parameter \"\(name)\"",
                hint: "`suture model inspect` lists the parameters")
        }
        return tensor
    }

    func linear(_ base: String, hasBias: Bool) throws(SutureError) -> Linear {
        Linear(
            weight: try tensor(prefix + base + ".weight"), bias: hasBias ? try tensor(prefix + base + ".bias") : nil)
    }

    /// These weights with changes added: `W + Δ`, Δ computed in the type of its parts, the sum in float32 or wider and rounded
    /// once to W's type. Gradients flow through it.
    ///
    /// - Throws: unknown parameters, shapes that do not fit, numbers that are not finite, sums beyond the range of float16.
    func applying(_ deltas: [Delta]) throws(SutureError) -> ModelWeights {
        var result = self
        for delta in deltas {
            let weight = try result.tensor(delta.parameter)
            let change = try Self.change(delta, of: weight)
            let wide = weight.dtype.widened
            let sum = try weight.cast(to: wide) + change.cast(to: wide, device: weight.device)
            result.tensors[delta.parameter] = try Self.rounded(sum, as: weight, delta.parameter)
        }
        return result
    }

    /// These weights with changes added as files of an edited model have them: the sum of all changes of a weight in float64, in
    /// their order, rounded once to its type. They lie where nobody can write them, and no gradient flows through them.
    ///
    /// - Parameter bases: what changes are added to in place of the weights here, by name.
    /// - Throws: as ``applying(_:)``.
    func summing(_ deltas: [Delta], over bases: [String: Tensor]) throws(SutureError) -> ModelWeights {
        var sums: [String: Tensor] = [:]
        for delta in deltas {
            let weight = try tensor(delta.parameter)
            let before = sums[delta.parameter] ?? bases[delta.parameter] ?? weight
            let change = try Self.change(try delta.wide(on: weight.device), of: weight)
            sums[delta.parameter] = try before.cast(to: .float64, device: weight.device) + change
        }
        var result = self
        for (name, sum) in sums {
            result.tensors[name] = try Self.rounded(sum, as: try tensor(name), name).protected(keepsLayout: true)
        }
        return result
    }

    /// These weights, each made into another of the same shape. They lie where nobody can write them.
    func converting(_ body: (_ name: String, _ weight: Tensor) throws -> Tensor) throws -> ModelWeights {
        var result = self
        for name in names { result.tensors[name] = try body(name, try tensor(name)).protected(keepsLayout: true) }
        return result
    }

    /// A change as a matrix.
    private static func change(_ delta: Delta, of weight: Tensor) throws(SutureError) -> Tensor {
        for tensor in delta.tensors where tensor.dtype.isFloatingPoint {
            guard try tensor.isAllFinite() else {
                throw SutureError(
                    .dataLoss, "the change of \(delta.parameter) has numbers that are not finite",
                    hint: "lower the learning rate or the clamp, or raise the regularisation")
            }
        }
        let change = try delta.dense(shape: weight.shape)
        guard change.shape == weight.shape else {
            throw SutureError(
                .invalidArgument,
                "the change of \(delta.parameter) has the shape \(change.shape), the parameter \(weight.shape)",
                hint: "changes are [out, in], whatever the checkpoint stores")
        }
        return change
    }

    private static func rounded(_ sum: Tensor, as weight: Tensor, _ name: String) throws(SutureError) -> Tensor {
        let rounded = try sum.cast(to: weight.dtype)
        // Float16 ends at 65,504.
        if weight.dtype == .float16, try !rounded.isAllFinite() {
            throw SutureError(
                .dataLoss, "the change of \(name) leads beyond the range of float16",
                hint: "load the model in bfloat16 or float32, or make the change smaller")
        }
        return rounded
    }
}

extension Tensor {
    /// True where no number is NaN or infinite.
    fileprivate func hasFiniteNumbers() throws(SutureError) -> Bool {
        // A sum needs no memory, and it is finite only where all of its terms are. It may overflow by itself.
        if try sum().item().isFinite { return true }
        // In parts, so that it needs little memory.
        let largestPart = 1 << 22
        guard shape.count > 1, count > largestPart, shape[0] > 1 else { return try isAllFinite() }
        let rows = Swift.max(1, largestPart / (count / shape[0]))
        for start in stride(from: 0, to: shape[0], by: rows) {
            guard try sliced(0, start..<Swift.min(shape[0], start + rows)).isAllFinite() else { return false }
        }
        return true
    }
}

extension DType {
    /// The type of a stored tensor.
    public init(stored: StoredDtype) {
        switch stored {
        case .float64: self = .float64
        case .float32: self = .float32
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        case .int64: self = .int64
        case .int32: self = .int32
        case .int16: self = .int16
        case .int8: self = .int8
        case .uint8: self = .uint8
        case .bool: self = .bool
        }
    }

    /// The type as files spell it.
    public var stored: StoredDtype {
        switch self {
        case .float64: .float64
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .int64: .int64
        case .int32: .int32
        case .int16: .int16
        case .int8: .int8
        case .uint8: .uint8
        case .bool: .bool
        }
    }
}

/// Keeps mapped bytes alive for a tensor that looks at them.
private final class BytesOwner: Sendable {
    private let bytes: TensorBytes
    init(_ bytes: TensorBytes) { self.bytes = bytes }
}

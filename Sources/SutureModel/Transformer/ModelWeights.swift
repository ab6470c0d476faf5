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

    /// Maps a checkpoint. Weights that are stored in `dtype` and stay on the CPU are looked at where the file is mapped;
    /// others are converted.
    ///
    /// - Throws: a tensor that the family needs and the checkpoint lacks, or one of another shape.
    init(
        _ checkpoint: Checkpoint, _ configuration: ModelConfiguration, dtype: DType, device: Device
    ) throws {
        let architecture = configuration.architecture
        let names = Set(checkpoint.names)
        let embedding = architecture.names.embedding + ".weight"
        prefix = names.contains(architecture.prefix + embedding) ? architecture.prefix : ""
        var tensors: [String: Tensor] = [:]
        var transposed: Set<String> = []
        for need in ModelWeights.needs(of: configuration, prefix: prefix) {
            guard names.contains(need.name) else {
                throw ModelError(
                    .unknownTensor,
                    "\(checkpoint.folder.path) has no tensor \"\(need.name)\", which a \(architecture.modelType) model needs",
                    hint: "check that config.json belongs to these weights")
            }
            let entry = try checkpoint.entry(need.name)
            let isTransposed = architecture.storesTransposed && need.isProjection
            let stored = isTransposed ? Array(need.shape.reversed()) : need.shape
            guard entry.shape == stored else {
                throw ModelError(
                    .sizeMismatch,
                    "the tensor \"\(need.name)\" has the shape \(entry.shape), config.json asks for \(stored)",
                    hint: "check that config.json belongs to these weights")
            }
            var tensor = try ModelWeights.tensor(checkpoint, entry).cast(to: dtype, device: device)
            if isTransposed {
                tensor = try tensor.transposed()
                transposed.insert(need.name)
            }
            tensors[need.name] = tensor
        }
        self.tensors = tensors
        self.transposed = transposed
        self.names = tensors.keys.sorted()
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
            return try Tensor(bytes: raw, shape: entry.shape, dtype: dtype)
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

    /// These weights with changes added: `W + Δ`, Δ computed in the type of its parts and rounded to W's.
    ///
    /// - Throws: unknown parameters, shapes that do not fit, numbers that are not finite.
    func applying(_ deltas: [Delta]) throws(SutureError) -> ModelWeights {
        var result = self
        for delta in deltas {
            let weight = try result.tensor(delta.parameter)
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
            result.tensors[delta.parameter] = try weight + change.cast(to: weight.dtype, device: weight.device)
        }
        return result
    }

    private struct Need {
        var name: String
        var shape: [Int]
        var isProjection = false
    }

    /// Every tensor that a family needs, in the orientation `[out, in]`.
    private static func needs(of c: ModelConfiguration, prefix: String) -> [Need] {
        let names = c.architecture.names
        var needs = [Need(name: prefix + names.embedding + ".weight", shape: [c.vocabulary, c.dModel])]
        func projection(_ base: String, _ shape: [Int], bias: Bool) {
            needs.append(Need(name: prefix + base + ".weight", shape: shape, isProjection: true))
            if bias { needs.append(Need(name: prefix + base + ".bias", shape: [shape[0]])) }
        }
        func norm(_ base: String) {
            needs.append(Need(name: prefix + base + ".weight", shape: [c.dModel]))
            if case .layerNorm = c.architecture.norm {
                needs.append(Need(name: prefix + base + ".bias", shape: [c.dModel]))
            }
        }
        if case .learned(let base) = c.architecture.positions {
            needs.append(Need(name: prefix + base + ".weight", shape: [c.contextLength, c.dModel]))
        }
        let queries = c.headCount * c.dHead
        let keys = c.keyValueHeadCount * c.dHead
        for layer in 0..<c.layerCount {
            func at(_ template: String) -> String { Template.fill(template, with: String(layer)) }
            norm(at(names.attentionNorm))
            if let base = names.mlpNorm { norm(at(base)) }
            switch names.queryKeyValue {
            case .separate(let q, let k, let v):
                projection(at(q), [queries, c.dModel], bias: c.hasQueryKeyValueBias)
                projection(at(k), [keys, c.dModel], bias: c.hasQueryKeyValueBias)
                projection(at(v), [keys, c.dModel], bias: c.hasQueryKeyValueBias)
            case .fusedByPart(let base), .fusedByHead(let base):
                projection(at(base), [queries + 2 * keys, c.dModel], bias: c.hasQueryKeyValueBias)
            }
            projection(at(names.attentionOutput), [c.dModel, queries], bias: c.hasAttentionOutputBias)
            if let gate = names.gate { projection(at(gate), [c.dMLP, c.dModel], bias: c.hasMLPBias) }
            projection(at(names.up), [c.dMLP, c.dModel], bias: c.hasMLPBias)
            projection(at(names.down), [c.dModel, c.dMLP], bias: c.hasMLPBias)
        }
        norm(names.finalNorm)
        if !c.tiesHead {
            // The head's name has no prefix, and it is stored as a plain [out, in] matrix in every family.
            needs.append(Need(name: names.head + ".weight", shape: [c.vocabulary, c.dModel]))
            if c.hasHeadBias { needs.append(Need(name: names.head + ".bias", shape: [c.vocabulary])) }
        }
        return needs
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

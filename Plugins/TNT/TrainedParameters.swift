// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The weights that are trained, each as a dense change from the model that training began with.
///
/// Changes are float32 leaves whatever the model's type: the model rounds its weights, not the steps.
struct TrainedParameters {
    let names: [String]
    let leaves: [Tensor]

    /// - Parameter patterns: "all", "mlp", or names in which a `*` stands for any text.
    /// - Throws: a pattern that names nothing.
    init(_ patterns: [String], of model: Model) throws {
        names = try TrainedParameters.names(patterns, of: model)
        leaves = try names.map { name in
            try Tensor.zeros(model.parameter(name).shape, device: model.info.device).leaf()
        }
    }

    /// The changes so far, sharing memory with the leaves: gradients flow from a model with this patch into them.
    var patch: Patch { Patch(zip(names, leaves).map { Delta($0, .dense($1)) }) }

    /// The changes as they are now, without those that vanish when the model rounds its weights.
    func result(on model: Model) throws -> Patch {
        var deltas: [Delta] = []
        for (name, leaf) in zip(names, leaves) {
            let base = try model.parameter(name)
            let change = try leaf.detached().clone()
            let moved = try base + change.cast(to: base.dtype)
            if try base.equal(moved).all().item() == 0 { deltas.append(Delta(name, .dense(change))) }
        }
        return Patch(deltas)
    }

    /// Scales the gradients so that their norm over all leaves is at most `limit`.
    ///
    /// - Returns: the norm before.
    func clipGradients(to limit: Double) throws -> Double {
        let gradients = try leaves.compactMap { try $0.gradient() }
        guard !gradients.isEmpty else { return 0 }
        let norm = try Tensor.stacked(gradients.map { try $0.norm() }).norm().item()
        if norm > limit {
            for gradient in gradients { try gradient.assign(from: gradient * (limit / norm)) }
        }
        return norm
    }

    static func names(_ patterns: [String], of model: Model) throws -> [String] {
        let known = try model.parameterNames
        var chosen: Set<String> = []
        for pattern in patterns {
            let found: [String]
            switch pattern {
            case "all": found = known
            case "mlp":
                // The module that the down projection belongs to.
                let modules = try (0..<model.info.layerCount).map { layer in
                    let parts = try model.weightName(reading: .neurons(layer)).split(separator: ".").dropLast(2)
                    return parts.joined(separator: ".") + "."
                }
                found = known.filter { name in modules.contains { name.hasPrefix($0) } }
            default: found = known.filter { matches($0, pattern) }
            }
            guard !found.isEmpty else {
                throw SutureError(
                    .notFound, "the model has no parameter \"\(pattern)\"",
                    hint: "parameters takes all, mlp, and names with *; `suture model inspect` lists the names")
            }
            chosen.formUnion(found)
        }
        return known.filter(chosen.contains)
    }

    /// Whether a name is `pattern`, in which each `*` stands for any text.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return name == pattern }
        var rest = Substring(name).utf8
        guard rest.starts(with: first) else { return false }
        rest = rest.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() {
            // The earliest place is as good as any: what follows has the most room.
            while !rest.starts(with: part) {
                guard rest.popFirst() != nil else { return false }
            }
            rest = rest.dropFirst(part.count)
        }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }
}

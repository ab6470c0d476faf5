// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

extension ArchitectureDescription {
    /// Whether checkpoints of this family keep a parameter as `[in, out]`: the projections of GPT-2's layers, but
    /// neither its embeddings nor its head.
    func storesTransposed(_ parameter: String) -> Bool {
        guard storesTransposed else { return false }
        var templates = [names.attentionOutput, names.up, names.down]
        if let gate = names.gate { templates.append(gate) }
        switch names.queryKeyValue {
        case .separate(let query, let key, let value): templates += [query, key, value]
        case .fusedByPart(let base), .fusedByHead(let base): templates.append(base)
        }
        let name = parameter.hasPrefix(prefix) ? String(parameter.dropFirst(prefix.count)) : parameter
        return templates.contains { template in
            guard let (before, after) = Template.parts(of: template + ".weight"), name.hasPrefix(before),
                name.hasSuffix(after), name.count > before.count + after.count
            else { return false }
            return name.dropFirst(before.count).dropLast(after.count).allSatisfy { $0.isASCII && $0.isNumber }
        }
    }
}

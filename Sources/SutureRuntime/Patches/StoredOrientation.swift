// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

extension ArchitectureDescription {
    /// Whether checkpoints of this family keep a parameter as `[in, out]`: the projections of GPT-2's layers, but
    /// neither its embeddings nor its head.
    func storesTransposed(_ parameter: String) -> Bool {
        guard storesTransposed else { return false }
        let templates = [names.attentionOutput, names.down] + names.neuronInput.all + names.queryKeyValue.all
        let name = parameter.hasPrefix(prefix) ? String(parameter.dropFirst(prefix.count)) : parameter
        return templates.contains { template in
            guard let (before, after) = Template.parts(of: template + ".weight"), name.hasPrefix(before),
                name.hasSuffix(after), name.count > before.count + after.count
            else { return false }
            return name.dropFirst(before.count).dropLast(after.count).allSatisfy { $0.isASCII && $0.isNumber }
        }
    }
}

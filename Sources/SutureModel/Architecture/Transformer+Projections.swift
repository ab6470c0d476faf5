// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension Transformer {
    /// The projections of a block: query, key, value, attention output, gate where there is one, up, down.
    func projections(of layer: Int) -> [Projection] {
        let c = configuration
        let names = c.architecture.names
        func projection(
            _ template: String, _ input: Site, _ output: Site, _ count: Int, rows: [Int]? = nil
        ) -> Projection {
            Projection(
                parameter: weights.prefix + Template.fill(template, with: String(layer)) + ".weight", input: input,
                output: output, rowCount: count, rows: rows)
        }
        let outputs: [(site: Site, heads: Int)] = [
            (.query(layer), c.headCount), (.key(layer), c.keyValueHeadCount), (.value(layer), c.keyValueHeadCount),
        ]
        var all: [Projection]
        switch names.queryKeyValue {
        case .separate(let q, let k, let v):
            all = zip([q, k, v], outputs).map { name, output in
                projection(name, .attentionInput(layer), output.site, output.heads * c.dHead)
            }
        case .fusedByPart(let name):
            var start = 0
            all = outputs.map { output in
                let count = output.heads * c.dHead
                defer { start += count }
                return projection(name, .attentionInput(layer), output.site, count, rows: Array(start..<start + count))
            }
        case .fusedByHead(let name):
            all = outputs.enumerated().map { part, output in
                let rows = (0..<output.heads).flatMap { head in
                    (0..<c.dHead).map { (head * 3 + part) * c.dHead + $0 }
                }
                return projection(name, .attentionInput(layer), output.site, rows.count, rows: rows)
            }
        }
        all.append(projection(names.attentionOutput, .headOutput(layer), .attentionOutput(layer), c.dModel))
        if let gate = names.gate { all.append(projection(gate, .mlpInput(layer), .gate(layer), c.dMLP)) }
        all.append(projection(names.up, .mlpInput(layer), .up(layer), c.dMLP))
        all.append(projection(names.down, .neurons(layer), .mlpOutput(layer), c.dModel))
        return all
    }

    /// How many projections a block has.
    private var projectionsPerBlock: Int { configuration.architecture.names.gate == nil ? 6 : 7 }

    /// How many projections all blocks have.
    var projectionCount: Int { configuration.layerCount * projectionsPerBlock }

    /// One of the projections of all blocks, which are counted by layer; nil beyond the last.
    func projection(at index: Int) -> Projection? {
        guard index >= 0, index < projectionCount else { return nil }
        return projections(of: index / projectionsPerBlock)[index % projectionsPerBlock]
    }
}

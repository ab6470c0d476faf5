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
        case .fusedByGroup(let name):
            let group = c.headCount / c.keyValueHeadCount
            all = outputs.enumerated().map { part, output in
                let rows = (0..<output.heads).flatMap { head in
                    let start =
                        part == 0 ? head / group * (group + 2) + head % group : head * (group + 2) + group + part - 1
                    return (0..<c.dHead).map { start * c.dHead + $0 }
                }
                return projection(name, .attentionInput(layer), output.site, rows.count, rows: rows)
            }
        }
        all.append(projection(names.attentionOutput, .headOutput(layer), .attentionOutput(layer), c.dModel))
        // No single weight reads a site of experts.
        if c.hasExperts(in: layer) { return all }
        func neurons(_ name: String, _ output: Site, rows: Range<Int>? = nil) {
            all.append(projection(name, .mlpInput(layer), output, c.dMLP, rows: rows.map { Array($0) }))
        }
        switch names.neuronInput {
        case .plain(let up): neurons(up, .up(layer))
        case .gated(let gate, let up):
            neurons(gate, .gate(layer))
            neurons(up, .up(layer))
        case .gatedTogether(let name):
            neurons(name, .gate(layer), rows: 0..<c.dMLP)
            neurons(name, .up(layer), rows: c.dMLP..<2 * c.dMLP)
        }
        all.append(projection(names.down, .neurons(layer), .mlpOutput(layer), c.dModel))
        return all
    }

    /// How many projections a block has.
    private func projectionCount(of layer: Int) -> Int {
        if configuration.hasExperts(in: layer) { return 4 }
        return configuration.architecture.names.neuronInput.isGated ? 7 : 6
    }

    /// How many projections all blocks have.
    public var projectionCount: Int { (0..<configuration.layerCount).reduce(0) { $0 + projectionCount(of: $1) } }

    /// One of the projections of all blocks, which are counted by layer; nil beyond the last.
    public func projection(at index: Int) -> Projection? {
        guard index >= 0 else { return nil }
        var rest = index
        for layer in 0..<configuration.layerCount {
            let count = projectionCount(of: layer)
            if rest < count { return projections(of: layer)[rest] }
            rest -= count
        }
        return nil
    }
}

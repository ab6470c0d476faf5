// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A projection of a block: a weight, the site that it reads and the one that it writes.
///
/// A token's gradient of the weight is the outer product of the gradient at the output and the value at the input.
public struct Projection: Sendable, Hashable {
    /// The checkpoint's name of the weight.
    public var parameter: String
    /// `[batch, position, in]`
    public var input: Site
    /// `[batch, position, out]`, bias included.
    public var output: Site
    /// Rows of the output.
    public var rowCount: Int
    /// Which rows of the parameter it is; nil: all of them.
    public var rows: [Int]?
}

extension Transformer {
    /// The projections of all blocks, by layer: query, key, value, attention output, gate where there is one, up, down.
    public var projections: [Projection] {
        let c = configuration
        let names = c.architecture.names
        return (0..<c.layerCount).flatMap { layer -> [Projection] in
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
                    return projection(
                        name, .attentionInput(layer), output.site, count, rows: Array(start..<start + count))
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
    }
}

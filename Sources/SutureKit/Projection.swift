// SPDX-License-Identifier: Apache-2.0

import CSuture

/// A projection of a block: a weight, the site that it reads and the one that it writes.
///
/// A token's gradient of the weight is the outer product of the gradient at the output and the value at the input:
/// see ``Model/gradients(of:in:loss:)``.
public struct Projection: Sendable, Hashable {
    /// The checkpoint's name of the weight.
    public var parameter: String
    /// What the projection reads, `[batch, position, in]`.
    public var input: Site
    /// What it writes, `[batch, position, out]`, bias included.
    public var output: Site
    /// The width of the output, `out`.
    public var rowCount: Int
    /// Which rows of the parameter are the projection's, in the order of the output; nil: all of them. Checkpoints that
    /// keep query, key and value in one tensor give each rows of its own.
    public var rows: [Int]?

    /// A projection of a model. For the host and for tests; a component asks ``Model/projections``.
    public init(parameter: String, input: Site, output: Site, rowCount: Int, rows: [Int]? = nil) {
        self.parameter = parameter
        self.input = input
        self.output = output
        self.rowCount = rowCount
        self.rows = rows
    }

    /// The block that the projection is in.
    public var layer: Int { output.layer ?? 0 }
}

extension Model {
    /// The projections of all blocks, by layer, each layer in the order query, key, value, attention output, gate where
    /// there is one, up, down. Cost: one call of the host for each.
    public var projections: [Projection] {
        get throws(SutureError) {
            let table = try Host.models()
            let arena = CArena()
            var projections: [Projection] = []
            for index in 0..<table.pointee.projection_count(handle) {
                let filled = UnsafeMutablePointer(mutating: arena.make(suture_projection.self) { _ in })
                try Host.check(withExtendedLifetime(arena) { table.pointee.projection(handle, index, filled) })
                projections.append(
                    try Projection(owning: Foreign(UnsafePointer(filled), in: "suture_model_api.projection")))
            }
            return projections
        }
    }

    /// The projections that write some sites of blocks, in the order of the sites. Cost: that of ``projections``.
    ///
    /// - Throws: `notFound` where no projection writes a site, as at ``Site/residualOut(_:)``; `unimplemented` for a model
    ///   without sites.
    public func projections(writing sites: [Site]) throws(SutureError) -> [Projection] {
        guard !info.sites.isEmpty else {
            throw SutureError(
                .unimplemented, "projections are not offered for encoder–decoder models, such as this one",
                hint: "train weights, for example by tnt, or use a decoder-only model")
        }
        let known = Dictionary(try projections.map { ($0.output, $0) }) { first, _ in first }
        var chosen: [Projection] = []
        for site in sites {
            guard let projection = known[site] else {
                throw SutureError(
                    .notFound, "no projection of the model writes \(site)",
                    hint: "query, key, value, attention_output, gate, up and mlp_output of a block are written by one")
            }
            chosen.append(projection)
        }
        return chosen
    }
}

extension Projection {
    /// Reads what the host filled in, and takes over its tensor of rows.
    fileprivate init(owning c: Foreign<suture_projection>) throws(SutureError) {
        let rows = try c.rows.map { r throws(SutureError) in try Tensor(owning: r).scalars(as: Int.self) }
        guard let parameter = c.parameter else {
            throw SutureError(.internal, "the host returned a projection without the name of its weight")
        }
        guard let input = Site.Kind(rawValue: c.input_site), let output = Site.Kind(rawValue: c.output_site) else {
            throw SutureError(
                .unimplemented,
                "the host has a projection between the sites \(c.input_site) and \(c.output_site), which this plugin does not know",
                hint: "build the plugin with the SutureKit of this host")
        }
        self.init(
            parameter: String(cString: parameter), input: Site(input, layer: Int(c.layer)),
            output: Site(output, layer: Int(c.layer)), rowCount: Int(c.row_count), rows: rows)
    }
}

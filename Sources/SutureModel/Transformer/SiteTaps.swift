// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The captures and interventions of one pass, applied at each site as the pass goes by.
///
/// Interventions come first, in the order given, so a capture sees what the pass goes on with. Whatever is asked of a site
/// that the pass does not visit is refused before the pass; ``finish()`` proves that nothing was left out.
///
/// What is seen or changed is float32 or wider, whatever the model is computed in: a product of captured values must not
/// be rounded to half precision. The pass goes on in the model's type, behind what was captured, so that gradients reach it.
struct SiteTaps {
    private let captures: [Site: [Int]]
    private let interventions: [Site: [Int]]
    private let pass: Forward
    private let rowLengths: IntegerVector
    private var captured: [Tensor?]
    private var fired: [Bool]

    /// - Parameters:
    ///   - rowLengths: real tokens of each row; positions beyond are padding and cannot be asked for.
    ///   - visits: whether the pass will come by a site.
    init(
        _ pass: Forward, rowLengths: IntegerVector, sites: SiteKinds,
        visits: (Site) throws(SutureError) -> Bool
    ) throws(SutureError) {
        func check(_ site: Site, _ positions: TokenPositions?, _ what: String) throws(SutureError) {
            guard sites.contains(site.kind) else {
                throw SutureError(
                    .invalidArgument, "\(what) at \(site): this architecture has no such site",
                    hint: SiteTaps.hint(sites, site.kind))
            }
            guard try visits(site) else {
                throw SutureError(
                    .outOfRange, "\(what) at \(site): the pass does not come by there",
                    hint: "check the layer against the model and the range of the pass")
            }
            guard let positions else { return }
            guard !positions.isEmpty else {
                throw SutureError(.invalidArgument, "\(what) at \(site) names no position", hint: "leave it out")
            }
            for index in positions
            where !rowLengths.indices.contains(index.row)
                || !(0..<rowLengths[index.row]).contains(index.position)
            {
                let length = rowLengths.indices.contains(index.row) ? rowLengths[index.row] : 0
                throw SutureError(
                    .outOfRange,
                    "\(what) at \(site): row \(index.row) has \(length) tokens, asked for position \(index.position)",
                    hint: "count positions from 0 and leave padding out")
            }
        }
        var captures: [Site: [Int]] = [:]
        for (i, capture) in pass.captures.enumerated() {
            try check(capture.site, capture.positions, "a capture")
            captures[capture.site, default: []].append(i)
        }
        var interventions: [Site: [Int]] = [:]
        for (i, intervention) in pass.interventions.enumerated() {
            try check(intervention.site, intervention.positions, "an intervention")
            if case .copyRow(let row) = intervention.action, !rowLengths.indices.contains(row) {
                throw SutureError(
                    .outOfRange, "an intervention at \(intervention.site) copies row \(row) of \(rowLengths.count)")
            }
            interventions[intervention.site, default: []].append(i)
        }
        self.captures = captures
        self.interventions = interventions
        self.pass = pass
        self.rowLengths = rowLengths
        captured = Array(repeating: nil, count: pass.captures.count)
        fired = Array(repeating: false, count: pass.interventions.count)
    }

    /// Why an architecture lacks a site.
    private static func hint(_ sites: SiteKinds, _ kind: Site.Kind) -> String {
        if kind == .residualMid { return "blocks whose attention and MLP run in parallel have no residual_mid" }
        return sites.contains(.neurons)
            ? "its MLP has no gate; ask for up" : "its MLPs are made of experts; ask for mlp_input or mlp_output"
    }

    /// Whether anything is asked of a site.
    func touches(_ site: Site) -> Bool { captures[site] != nil || interventions[site] != nil }

    /// The value with which the pass goes on.
    mutating func visit(_ site: Site, _ value: Tensor) throws(SutureError) -> Tensor {
        let dtype = value.dtype
        var value = value
        if let changes = interventions[site] {
            var wide = try value.cast(to: dtype.widened)
            for i in changes {
                wide = try apply(pass.interventions[i], to: wide)
                fired[i] = true
            }
            value = try wide.cast(to: dtype)
        }
        guard let reads = captures[site] else { return value }
        let wide = try value.cast(to: dtype.widened)
        for i in reads {
            captured[i] = try pass.captures[i].positions.map { p throws(SutureError) in try wide.pick(p) } ?? wide
        }
        return try wide.cast(to: dtype)
    }

    /// The captures in order.
    ///
    /// - Throws: `internal` when an intervention or a capture was passed by.
    func finish() throws(SutureError) -> [Tensor] {
        if let i = fired.firstIndex(of: false) {
            throw SutureError(.internal, "the intervention at \(pass.interventions[i].site) never fired")
        }
        var result: [Tensor] = []
        for (i, tensor) in captured.enumerated() {
            guard let tensor else {
                throw SutureError(.internal, "the capture at \(pass.captures[i].site) was never reached")
            }
            result.append(tensor)
        }
        return result
    }

    private func apply(_ intervention: Intervention, to value: Tensor) throws(SutureError) -> Tensor {
        if case .closure(let body) = intervention.action {
            let result: Tensor
            do { result = try body(value) } catch { throw SutureError(error) }
            guard result.shape == value.shape else {
                throw SutureError(
                    .invalidArgument,
                    "the closure at \(intervention.site) returned the shape \(result.shape) for \(value.shape)")
            }
            return result
        }
        let positions = intervention.positions
        // [n, width], or the whole site
        let old = try positions.map { p throws(SutureError) in try value.pick(p) } ?? value
        var new = try changed(old, intervention, whole: value)
        if let units = intervention.units {
            let index = try units.tensor.cast(device: value.device)
            new = try old.indexCopied(-1, index, new.indexSelect(-1, index))
        }
        guard let positions else { return new }
        return try value.put(new, at: positions)
    }

    /// What an action makes of the chosen values.
    private func changed(
        _ old: Tensor, _ intervention: Intervention, whole: Tensor
    ) throws(SutureError) -> Tensor {
        switch intervention.action {
        case .add(let value): return try old + value.cast(to: old.dtype, device: old.device)
        case .replace(let value):
            return try value.cast(to: old.dtype, device: old.device).expanded(old.shape)
        case .scale(let amount): return try old * amount
        case .zero: return try old * 0
        case .noise(let deviation, let seed):
            return try old
                + RandomNumbers(seed: seed).normal(
                    old.shape, deviation: deviation, dtype: old.dtype, device: old.device)
        case .copyRow(let row):
            guard let positions = intervention.positions else {
                return try whole.sliced(0, row..<row + 1).expanded(whole.shape)
            }
            let sources = positions.map { TokenIndex(row: row, position: $0.position) }
            return try whole.pick(Tensor(sources, device: whole.device))
        case .closure: return old
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Count, mean and second moment of vectors that come in parts: the values of a site over texts, or any other rows.
///
/// Sums are float64, added in the order of the parts, so the same parts give the same numbers. Statistics of two texts
/// can be added to each other: those of the whole are the sum.
///
///     var statistics = RunningStatistics(keepsSecondMoment: true)
///     try statistics.add(values)          // [n, width]
///     let covariance = try statistics.covariance()
///
/// Not for the statistics of a run, which the host computes once and keeps on disk: see
/// ``Session/secondMoments(of:layers:)``.
public struct RunningStatistics: Sendable {
    /// How many vectors were added.
    public private(set) var count = 0
    /// Whether ``secondMoment()`` is available. It takes `width`² numbers and a product of that size per part.
    public let keepsSecondMoment: Bool
    /// Σ x and Σ x², each `[width]`, and Σ x xᵀ `[width, width]`, float64; nil before the first part.
    private var sum: Tensor?
    private var squares: Tensor?
    private var products: Tensor?

    /// Statistics of nothing.
    public init(keepsSecondMoment: Bool = false) { self.keepsSecondMoment = keepsSecondMoment }

    /// Adds vectors.
    ///
    /// - Parameter values: `[n, width]` of any floating-point type; every part has the same width.
    /// - Throws: `invalidArgument` for another shape.
    public mutating func add(_ values: Tensor) throws(SutureError) {
        let shape = values.shape
        guard shape.count == 2, sum.map({ $0.shape[0] == shape[1] }) ?? true else {
            throw SutureError(
                .invalidArgument,
                "statistics take vectors [n, \(sum.map { String($0.shape[0]) } ?? "width")], the shape is \(shape)",
                hint: "give one vector a row, and the same width every time")
        }
        let x = try values.detached().cast(to: .float64)
        count += shape[0]
        sum = try RunningStatistics.adding(sum, x.sum(0))
        squares = try RunningStatistics.adding(squares, x.square().sum(0))
        if keepsSecondMoment { products = try RunningStatistics.adding(products, x.transposed().matmul(x)) }
    }

    /// Adds the vectors of other statistics to these.
    ///
    /// - Throws: `invalidArgument` where the widths differ, or where only these keep second moments.
    public mutating func add(_ other: RunningStatistics) throws(SutureError) {
        guard let otherSum = other.sum, let otherSquares = other.squares else { return }
        guard sum.map({ $0.shape == otherSum.shape }) ?? true, !keepsSecondMoment || other.keepsSecondMoment else {
            throw SutureError(
                .invalidArgument, "statistics of different widths, or without second moments, cannot be added",
                hint: "keep second moments in both, of the same site")
        }
        count += other.count
        sum = try RunningStatistics.adding(sum, otherSum)
        squares = try RunningStatistics.adding(squares, otherSquares)
        if keepsSecondMoment, let otherProducts = other.products {
            products = try RunningStatistics.adding(products, otherProducts)
        }
    }

    private static func adding(_ sum: Tensor?, _ part: Tensor) throws(SutureError) -> Tensor {
        guard let sum else { return part }
        return try sum + part
    }

    /// E[x], `[width]`, float64.
    ///
    /// - Throws: `failedPrecondition` before the first part.
    public func mean() throws(SutureError) -> Tensor { try required(sum) / Double(count) }

    /// E[(x − E[x])²] of each component, `[width]`, float64, with divisor n.
    ///
    /// From sums of squares: where a component's mean is large against its spread, digits are lost. A result is never
    /// below 0.
    ///
    /// - Throws: `failedPrecondition` before the first part.
    public func variance() throws(SutureError) -> Tensor {
        let mean = try self.mean()
        return try (required(squares) / Double(count) - mean.square()).maximum(0)
    }

    /// E[x xᵀ], uncentred, `[width, width]`, float64, symmetric.
    ///
    /// - Throws: `failedPrecondition` before the first part, and where second moments are not kept.
    public func secondMoment() throws(SutureError) -> SecondMoment {
        SecondMoment(matrix: try required(products) / Double(count), tokenCount: count)
    }

    /// E[x xᵀ] − E[x] E[x]ᵀ, `[width, width]`, float64, with divisor n.
    ///
    /// - Throws: `failedPrecondition` before the first part, and where second moments are not kept.
    public func covariance() throws(SutureError) -> Tensor {
        let mean = try self.mean().unsqueezed(1)
        return try secondMoment().matrix - mean.matmul(mean.transposed())
    }

    private func required(_ sum: Tensor?) throws(SutureError) -> Tensor {
        guard let sum else {
            throw SutureError(
                .failedPrecondition,
                count == 0 ? "there are no vectors to take statistics of" : "second moments were not kept",
                hint: count == 0 ? "give texts with tokens" : "set keepsSecondMoment")
        }
        return sum
    }
}

extension Model {
    /// Statistics of the values of sites at every token of some texts, padding left out.
    ///
    /// One pass serves all sites; it stops after the last one's block and computes no logits. Batches are taken in the
    /// order of ``TokenBatch/batches(ofLengths:budget:)``, so the same texts and budget give the same numbers.
    ///
    /// - Parameters:
    ///   - sites: ``Site/logits`` is refused.
    ///   - texts: token ids; texts without tokens are left out.
    ///   - willRun: called before each batch with the number of texts that are done.
    /// - Returns: one for each site, in their order.
    /// - Throws: what ``forward(_:)`` throws, and what `willRun` throws.
    public func statistics(
        of sites: [Site], over texts: [[Int]], keepsSecondMoment: Bool = false, tokenBudget: Int,
        willRun: (Int) throws -> Void = { _ in }
    ) throws -> [RunningStatistics] {
        var statistics = sites.map { _ in RunningStatistics(keepsSecondMoment: keepsSecondMoment) }
        let texts = texts.filter { !$0.isEmpty }
        // Without a layer a site is at one of the ends: before block 0, or after the last one.
        let end = sites.map { $0.layer.map { $0 + 1 } ?? ($0 == .embedding ? 0 : info.layerCount) }.max() ?? 0
        var done = 0
        try withoutGradients {
            for places in TokenBatch.batches(ofLengths: texts.map(\.count), budget: tokenBudget) {
                try willRun(done)
                let batch = try TokenBatch(places.map { texts[$0] })
                let tokens = TokenPositions(allOf: batch.lengths)
                var pass = Forward(.tokens(batch), layers: 0..<end, logits: .none)
                pass.captures = sites.map { Capture($0, at: tokens) }
                for (i, values) in try forward(pass).captures.enumerated() { try statistics[i].add(values) }
                done += places.count
            }
        }
        return statistics
    }
}

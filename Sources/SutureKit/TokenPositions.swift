// SPDX-License-Identifier: Apache-2.0

/// Tokens of a batch that keep their tensor: where a pass captures, intervenes, or reads logits.
///
/// The tensor is made once, with the value. Build it outside a loop of passes, so that no pass converts anything:
///
///     let ends = TokenPositions(atEndOf: batch.lengths)
///     for step in 0..<steps {
///         let logits = try model.logits(Forward(batch, logits: .at(ends)))
///         …
///     }
public struct TokenPositions: Sendable, RandomAccessCollection, ExpressibleByArrayLiteral {
    /// The tokens, in the order in which a capture or the logits list them.
    public let tokens: [TokenIndex]
    private let made: Result<Tensor, SutureError>

    /// Tokens as a list. Their tensor is on the CPU. Cost: one small allocation by the host.
    public init(_ tokens: some Sequence<TokenIndex>) {
        self.tokens = Array(tokens)
        let numbers = self.tokens.flatMap { [$0.row, $0.position] }
        made = Result { () throws(SutureError) in try Tensor(numbers, shape: [numbers.count / 2, 2]) }
    }

    /// Tokens of a tensor, which is kept as it is.
    ///
    /// - Parameter tensor: int64 `[n, 2]` of rows and positions, on any device. Cost: one copy of its elements.
    /// - Throws: `invalidArgument` for another shape.
    public init(_ tensor: Tensor) throws(SutureError) {
        let shape = tensor.shape
        guard shape.count == 2, shape[0] > 0, shape[1] == 2 else {
            throw SutureError(
                .invalidArgument, "positions must be [n, 2] with at least one row, the shape is \(shape)",
                hint: "give a row and a position for each token")
        }
        let numbers = try tensor.scalars(as: Int.self)
        tokens = (0..<shape[0]).map { TokenIndex(row: numbers[2 * $0], position: numbers[2 * $0 + 1]) }
        made = .success(tensor)
    }

    /// The last token of each row.
    ///
    /// - Parameter lengths: the number of tokens of each row, at least 1.
    public init(atEndOf lengths: some Sequence<Int>) {
        self.init(lengths.enumerated().map { TokenIndex(row: $0.offset, position: $0.element - 1) })
    }

    /// Every token of each row, row by row.
    ///
    /// - Parameter lengths: the number of tokens of each row.
    public init(allOf lengths: some Sequence<Int>) {
        self.init(
            lengths.enumerated().flatMap { row, length in
                (0..<length).map { TokenIndex(row: row, position: $0) }
            })
    }

    /// The tokens of each row from a start on, as many for each row as the longest rest has: `[row · width]` tokens, so
    /// that a capture of them can be reshaped to `[row, width, …]`. A shorter rest repeats its last token.
    ///
    /// - Parameters:
    ///   - starts: the first token of each row's rest.
    ///   - lengths: the number of tokens of each row, more than its start.
    public init(restsFrom starts: [Int], of lengths: [Int]) {
        let width = zip(lengths, starts).map(-).max() ?? 0
        self.init(
            lengths.indices.flatMap { row in
                (0..<width).map { TokenIndex(row: row, position: Swift.min(starts[row] + $0, lengths[row] - 1)) }
            })
    }

    /// Tokens as a literal.
    public init(arrayLiteral elements: TokenIndex...) { self.init(elements) }

    /// The tokens as int64 `[n, 2]`, the form of ``Tensor/pick(_:)`` and ``Tensor/put(_:at:adding:)``.
    ///
    /// - Throws: what refused to make it, for example a host that ran out of memory.
    public var tensor: Tensor { get throws(SutureError) { try made.get() } }

    /// 0.
    public var startIndex: Int { 0 }
    /// How many tokens there are.
    public var endIndex: Int { tokens.count }
    /// The token at an index, from 0.
    public subscript(_ index: Int) -> TokenIndex { tokens[index] }
}

extension Tensor {
    /// The entries of the first two axes at some tokens, `[n, …]`: for a site's value, the value at each token.
    public func pick(_ positions: TokenPositions) throws(SutureError) -> Tensor {
        try pick(positions.tensor.cast(device: device))
    }

    /// A copy with `values` put at some tokens of the first two axes, or added there.
    public func put(
        _ values: Tensor, at positions: TokenPositions, adding: Bool = false
    ) throws(SutureError) -> Tensor {
        try put(values, at: positions.tensor.cast(device: device), adding: adding)
    }

    /// The slices at some indices of an axis, in that order; repeats are allowed.
    public func indexSelect(_ dimension: Int, _ index: IntegerVector) throws(SutureError) -> Tensor {
        try indexSelect(dimension, index.tensor.cast(device: device))
    }
}

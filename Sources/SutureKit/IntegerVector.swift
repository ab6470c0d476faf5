// SPDX-License-Identifier: Apache-2.0

/// Whole numbers that keep their tensor: lengths of rows, chosen neurons, chosen rows.
///
/// The tensor is made once, with the value. A pass that runs a hundred times reads it a hundred times and converts
/// nothing. Reads like an array of `Int`.
public struct IntegerVector: Sendable, RandomAccessCollection, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The numbers.
    public let values: [Int]
    private let made: Result<Tensor, SutureError>

    /// Numbers as a list. Their tensor is on the CPU. Cost: one small allocation by the host.
    public init(_ values: some Sequence<Int>) {
        let values = Array(values)
        self.values = values
        made = Result { () throws(SutureError) in try Tensor(values) }
    }

    /// Numbers of a tensor, which is kept as it is.
    ///
    /// - Parameter tensor: int64 `[n]`, on any device. Cost: one copy of its elements.
    public init(_ tensor: Tensor) throws(SutureError) {
        values = try tensor.scalars(as: Int.self)
        made = .success(tensor)
    }

    /// Numbers as a literal: `[3, 1, 2]`.
    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// The numbers as int64 `[n]`.
    ///
    /// - Throws: what refused to make it, for example a host that ran out of memory.
    public var tensor: Tensor { get throws(SutureError) { try made.get() } }

    /// 0.
    public var startIndex: Int { 0 }
    /// How many numbers there are.
    public var endIndex: Int { values.count }
    /// The number at an index, from 0.
    public subscript(_ index: Int) -> Int { values[index] }

    /// The numbers as a list: "[3, 1, 2]".
    public var description: String { values.description }
}

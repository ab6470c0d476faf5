// SPDX-License-Identifier: Apache-2.0

import CSuture

// Elementwise operations, with broadcasting, and reductions.

extension Tensor {
    func unary(_ operation: Int32) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.unary(operation, handle, out) }
    }

    func binary(_ operation: Int32, _ other: Tensor) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.binary(operation, handle, other.handle, out) }
    }

    func binary(_ operation: Int32, _ number: Double, reversed: Bool = false) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            table.pointee.binary_number(operation, handle, number, reversed ? 1 : 0, out)
        }
    }

    public static func + (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(SUTURE_ADD, b) }
    public static func - (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(SUTURE_SUBTRACT, b) }
    public static func * (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(SUTURE_MULTIPLY, b) }
    public static func / (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(SUTURE_DIVIDE, b) }

    public static func + (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(SUTURE_ADD, b) }
    public static func - (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(SUTURE_SUBTRACT, b) }
    public static func * (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(SUTURE_MULTIPLY, b) }
    public static func / (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(SUTURE_DIVIDE, b) }

    public static func + (a: Double, b: Tensor) throws(SutureError) -> Tensor { try b.binary(SUTURE_ADD, a) }
    public static func * (a: Double, b: Tensor) throws(SutureError) -> Tensor { try b.binary(SUTURE_MULTIPLY, a) }
    public static func - (a: Double, b: Tensor) throws(SutureError) -> Tensor {
        try b.binary(SUTURE_SUBTRACT, a, reversed: true)
    }
    public static func / (a: Double, b: Tensor) throws(SutureError) -> Tensor {
        try b.binary(SUTURE_DIVIDE, a, reversed: true)
    }
    public static prefix func - (a: Tensor) throws(SutureError) -> Tensor { try a.unary(SUTURE_NEGATE) }

    // Comparisons give a tensor of `bool`.
    public func equal(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_EQUAL, other) }
    public func equal(_ number: Double) throws(SutureError) -> Tensor { try binary(SUTURE_EQUAL, number) }
    public func less(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_LESS, other) }
    public func less(_ number: Double) throws(SutureError) -> Tensor { try binary(SUTURE_LESS, number) }
    public func lessOrEqual(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_LESS_EQUAL, other) }
    public func greater(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_GREATER, other) }
    public func greater(_ number: Double) throws(SutureError) -> Tensor { try binary(SUTURE_GREATER, number) }
    public func greaterOrEqual(_ number: Double) throws(SutureError) -> Tensor {
        try binary(SUTURE_GREATER_EQUAL, number)
    }
    public func and(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_AND, other) }
    public func or(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_OR, other) }
    public func not() throws(SutureError) -> Tensor { try unary(SUTURE_NOT) }
    /// Elementwise choice: `a` where this (bool) is true, else `b`.
    public func choose(_ a: Tensor, _ b: Tensor) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.where(handle, a.handle, b.handle, out) }
    }

    public func minimum(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_MINIMUM, other) }
    public func maximum(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_MAXIMUM, other) }
    public func minimum(_ number: Double) throws(SutureError) -> Tensor { try binary(SUTURE_MINIMUM, number) }
    public func maximum(_ number: Double) throws(SutureError) -> Tensor { try binary(SUTURE_MAXIMUM, number) }
    public func power(_ exponent: Double) throws(SutureError) -> Tensor { try binary(SUTURE_POWER, exponent) }
    public func clamped(_ low: Double, _ high: Double) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.clamp(handle, low, high, out) }
    }

    public func exp() throws(SutureError) -> Tensor { try unary(SUTURE_EXP) }
    public func log() throws(SutureError) -> Tensor { try unary(SUTURE_LOG) }
    public func sqrt() throws(SutureError) -> Tensor { try unary(SUTURE_SQRT) }
    public func rsqrt() throws(SutureError) -> Tensor { try unary(SUTURE_RSQRT) }
    public func abs() throws(SutureError) -> Tensor { try unary(SUTURE_ABS) }
    public func sign() throws(SutureError) -> Tensor { try unary(SUTURE_SIGN) }
    public func square() throws(SutureError) -> Tensor { try unary(SUTURE_SQUARE) }
    public func tanh() throws(SutureError) -> Tensor { try unary(SUTURE_TANH) }
    public func sigmoid() throws(SutureError) -> Tensor { try unary(SUTURE_SIGMOID) }
    public func cos() throws(SutureError) -> Tensor { try unary(SUTURE_COS) }
    public func sin() throws(SutureError) -> Tensor { try unary(SUTURE_SIN) }
    public func isFinite() throws(SutureError) -> Tensor { try unary(SUTURE_IS_FINITE) }
    /// The same numbers in memory of their own.
    public func clone() throws(SutureError) -> Tensor { try unary(SUTURE_CLONE) }
    /// Row-major memory without gaps.
    public func contiguous() throws(SutureError) -> Tensor { try unary(SUTURE_CONTIGUOUS) }

    // MARK: Reductions

    func reduce(
        _ operation: Int32, _ dimensions: [Int], _ keeps: Bool
    ) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            dimensions.map(Int64.init).withUnsafeBufferPointer {
                table.pointee.reduce(operation, handle, $0.baseAddress, Int64($0.count), keeps ? 1 : 0, out)
            }
        }
    }

    // Without dimensions the whole tensor is reduced to a scalar.
    public func sum(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(SUTURE_SUM, dimensions, keepsDimensions)
    }
    public func mean(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(SUTURE_MEAN, dimensions, keepsDimensions)
    }
    public func max(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(SUTURE_MAX, dimensions, keepsDimensions)
    }
    public func min(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(SUTURE_MIN, dimensions, keepsDimensions)
    }
    /// The Euclidean norm.
    public func norm(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(SUTURE_NORM, dimensions, keepsDimensions)
    }
    /// The variance with divisor n.
    public func variance(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(SUTURE_VARIANCE, dimensions, keepsDimensions)
    }
    public func logSumExp(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(SUTURE_LOGSUMEXP, dimensions, keepsDimensions)
    }
    public func all(_ dimensions: Int...) throws(SutureError) -> Tensor { try reduce(SUTURE_ALL, dimensions, false) }
    public func any(_ dimensions: Int...) throws(SutureError) -> Tensor { try reduce(SUTURE_ANY, dimensions, false) }
    /// The index of the largest element along a dimension, int64.
    public func argmax(_ dimension: Int = -1) throws(SutureError) -> Tensor {
        try reduce(SUTURE_ARGMAX, [dimension], false)
    }
    public func argmin(_ dimension: Int = -1) throws(SutureError) -> Tensor {
        try reduce(SUTURE_ARGMIN, [dimension], false)
    }
    /// Whether every number is finite.
    public func isAllFinite() throws(SutureError) -> Bool { try isFinite().all().item() != 0 }
}

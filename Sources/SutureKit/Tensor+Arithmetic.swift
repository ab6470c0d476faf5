// SPDX-License-Identifier: Apache-2.0

import CSuture

// Elementwise operations, with broadcasting, and reductions.

extension Tensor {
    func unary(_ operation: UnaryOperation) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.unary(operation.rawValue, handle, out) }
    }

    func binary(_ operation: BinaryOperation, _ other: Tensor) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.binary(operation.rawValue, handle, other.handle, out) }
    }

    func binary(_ operation: BinaryOperation, _ number: Double, reversed: Bool = false) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            table.pointee.binary_number(operation.rawValue, handle, number, reversed ? 1 : 0, out)
        }
    }

    public static func + (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(.add, b) }
    public static func - (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(.subtract, b) }
    public static func * (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(.multiply, b) }
    public static func / (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(.divide, b) }

    public static func + (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(.add, b) }
    public static func - (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(.subtract, b) }
    public static func * (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(.multiply, b) }
    public static func / (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(.divide, b) }

    public static func + (a: Double, b: Tensor) throws(SutureError) -> Tensor { try b.binary(.add, a) }
    public static func * (a: Double, b: Tensor) throws(SutureError) -> Tensor { try b.binary(.multiply, a) }
    public static func - (a: Double, b: Tensor) throws(SutureError) -> Tensor {
        try b.binary(.subtract, a, reversed: true)
    }
    public static func / (a: Double, b: Tensor) throws(SutureError) -> Tensor {
        try b.binary(.divide, a, reversed: true)
    }
    public static prefix func - (a: Tensor) throws(SutureError) -> Tensor { try a.unary(.negate) }

    // Comparisons give a tensor of `bool`.
    public func equal(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.equal, other) }
    public func equal(_ number: Double) throws(SutureError) -> Tensor { try binary(.equal, number) }
    public func less(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.less, other) }
    public func less(_ number: Double) throws(SutureError) -> Tensor { try binary(.less, number) }
    public func lessOrEqual(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.lessEqual, other) }
    public func greater(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.greater, other) }
    public func greater(_ number: Double) throws(SutureError) -> Tensor { try binary(.greater, number) }
    public func greaterOrEqual(_ number: Double) throws(SutureError) -> Tensor {
        try binary(.greaterEqual, number)
    }
    public func and(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.and, other) }
    public func or(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.or, other) }
    /// log(1 + exp(x)), elementwise, without overflow: −log of the sigmoid of −x.
    public func softplus() throws(SutureError) -> Tensor { try unary(.softplus) }
    public func not() throws(SutureError) -> Tensor { try unary(.not) }
    /// Elementwise choice: `a` where this (bool) is true, else `b`.
    public func choose(_ a: Tensor, _ b: Tensor) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.where(handle, a.handle, b.handle, out) }
    }

    public func minimum(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.minimum, other) }
    public func maximum(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.maximum, other) }
    public func minimum(_ number: Double) throws(SutureError) -> Tensor { try binary(.minimum, number) }
    public func maximum(_ number: Double) throws(SutureError) -> Tensor { try binary(.maximum, number) }
    public func power(_ exponent: Double) throws(SutureError) -> Tensor { try binary(.power, exponent) }
    public func clamped(_ low: Double, _ high: Double) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.clamp(handle, low, high, out) }
    }

    public func exp() throws(SutureError) -> Tensor { try unary(.exp) }
    public func log() throws(SutureError) -> Tensor { try unary(.log) }
    public func sqrt() throws(SutureError) -> Tensor { try unary(.sqrt) }
    public func rsqrt() throws(SutureError) -> Tensor { try unary(.rsqrt) }
    public func abs() throws(SutureError) -> Tensor { try unary(.abs) }
    public func sign() throws(SutureError) -> Tensor { try unary(.sign) }
    public func square() throws(SutureError) -> Tensor { try unary(.square) }
    public func tanh() throws(SutureError) -> Tensor { try unary(.tanh) }
    public func sigmoid() throws(SutureError) -> Tensor { try unary(.sigmoid) }
    public func cos() throws(SutureError) -> Tensor { try unary(.cos) }
    public func sin() throws(SutureError) -> Tensor { try unary(.sin) }
    public func isFinite() throws(SutureError) -> Tensor { try unary(.isFinite) }
    /// The same numbers in memory of their own.
    public func clone() throws(SutureError) -> Tensor { try unary(.clone) }
    /// Row-major memory without gaps.
    public func contiguous() throws(SutureError) -> Tensor { try unary(.contiguous) }

    // MARK: Reductions

    func reduce(
        _ operation: ReductionOperation, _ dimensions: [Int], _ keeps: Bool
    ) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            dimensions.map(Int64.init).withUnsafeBufferPointer {
                table.pointee.reduce(operation.rawValue, handle, $0.baseAddress, Int64($0.count), keeps ? 1 : 0, out)
            }
        }
    }

    // Without dimensions the whole tensor is reduced to a scalar.
    public func sum(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.sum, dimensions, keepsDimensions)
    }
    public func mean(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.mean, dimensions, keepsDimensions)
    }
    public func max(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.max, dimensions, keepsDimensions)
    }
    public func min(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.min, dimensions, keepsDimensions)
    }
    /// The Euclidean norm.
    public func norm(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.norm, dimensions, keepsDimensions)
    }
    /// The variance with divisor n.
    public func variance(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.variance, dimensions, keepsDimensions)
    }
    public func logSumExp(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.logsumexp, dimensions, keepsDimensions)
    }
    public func all(_ dimensions: Int...) throws(SutureError) -> Tensor { try reduce(.all, dimensions, false) }
    public func any(_ dimensions: Int...) throws(SutureError) -> Tensor { try reduce(.any, dimensions, false) }
    /// The index of the largest element along a dimension, int64.
    public func argmax(_ dimension: Int = -1) throws(SutureError) -> Tensor {
        try reduce(.argmax, [dimension], false)
    }
    public func argmin(_ dimension: Int = -1) throws(SutureError) -> Tensor {
        try reduce(.argmin, [dimension], false)
    }
    /// Whether every number is finite.
    public func isAllFinite() throws(SutureError) -> Bool { try isFinite().all().item() != 0 }
}

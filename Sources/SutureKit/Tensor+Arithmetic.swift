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

    /// The sum of each pair of elements. All operators broadcast, and promote dtypes as PyTorch's do.
    public static func + (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(.add, b) }
    /// The difference of each pair of elements.
    public static func - (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(.subtract, b) }
    /// The product of each pair of elements; for a product of matrices see ``matmul(_:)``.
    public static func * (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(.multiply, b) }
    /// The quotient of each pair of elements; whole numbers are divided as float32.
    public static func / (a: Tensor, b: Tensor) throws(SutureError) -> Tensor { try a.binary(.divide, b) }

    /// Each element plus a number.
    public static func + (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(.add, b) }
    /// Each element minus a number.
    public static func - (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(.subtract, b) }
    /// Each element times a number.
    public static func * (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(.multiply, b) }
    /// Each element divided by a number; whole numbers are divided as float32.
    public static func / (a: Tensor, b: Double) throws(SutureError) -> Tensor { try a.binary(.divide, b) }

    /// A number plus each element.
    public static func + (a: Double, b: Tensor) throws(SutureError) -> Tensor { try b.binary(.add, a) }
    /// A number times each element.
    public static func * (a: Double, b: Tensor) throws(SutureError) -> Tensor { try b.binary(.multiply, a) }
    /// A number minus each element.
    public static func - (a: Double, b: Tensor) throws(SutureError) -> Tensor {
        try b.binary(.subtract, a, reversed: true)
    }
    /// A number divided by each element; whole numbers are divided as float32.
    public static func / (a: Double, b: Tensor) throws(SutureError) -> Tensor {
        try b.binary(.divide, a, reversed: true)
    }
    /// Each element with the other sign.
    public static prefix func - (a: Tensor) throws(SutureError) -> Tensor { try a.unary(.negate) }

    // Comparisons give a tensor of `bool`.
    /// Whether each element equals the other's, bool, with broadcasting.
    public func equal(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.equal, other) }
    /// Whether each element equals a number, bool.
    public func equal(_ number: Double) throws(SutureError) -> Tensor { try binary(.equal, number) }
    /// Whether each element is less than the other's, bool, with broadcasting.
    public func less(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.less, other) }
    /// Whether each element is less than a number, bool.
    public func less(_ number: Double) throws(SutureError) -> Tensor { try binary(.less, number) }
    /// Whether each element is at most the other's, bool, with broadcasting.
    public func lessOrEqual(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.lessEqual, other) }
    /// Whether each element is greater than the other's, bool, with broadcasting.
    public func greater(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.greater, other) }
    /// Whether each element is greater than a number, bool.
    public func greater(_ number: Double) throws(SutureError) -> Tensor { try binary(.greater, number) }
    /// Whether each element is at least a number, bool.
    public func greaterOrEqual(_ number: Double) throws(SutureError) -> Tensor {
        try binary(.greaterEqual, number)
    }
    /// Whether both elements are true (not 0), bool, with broadcasting.
    public func and(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.and, other) }
    /// Whether one of both elements is true (not 0), bool, with broadcasting.
    public func or(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.or, other) }
    /// log(1 + exp(x)), elementwise, without overflow: −log of the sigmoid of −x.
    public func softplus() throws(SutureError) -> Tensor { try unary(.softplus) }
    /// Whether each element is false (0), bool.
    public func not() throws(SutureError) -> Tensor { try unary(.not) }
    /// Elementwise choice: `a` where this (bool) is true, else `b`.
    public func choose(_ a: Tensor, _ b: Tensor) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.where(handle, a.handle, b.handle, out) }
    }

    /// The smaller of each pair of elements, with broadcasting; NaN where one of them is NaN.
    public func minimum(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.minimum, other) }
    /// The larger of each pair of elements, with broadcasting; NaN where one of them is NaN.
    public func maximum(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.maximum, other) }
    /// The smaller of each element and a number; NaN stays NaN.
    public func minimum(_ number: Double) throws(SutureError) -> Tensor { try binary(.minimum, number) }
    /// The larger of each element and a number; NaN stays NaN.
    public func maximum(_ number: Double) throws(SutureError) -> Tensor { try binary(.maximum, number) }
    /// Each element to the power of a number; a negative power of whole numbers is float32.
    public func power(_ exponent: Double) throws(SutureError) -> Tensor { try binary(.power, exponent) }
    /// Each element, raised to `low` and lowered to `high`; an infinite bound is none.
    ///
    /// - Throws: `invalidArgument` for a bound that is NaN.
    public func clamped(_ low: Double, _ high: Double) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.clamp(handle, low, high, out) }
    }

    /// e to the power of each element.
    public func exp() throws(SutureError) -> Tensor { try unary(.exp) }
    /// The natural logarithm of each element: −∞ of 0, NaN of less.
    public func log() throws(SutureError) -> Tensor { try unary(.log) }
    /// The square root of each element; NaN of less than 0.
    public func sqrt() throws(SutureError) -> Tensor { try unary(.sqrt) }
    /// 1 over the square root of each element: ∞ of 0, NaN of less.
    public func rsqrt() throws(SutureError) -> Tensor { try unary(.rsqrt) }
    /// The absolute value of each element.
    public func abs() throws(SutureError) -> Tensor { try unary(.abs) }
    /// −1, 0 or 1: the sign of each element.
    public func sign() throws(SutureError) -> Tensor { try unary(.sign) }
    /// The square of each element.
    public func square() throws(SutureError) -> Tensor { try unary(.square) }
    /// The hyperbolic tangent of each element, in −1…1.
    public func tanh() throws(SutureError) -> Tensor { try unary(.tanh) }
    /// 1 / (1 + exp(−x)) of each element, in 0…1.
    public func sigmoid() throws(SutureError) -> Tensor { try unary(.sigmoid) }
    /// The cosine of each element, in radians.
    public func cos() throws(SutureError) -> Tensor { try unary(.cos) }
    /// The sine of each element, in radians.
    public func sin() throws(SutureError) -> Tensor { try unary(.sin) }
    /// Whether each element is neither infinite nor NaN, bool.
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
    /// The sum over dimensions, or of all elements.
    public func sum(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.sum, dimensions, keepsDimensions)
    }
    /// The mean over dimensions, or of all elements; the elements are floating-point numbers.
    public func mean(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.mean, dimensions, keepsDimensions)
    }
    /// The largest element over dimensions, or of all; NaN where there is one.
    public func max(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.max, dimensions, keepsDimensions)
    }
    /// The smallest element over dimensions, or of all; NaN where there is one.
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
    /// log Σ exp(x) over dimensions, or of all elements, without overflow.
    public func logSumExp(_ dimensions: Int..., keepsDimensions: Bool = false) throws(SutureError) -> Tensor {
        try reduce(.logsumexp, dimensions, keepsDimensions)
    }
    /// Whether all elements over dimensions, or of the whole tensor, are true (not 0), bool.
    public func all(_ dimensions: Int...) throws(SutureError) -> Tensor { try reduce(.all, dimensions, false) }
    /// Whether some element over dimensions, or of the whole tensor, is true (not 0), bool.
    public func any(_ dimensions: Int...) throws(SutureError) -> Tensor { try reduce(.any, dimensions, false) }
    /// The index of the largest element along a dimension, int64.
    public func argmax(_ dimension: Int = -1) throws(SutureError) -> Tensor {
        try reduce(.argmax, [dimension], false)
    }
    /// The index of the smallest element along a dimension, int64.
    public func argmin(_ dimension: Int = -1) throws(SutureError) -> Tensor {
        try reduce(.argmin, [dimension], false)
    }
    /// Whether every number is finite.
    public func isAllFinite() throws(SutureError) -> Bool { try isFinite().all().item() != 0 }
}

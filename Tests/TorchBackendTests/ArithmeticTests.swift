// SPDX-License-Identifier: Apache-2.0
import CSuture
import Foundation
import Testing

struct UnaryCase: Sendable, CustomTestStringConvertible {
    let code: Int32
    let testDescription: String
    var input: [Double] = [-2.5, -1, -0.25, 0, 0.5, 1, 3]
    let formula: @Sendable (Double) -> Double

    static let positive = [0.25, 0.5, 1, 2, 7.5]
    static let all: [UnaryCase] = [
        .init(code: SUTURE_NEGATE, testDescription: "negate") { -$0 },
        .init(code: SUTURE_EXP, testDescription: "exp") { exp($0) },
        .init(code: SUTURE_LOG, testDescription: "log", input: positive) { log($0) },
        .init(code: SUTURE_SQRT, testDescription: "sqrt", input: positive) { $0.squareRoot() },
        .init(code: SUTURE_RSQRT, testDescription: "rsqrt", input: positive) { 1 / $0.squareRoot() },
        .init(code: SUTURE_ABS, testDescription: "abs") { abs($0) },
        .init(code: SUTURE_SIGN, testDescription: "sign") { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 },
        .init(code: SUTURE_TANH, testDescription: "tanh") { tanh($0) },
        .init(code: SUTURE_SIGMOID, testDescription: "sigmoid") { 1 / (1 + exp(-$0)) },
        .init(code: SUTURE_RELU, testDescription: "relu") { max($0, 0) },
        .init(code: SUTURE_GELU, testDescription: "gelu") { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) },
        .init(code: SUTURE_GELU_TANH, testDescription: "gelu, tanh form") {
            0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
        },
        .init(code: SUTURE_SILU, testDescription: "silu") { $0 / (1 + exp(-$0)) },
        .init(code: SUTURE_SQUARE, testDescription: "square") { $0 * $0 },
        .init(code: SUTURE_RECIPROCAL, testDescription: "reciprocal", input: positive) { 1 / $0 },
        .init(code: SUTURE_IS_FINITE, testDescription: "is finite", input: [1, .infinity, .nan, -.infinity, 0]) {
            $0.isFinite ? 1 : 0
        },
        .init(code: SUTURE_NOT, testDescription: "not", input: [0, 1, -2]) { $0 == 0 ? 1 : 0 },
        .init(code: SUTURE_COS, testDescription: "cos") { cos($0) },
        .init(code: SUTURE_SIN, testDescription: "sin") { sin($0) },
        .init(code: SUTURE_FLOOR, testDescription: "floor") { $0.rounded(.down) },
        .init(code: SUTURE_CLONE, testDescription: "clone") { $0 },
        .init(code: SUTURE_DETACH, testDescription: "detach") { $0 },
        .init(code: SUTURE_CONTIGUOUS, testDescription: "contiguous") { $0 },
        .init(code: SUTURE_SOFTPLUS, testDescription: "softplus") { max($0, 0) + log1p(exp(-abs($0))) },
        .init(code: SUTURE_LOG1P, testDescription: "log1p", input: positive) { log1p($0) },
        .init(code: SUTURE_EXPM1, testDescription: "expm1") { expm1($0) },
        .init(code: SUTURE_ROUND, testDescription: "round, halves to even") { $0.rounded(.toNearestOrEven) },
    ]
}

struct BinaryCase: Sendable, CustomTestStringConvertible {
    let code: Int32
    let testDescription: String
    let formula: @Sendable (Double, Double) -> Double

    static let all: [BinaryCase] = [
        .init(code: SUTURE_ADD, testDescription: "add") { $0 + $1 },
        .init(code: SUTURE_SUBTRACT, testDescription: "subtract") { $0 - $1 },
        .init(code: SUTURE_MULTIPLY, testDescription: "multiply") { $0 * $1 },
        .init(code: SUTURE_DIVIDE, testDescription: "divide") { $0 / $1 },
        .init(code: SUTURE_POWER, testDescription: "power") { pow($0, $1) },
        .init(code: SUTURE_MINIMUM, testDescription: "minimum") { min($0, $1) },
        .init(code: SUTURE_MAXIMUM, testDescription: "maximum") { max($0, $1) },
        .init(code: SUTURE_EQUAL, testDescription: "equal") { $0 == $1 ? 1 : 0 },
        .init(code: SUTURE_NOT_EQUAL, testDescription: "not equal") { $0 != $1 ? 1 : 0 },
        .init(code: SUTURE_LESS, testDescription: "less") { $0 < $1 ? 1 : 0 },
        .init(code: SUTURE_LESS_EQUAL, testDescription: "less or equal") { $0 <= $1 ? 1 : 0 },
        .init(code: SUTURE_GREATER, testDescription: "greater") { $0 > $1 ? 1 : 0 },
        .init(code: SUTURE_GREATER_EQUAL, testDescription: "greater or equal") { $0 >= $1 ? 1 : 0 },
        .init(code: SUTURE_FLOOR_DIVIDE, testDescription: "floor divide") { ($0 / $1).rounded(.down) },
        .init(code: SUTURE_REMAINDER, testDescription: "remainder") { $0 - $1 * ($0 / $1).rounded(.down) },
        .init(code: SUTURE_AND, testDescription: "and") { $0 != 0 && $1 != 0 ? 1 : 0 },
        .init(code: SUTURE_OR, testDescription: "or") { $0 != 0 || $1 != 0 ? 1 : 0 },
    ]
    static let withNumbers = all.filter { $0.code <= SUTURE_GREATER_EQUAL || $0.code == SUTURE_REMAINDER }
}

/// The floating-point dtypes, with the rounding that one operation may leave.
struct Precision: Sendable, CustomTestStringConvertible {
    let dtype: Int32
    let testDescription: String
    let tolerance: Double

    static let all: [Precision] = [
        .init(dtype: SUTURE_DTYPE_F64, testDescription: "f64", tolerance: closeInF64),
        .init(dtype: SUTURE_DTYPE_F32, testDescription: "f32", tolerance: closeInF32),
        // Halves of the last place: 2^-11 and 2^-8, and as much again for an input that gelu rounds.
        .init(dtype: SUTURE_DTYPE_F16, testDescription: "f16", tolerance: 0x1p-10),
        .init(dtype: SUTURE_DTYPE_BF16, testDescription: "bf16", tolerance: 0x1p-7),
    ]
}

@Suite struct ArithmeticTests {
    @Test(
        "a unary operation follows its formula in every floating-point dtype", arguments: UnaryCase.all, Precision.all)
    func unary(_ each: UnaryCase, _ precision: Precision) throws {
        let result = try T(each.input, dtype: precision.dtype).unary(each.code)
        #expect(try areClose(result.values, each.input.map(each.formula), precision.tolerance))
        let isTruth = each.code == SUTURE_IS_FINITE || each.code == SUTURE_NOT
        #expect(result.dtype == (isTruth ? SUTURE_DTYPE_BOOL : precision.dtype))
    }

    @Test(
        "a binary operation follows its formula in every floating-point dtype", arguments: BinaryCase.all, Precision.all
    )
    func binary(_ each: BinaryCase, _ precision: Precision) throws {
        let a = [0.5, 2, 2, 3, 0]
        let b = [2, 0.5, 2, 1, 1.5]
        let result = try T(a, dtype: precision.dtype).binary(each.code, T(b, dtype: precision.dtype))
        #expect(try areClose(result.values, zip(a, b).map(each.formula), precision.tolerance))
    }

    @Test(
        "an operation with a number follows its formula, in either order", arguments: BinaryCase.withNumbers,
        [false, true])
    func number(_ each: BinaryCase, _ isReversed: Bool) throws {
        let a = [0.5, 2, 3, 1.5]
        let result = try T(a).number(each.code, 2, reversed: isReversed)
        #expect(try areClose(result.values, a.map { isReversed ? each.formula(2, $0) : each.formula($0, 2) }))
    }

    @Test("operands broadcast against each other")
    func broadcast() throws {
        let sum = try T([1, 2], [2, 1]).binary(SUTURE_ADD, T([10, 20, 30], [1, 3]))
        #expect(sum.shape == [2, 3])
        #expect(try sum.values == [11, 21, 31, 12, 22, 32])
    }

    @Test("a whole number beside integers leaves them integers, a fraction makes them float32")
    func promotion() throws {
        let tokens = try T(ints: [3, 4])
        #expect(try tokens.number(SUTURE_ADD, 1).dtype == SUTURE_DTYPE_I64)
        #expect(try tokens.number(SUTURE_ADD, 1).values == [4, 5])
        #expect(try tokens.number(SUTURE_MULTIPLY, 0.5).dtype == SUTURE_DTYPE_F32)
        #expect(try tokens.number(SUTURE_DIVIDE, 2).values == [1.5, 2])
        #expect(try tokens.number(SUTURE_POWER, -1).values == [Double(Float(1) / 3), 0.25])
    }

    @Test("a number does not widen a narrow floating-point dtype", arguments: Precision.all)
    func numberKeepsDtype(_ precision: Precision) throws {
        #expect(try T([1], dtype: precision.dtype).number(SUTURE_MULTIPLY, 0.1).dtype == precision.dtype)
        #expect(
            try T([1], dtype: precision.dtype).number(SUTURE_SUBTRACT, 0.1, reversed: true).dtype == precision.dtype)
    }

    @Test("integers beyond the reach of float32 pass unharmed through a sum with a number")
    func wideIntegers() throws {
        let sum = try T(ints: [1 << 40]).number(SUTURE_ADD, 1)
        var value: Int64 = 0
        try check(api.to_bytes(sum.handle, &value, 8))
        #expect(value == (1 << 40) + 1)
    }

    @Test("a product with a matrix goes over the last two dimensions and broadcasts over the others")
    func matmul() throws {
        let stream = try Stream(seed: 3)
        let a = try stream.normal([2, 3, 4])
        let b = try stream.normal([4, 5])
        let result = try a.matmul(b)
        let (x, y) = (try a.values, try b.values)
        var expected: [Double] = []
        for row in 0..<6 {
            for column in 0..<5 { expected.append((0..<4).reduce(0) { $0 + x[row * 4 + $1] * y[$1 * 5 + column] }) }
        }
        #expect(result.shape == [2, 3, 5])
        #expect(try areClose(result.values, expected))
    }

    @Test("the outer product has every pair of factors")
    func outer() throws {
        let result = try T([1, 2]).binary(SUTURE_OUTER, T([3, 4, 5]))
        #expect(result.shape == [2, 3])
        #expect(try result.values == [3, 4, 5, 6, 8, 10])
    }

    @Test("the diagonal of a matrix is a vector, and of a vector a matrix")
    func diagonal() throws {
        #expect(try T([1, 2, 3, 4], [2, 2]).unary(SUTURE_DIAGONAL).values == [1, 4])
        #expect(try T([1, 4]).unary(SUTURE_DIAGONAL).values == [1, 0, 0, 4])
        #expect(failure { _ = try T([1], [1, 1, 1]).unary(SUTURE_DIAGONAL) }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("where takes from the first tensor where the condition holds, and from the second elsewhere")
    func whereChooses() throws {
        let condition = try T([1, 0, 1]).cast(SUTURE_DTYPE_BOOL)
        let (a, b) = (try T([1, 2, 3]), try T([-1, -2, -3]))
        #expect(try T.make { api.where(condition.handle, a.handle, b.handle, $0) }.values == [1, -2, 3])
    }

    @Test("where refuses a condition that is not bool")
    func whereRefuses() throws {
        let a = try T([1])
        let error = failure { _ = try T.make { api.where(a.handle, a.handle, a.handle, $0) } }
        #expect(error?.code == SUTURE_INVALID_ARGUMENT)
        #expect(error?.message.contains("not bool") == true)
    }

    @Test("clamp holds values between its bounds, and an infinite bound is none")
    func clamp() throws {
        let a = try T([-3, 0.5, 9])
        #expect(try T.make { api.clamp(a.handle, -1, 1, $0) }.values == [-1, 0.5, 1])
        #expect(try T.make { api.clamp(a.handle, -.infinity, 1, $0) }.values == [-3, 0.5, 1])
        #expect(try T.make { api.clamp(a.handle, 0, .infinity, $0) }.values == [0, 0.5, 9])
        #expect(try T.make { api.clamp(a.handle, -.infinity, .infinity, $0) }.values == [-3, 0.5, 9])
        let whole = try T(ints: [1, 5])
        #expect(try T.make { api.clamp(whole.handle, -.infinity, 3, $0) }.dtype == SUTURE_DTYPE_I64)
        #expect(failure { _ = try T.make { api.clamp(a.handle, .nan, 1, $0) } }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("every unary and binary code of the header is tested here or among the solvers")
    func codesAreCovered() {
        let unary = Set(UnaryCase.all.map(\.code)).union([SUTURE_DIAGONAL])
        #expect(unary == Set(1...SUTURE_SOFTPLUS))
        let solvers = [SUTURE_CHOLESKY_SOLVE, SUTURE_SOLVE, SUTURE_LEAST_SQUARES, SUTURE_TRIANGULAR_SOLVE]
        let binary = Set(BinaryCase.all.map(\.code)).union(solvers).union([SUTURE_MATMUL, SUTURE_OUTER])
        #expect(binary == Set(1...SUTURE_REMAINDER))
    }
}

// SPDX-License-Identifier: Apache-2.0
import CSuture
import Testing

@Suite struct LinearAlgebraTests {
    /// Backward errors of solvers on 5 x 5 matrices with a condition number of some tens.
    static let closeAfterSolve = 1e-10

    let stream: Stream
    /// A general and a positive definite matrix.
    let a: T, positive: T

    init() throws {
        stream = try Stream(seed: 11)
        a = try stream.normal([5, 5])
        let diagonal = try withSpec(SUTURE_DTYPE_F64, []) { spec in try T.make { api.eye(spec, 5, $0) } }
        positive = try a.matmul(a.transpose(0, 1)).binary(SUTURE_ADD, diagonal)
    }

    func isSame(_ x: T, _ y: T) throws -> Bool { try areClose(x.values, y.values, Self.closeAfterSolve) }

    @Test("the Cholesky factor is lower, and its product with its transpose is the matrix")
    func cholesky() throws {
        let parts = try positive.decompose(SUTURE_CHOLESKY)
        #expect(parts.count == 1)
        let lower = try T.make { api.triangle(parts[0].handle, 0, 0, $0) }
        #expect(try lower.values == parts[0].values)
        #expect(try isSame(lower.matmul(lower.transpose(0, 1)), positive))
    }

    @Test(
        "a matrix that is not positive definite is refused with its order and what to do", arguments: [-1.0, 0, .nan])
    func notPositiveDefinite(_ corner: Double) throws {
        let error = failure { _ = try T([1, 0, 0, corner], [2, 2]).decompose(SUTURE_CHOLESKY) }
        #expect(error?.code == SUTURE_INVALID_ARGUMENT)
        #expect(error?.message.contains("not positive definite") == true)
        #expect(error?.message.contains("order 2") == true)
        #expect(error?.hint.contains("more tokens") == true)
    }

    @Test("eigenvalues come ascending, with their vectors in columns")
    func eigh() throws {
        let parts = try positive.decompose(SUTURE_EIGH)
        #expect(parts.count == 2)
        let values = try parts[0].values
        #expect(values == values.sorted())
        #expect(try isSame(positive.matmul(parts[1]), parts[1].binary(SUTURE_MULTIPLY, parts[0])))
    }

    @Test(
        "the singular value decomposition gives U, S and the transpose of V",
        arguments: [[5, 3], [3, 5]] as [[Int64]])
    func svd(_ shape: [Int64]) throws {
        let m = try stream.normal(shape)
        let parts = try m.decompose(SUTURE_SVD)
        #expect(parts.map(\.shape) == [[shape[0], 3], [3], [3, shape[1]]])
        #expect(try isSame(parts[0].binary(SUTURE_MULTIPLY, parts[1]).matmul(parts[2]), m))
    }

    @Test("the pseudo-inverse of a tall matrix inverts it from the left")
    func pinv() throws {
        let m = try stream.normal([5, 3])
        let identity = try withSpec(SUTURE_DTYPE_F64, []) { spec in try T.make { api.eye(spec, 3, $0) } }
        #expect(try isSame(m.decompose(SUTURE_PINV)[0].matmul(m), identity))
    }

    @Test("QR gives an orthonormal and an upper factor")
    func qr() throws {
        let m = try stream.normal([5, 3])
        let parts = try m.decompose(SUTURE_QR)
        #expect(parts.map(\.shape) == [[5, 3], [3, 3]])
        #expect(try isSame(parts[0].matmul(parts[1]), m))
        #expect(try T.make { api.triangle(parts[1].handle, 0, 1, $0) }.values == parts[1].values)
    }

    @Test("the inverse times the matrix is the identity")
    func inverse() throws {
        let identity = try withSpec(SUTURE_DTYPE_F64, []) { spec in try T.make { api.eye(spec, 5, $0) } }
        #expect(try isSame(a.decompose(SUTURE_INVERSE)[0].matmul(a), identity))
    }

    @Test("a singular matrix has no inverse, and the error says so")
    func singular() throws {
        let error = failure { _ = try T([1, 2, 2, 4], [2, 2]).decompose(SUTURE_INVERSE) }
        #expect(error?.code == SUTURE_INVALID_ARGUMENT)
        #expect(error?.message.contains("singular") == true)
        #expect(error?.hint.isEmpty == false)
    }

    @Test("a decomposition of half precision is refused with a hint to cast")
    func halfPrecision() throws {
        let error = failure { _ = try positive.cast(SUTURE_DTYPE_BF16).decompose(SUTURE_EIGH) }
        #expect(error?.code == SUTURE_INVALID_ARGUMENT)
        #expect(error?.hint.contains("cast") == true)
    }

    @Test(
        "every solver finds the x that was put in, as a matrix and as a vector", arguments: [[5, 2], [5]] as [[Int64]])
    func solvers(_ shape: [Int64]) throws {
        let x = try stream.normal(shape)
        #expect(try isSame(a.binary(SUTURE_SOLVE, a.matmul(x)), x))
        #expect(try isSame(a.binary(SUTURE_LEAST_SQUARES, a.matmul(x)), x))
        let lower = try positive.decompose(SUTURE_CHOLESKY)[0]
        #expect(try isSame(lower.binary(SUTURE_TRIANGULAR_SOLVE, lower.matmul(x)), x))
        #expect(try isSame(positive.matmul(x).binary(SUTURE_CHOLESKY_SOLVE, lower), x))
        #expect(try a.binary(SUTURE_SOLVE, a.matmul(x)).shape == shape)
        #expect(try positive.matmul(x).binary(SUTURE_CHOLESKY_SOLVE, lower).shape == shape)
    }

    @Test("least squares leaves a rest that is orthogonal to the columns")
    func leastSquares() throws {
        let m = try stream.normal([5, 2])
        let b = try stream.normal([5, 3])
        let rest = try b.binary(SUTURE_SUBTRACT, m.matmul(m.binary(SUTURE_LEAST_SQUARES, b)))
        #expect(try isSame(m.transpose(0, 1).matmul(rest), full(SUTURE_DTYPE_F64, [2, 3], 0)))
    }

    @Test("a stack of matrices is decomposed one by one")
    func batches() throws {
        let stack = try T.make { api.concatenate([positive.handle, positive.handle], 2, 0, 1, $0) }
        #expect(try stack.decompose(SUTURE_CHOLESKY)[0].shape == [2, 5, 5])
    }
}

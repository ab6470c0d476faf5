// SPDX-License-Identifier: Apache-2.0

import CSuture

// Solve in float64: cast first, so that the change of precision is a visible statement.

extension Tensor {
    /// Matrix product over the last two axes, broadcast over the others.
    public func matmul(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_MATMUL, other) }
    /// `[n] ⊗ [m] -> [n, m]`
    public func outer(_ other: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_OUTER, other) }

    private func decomposed(_ operation: Int32, _ count: Int) throws(SutureError) -> [Tensor] {
        let table = try Host.tables().tensor
        var out: [OpaquePointer?] = [nil, nil, nil]
        let error = out.withUnsafeMutableBufferPointer { buffer -> OpaquePointer? in
            guard let base = buffer.baseAddress else { return nil }
            return table.pointee.decompose(operation, handle, base)
        }
        try Host.check(error)
        var result: [Tensor] = []
        for handle in out.prefix(count) {
            guard let handle else { throw SutureError(.internal, "the host returned too few tensors") }
            result.append(try Tensor(owning: handle))
        }
        return result
    }

    /// The lower factor L of a symmetric positive definite matrix, A = L Lᵀ.
    ///
    /// - Throws: `invalidArgument` when the matrix is not positive definite.
    public func cholesky() throws(SutureError) -> Tensor { try decomposed(SUTURE_CHOLESKY, 1)[0] }
    /// X of (L Lᵀ) X = B, where this is L `[n, n]` and B `[n, m]`.
    public func choleskySolve(_ b: Tensor) throws(SutureError) -> Tensor {
        try b.binary(SUTURE_CHOLESKY_SOLVE, self)
    }
    /// X of A X = B, where this is A.
    public func solve(_ b: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_SOLVE, b) }
    /// The least-squares X of A X = B, where this is A.
    public func leastSquares(_ b: Tensor) throws(SutureError) -> Tensor { try binary(SUTURE_LSTSQ, b) }
    /// X of L X = B, where this is the lower triangular L.
    public func triangularSolve(_ b: Tensor) throws(SutureError) -> Tensor {
        try binary(SUTURE_TRIANGULAR_SOLVE, b)
    }
    /// Eigenvalues ascending, and eigenvectors in columns, of a symmetric matrix.
    public func eigh() throws(SutureError) -> (values: Tensor, vectors: Tensor) {
        let parts = try decomposed(SUTURE_EIGH, 2)
        return (parts[0], parts[1])
    }
    /// U `[m, k]`, S `[k]` descending, Vᵀ `[k, n]`.
    public func svd() throws(SutureError) -> (u: Tensor, s: Tensor, vTransposed: Tensor) {
        let parts = try decomposed(SUTURE_SVD, 3)
        return (parts[0], parts[1], parts[2])
    }
    /// The Moore-Penrose inverse.
    public func pseudoInverse() throws(SutureError) -> Tensor { try decomposed(SUTURE_PINV, 1)[0] }
    public func qr() throws(SutureError) -> (q: Tensor, r: Tensor) {
        let parts = try decomposed(SUTURE_QR, 2)
        return (parts[0], parts[1])
    }
    /// The inverse. Prefer ``solve(_:)`` or ``cholesky()``.
    public func inverse() throws(SutureError) -> Tensor { try decomposed(SUTURE_INVERSE, 1)[0] }
}

// SPDX-License-Identifier: Apache-2.0

import CSuture

// Solve in float64: cast first, so that the change of precision is a visible statement.

extension Tensor {
    /// Matrix product over the last two axes, broadcast over the others.
    public func matmul(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.matmul, other) }
    /// `[n] ⊗ [m] -> [n, m]`
    public func outer(_ other: Tensor) throws(SutureError) -> Tensor { try binary(.outer, other) }

    private func decomposed(_ operation: DecompositionOperation, _ count: Int) throws(SutureError) -> [Tensor] {
        let table = try Host.tables().tensor
        var out: [OpaquePointer?] = [nil, nil, nil]
        let error = out.withUnsafeMutableBufferPointer { buffer -> OpaquePointer? in
            guard let base = buffer.baseAddress else { return nil }
            return table.pointee.decompose(operation.rawValue, handle, base)
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
    public func cholesky() throws(SutureError) -> Tensor { try decomposed(.cholesky, 1)[0] }
    /// X of (L Lᵀ) X = B, where this is L `[n, n]` and B `[n, m]`.
    public func choleskySolve(_ b: Tensor) throws(SutureError) -> Tensor {
        try b.binary(.choleskySolve, self)
    }
    /// X of A X = B, where this is A.
    public func solve(_ b: Tensor) throws(SutureError) -> Tensor { try binary(.solve, b) }
    /// The least-squares X of A X = B, where this is A.
    public func leastSquares(_ b: Tensor) throws(SutureError) -> Tensor { try binary(.leastSquares, b) }
    /// X of L X = B, where this is the lower triangular L.
    public func triangularSolve(_ b: Tensor) throws(SutureError) -> Tensor {
        try binary(.triangularSolve, b)
    }
    /// Eigenvalues ascending, and eigenvectors in columns, of a symmetric matrix.
    public func eigh() throws(SutureError) -> (values: Tensor, vectors: Tensor) {
        let parts = try decomposed(.eigh, 2)
        return (parts[0], parts[1])
    }
    /// U `[m, k]`, S `[k]` descending, Vᵀ `[k, n]`.
    public func svd() throws(SutureError) -> (u: Tensor, s: Tensor, vTransposed: Tensor) {
        let parts = try decomposed(.svd, 3)
        return (parts[0], parts[1], parts[2])
    }
    /// The Moore-Penrose inverse.
    public func pseudoInverse() throws(SutureError) -> Tensor { try decomposed(.pinv, 1)[0] }
    /// Q `[m, k]` with orthonormal columns and the upper triangle R `[k, n]`, with k the smaller of m and n.
    public func qr() throws(SutureError) -> (q: Tensor, r: Tensor) {
        let parts = try decomposed(.qr, 2)
        return (parts[0], parts[1])
    }
    /// The inverse. Prefer ``solve(_:)`` or ``cholesky()``.
    public func inverse() throws(SutureError) -> Tensor { try decomposed(.inverse, 1)[0] }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Eigenvectors in columns and eigenvalues of a symmetric matrix.
struct Eigenbasis {
    /// `[n, n]`
    var vectors: Tensor
    /// Ascending, `[n]`, float64.
    var values: Tensor

    /// Decomposes a matrix in float64, after it was made symmetric.
    init(of matrix: Tensor) throws(SutureError) {
        let wide = try matrix.cast(to: .float64)
        (values, vectors) = try ((wide + wide.transposed()) * 0.5).eigh()
    }

    init(vectors: Tensor, values: Tensor) {
        self.vectors = vectors
        self.values = values
    }
}

/// The damped inverse of a module's curvature (§4): P(V) = Q_S [ (Q_Sᵀ V Q_A) / (Λ + λ) ] Q_Aᵀ.
struct Preconditioner {
    /// Q_A `[in, in]`
    var inputBasis: Tensor
    /// Q_S `[out, out]`
    var outputBasis: Tensor
    /// 1 / (Λ + λ) `[out, in]`
    var inverse: Tensor

    /// - Parameters:
    ///   - moments: Λ `[out, in]`
    ///   - damping: λ as a multiple of Λ's mean.
    init(inputBasis: Tensor, outputBasis: Tensor, moments: Tensor, damping: Double) throws(SutureError) {
        self.inputBasis = inputBasis
        self.outputBasis = outputBasis
        // Rounding may leave an eigenvalue below 0. Where the module has no gradient at all, all of Λ is 0, and so is V.
        let moments = try moments.maximum(0)
        let lambda = try moments.mean().item() * damping
        inverse = try 1 / (moments + max(lambda, Double(Float.leastNormalMagnitude)))
    }

    /// The same in another type, on another device.
    func cast(to dtype: DType, device: Device) throws(SutureError) -> Preconditioner {
        var other = self
        other.inputBasis = try inputBasis.cast(to: dtype, device: device)
        other.outputBasis = try outputBasis.cast(to: dtype, device: device)
        other.inverse = try inverse.cast(to: dtype, device: device)
        return other
    }

    /// P(V) of matrices `[query, out, in]`.
    func applied(to v: Tensor) throws(SutureError) -> Tensor {
        let rotated = try outputBasis.transposed().matmul(v).matmul(inputBasis)
        return try outputBasis.matmul(rotated * inverse).matmul(inputBasis.transposed())
    }

    /// P(G) of each row, G = Σ g aᵀ.
    ///
    /// Tokens are rotated rather than G, and in low rank P(G) is cut in the eigenbasis, where nothing is lost by it: rotations
    /// keep singular values. Both cost less than P itself as long as a query is shorter than the module is wide.
    ///
    /// - Parameters:
    ///   - a: `[row, position, in]`
    ///   - g: `[row, position, out]`
    func gradients(_ a: Tensor, _ g: Tensor, rank: Int?) throws(SutureError) -> QueryGradients {
        let rotated = try g.matmul(outputBasis).transposed().matmul(a.matmul(inputBasis)) * inverse
        switch try QueryGradients.truncated(rotated, to: rank) {
        case .pairs(let left, let right, let rank):
            return .pairs(
                left: try left.matmul(outputBasis.transposed()), right: try right.matmul(inputBasis.transposed()),
                rank: rank)
        case .matrices(let matrices):
            return .matrices(try outputBasis.matmul(matrices).matmul(inputBasis.transposed()))
        }
    }
}

extension CurvatureFit {
    /// The eigenbases of a module. They are computed once a run.
    func bases(
        of module: Module, in session: Session
    ) throws -> (input: Eigenbasis, output: Eigenbasis) {
        let source = try fingerprint(in: session)
        func basis(_ name: String, _ scale: BlockSums.Scale) throws -> Eigenbasis {
            let key = "eigen.\(name).\(source)"
            if let vectors = try session.stored(key + ".vectors"), let values = try session.stored(key + ".values") {
                return Eigenbasis(vectors: vectors, values: values)
            }
            try session.progress("eigenvectors")
            let units = try session.sum(curvature.isOfTokens ? tokenCount : sequenceCount).item()
            var basis = try Eigenbasis(of: session.sum(name, scale) / max(units, 1))
            // Tokens are rotated in float32.
            basis.vectors = try basis.vectors.cast(to: .float32)
            try session.store(key + ".vectors", basis.vectors)
            try session.store(key + ".values", basis.values)
            return basis
        }
        return (try basis(inputMoment(module), inputScale), try basis(outputMoment(module), .square))
    }

    /// Tells the sums of one model and set of examples from those of others: a run may trace several.
    private func fingerprint(in session: Session) throws -> String {
        let numbers = try [tokenCount, sequenceCount, loss].map { try session.sum($0).item().bitPattern }
        return String(numbers.reduce(0) { mixed($0 ^ $1) }, radix: 16)
    }

    /// The preconditioner of a module, read from the sums; float32.
    func preconditioner(of module: Module, on device: Device, in session: Session) throws -> Preconditioner {
        let bases = try bases(of: module, in: session)
        let moments: Tensor
        if curvature.measuresMoments {
            let count = try session.sum(sequenceCount).item()
            moments = try session.sum(self.moments(module), .square) / max(count, 1)
        } else {
            moments = try bases.output.values.maximum(0).outer(bases.input.values.maximum(0))
        }
        return try Preconditioner(
            inputBasis: bases.input.vectors, outputBasis: bases.output.vectors, moments: moments,
            damping: settings.damping
        ).cast(to: .float32, device: device)
    }

    /// The preconditioned gradients of queries. One module's factors are in memory at a time.
    func prepared(
        _ queries: [MarkedText], _ modules: [Module], _ model: Model, in session: Session
    ) throws -> PreparedQueries {
        try PreparedQueries(queries, modules, examples, model, in: session) { tokens in
            try preconditioner(of: tokens.module, on: tokens.input.device, in: session)
                .gradients(tokens.input, tokens.gradient, rank: settings.rank)
        }
    }
}

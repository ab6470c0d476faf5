// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How much two patches write at each other's keys, over several weights.
///
/// With C, the second moment of a weight's inputs, `Δ₂ C Δ₁ᵀ` is two things. It is E[(Δ₂ x)(Δ₁ x)ᵀ] over the inputs x of ordinary
/// text. And where Δ₁ = v uᵀ writes a fact as ROME and MEMIT do, u is C⁻¹ k up to a factor, k being the fact's key; so C Δ₁ᵀ
/// has the key again, and Δ₂ C Δ₁ᵀ says what the second patch writes at it. Without C, keys are taken for the directions that a
/// change reads, which is what methods do that follow gradients.
struct Responses {
    /// ‖Δ₁ C Δ₁ᵀ‖², ‖Δ₂ C Δ₂ᵀ‖² and ‖Δ₁ C Δ₂ᵀ‖².
    private var (own, other, cross) = (0.0, 0.0, 0.0)

    /// - Parameters:
    ///   - shape: of the weight, `[out, in]`.
    ///   - moment: C, float64 `[in, in]`; nil: the identity.
    mutating func add(_ a: Delta, _ b: Delta, _ shape: [Int], _ moment: Tensor? = nil) throws {
        own += try a.response(to: a, shape, moment)
        other += try b.response(to: b, shape, moment)
        cross += try a.response(to: b, shape, moment)
    }

    /// How much the second patch moves what the first one writes, as a share of that; nil where it writes nothing.
    var first: Double? { own > 0 ? (cross / own).squareRoot() : nil }
    /// The reverse.
    var second: Double? { other > 0 ? (cross / other).squareRoot() : nil }
}

extension ChangeSpectrum {
    /// The largest cosine between directions of two changes; nil where one of them is 0.
    ///
    /// - Parameter side: the rows that span the space.
    func overlap(with other: ChangeSpectrum, of side: (ChangeSpectrum) throws -> Tensor) throws -> Double? {
        guard rank > 0, other.rank > 0 else { return nil }
        let (a, b) = try (side(self).sliced(0, 0..<rank), side(other).sliced(0, 0..<other.rank))
        return try a.matmul(b.transposed()).svd().s.scalars(as: Double.self).first
    }

    /// The largest cosine between directions that two changes read, where u C wᵀ is their inner product: the correlation of what the
    /// two read over ordinary text. Nil where a change is 0, or reads what never occurs.
    func keyOverlap(with other: ChangeSpectrum, under moment: Tensor) throws -> Double? {
        guard rank > 0, other.rank > 0 else { return nil }
        let (a, b) = try (vTransposed.sliced(0, 0..<rank), other.vTransposed.sliced(0, 0..<other.rank))
        let (weightedA, weightedB) = try (a.matmul(moment), b.matmul(moment))
        // A space is made orthonormal by the factor of its own inner products.
        guard let x = try? weightedA.matmul(a.transposed()).cholesky(),
            let y = try? weightedB.matmul(b.transposed()).cholesky()
        else { return nil }
        let cross = try x.triangularSolve(weightedA.matmul(b.transposed()))
        return try y.triangularSolve(cross.transposed()).svd().s.scalars(as: Double.self).first
    }
}

extension Delta {
    /// ‖Δ₁ C Δ₂ᵀ‖²: what one change writes at the keys of another, both by their strength. No matrix is made that is larger than the
    /// weight or than the square of its input.
    fileprivate func response(to other: Delta, _ shape: [Int], _ moment: Tensor?) throws -> Double {
        let (a, b) = try (wide(), other.wide())
        func weighted(_ rows: Tensor) throws -> Tensor { try moment.map { try rows.matmul($0) } ?? rows }
        // ‖L M‖² = Σ (LᵀL ∘ M Mᵀ)
        func norm(_ left: Tensor, _ m: Tensor) throws -> Double {
            try (left.transposed().matmul(left) * m.matmul(m.transposed())).sum().item()
        }
        switch (try a.factors(shape: shape), try b.factors(shape: shape)) {
        case (let x?, let y?):
            return try norm(x.left, weighted(x.right).matmul(y.right.transposed()).matmul(y.left.transposed()))
        case (let x?, nil): return try norm(x.left, weighted(x.right).matmul(b.dense(shape: shape).transposed()))
        case (nil, let y?): return try norm(y.left, weighted(y.right).matmul(a.dense(shape: shape).transposed()))
        case (nil, nil):
            // tr(C Δ₁ᵀΔ₁ C Δ₂ᵀΔ₂)
            func gram(_ one: Delta) throws -> Tensor {
                let whole = try one.dense(shape: shape)
                return try weighted(whole.transposed().matmul(whole))
            }
            return try (gram(a) * gram(b).transposed()).sum().item()
        }
    }

    /// The rows that two changes of rows have in common, and the larger of the shares of the two norms that they carry; nil where a
    /// change is not one of rows.
    func commonRows(_ other: Delta) throws -> (rows: [Int]?, share: Double?) {
        guard case .rows(let a, let x) = form, case .rows(let b, let y) = other.form else { return (nil, nil) }
        let (numbers, others) = try (a.scalars(as: Int.self), b.scalars(as: Int.self))
        let common = Set(numbers).intersection(others)
        guard !common.isEmpty else { return ([], 0) }
        func share(_ numbers: [Int], _ values: Tensor) throws -> Double {
            let places = numbers.indices.filter { common.contains(numbers[$0]) }
            let wide = try values.cast(to: .float64)
            let whole = try wide.norm().item()
            return whole > 0 ? try wide.indexSelect(0, places).norm().item() / whole : 0
        }
        return (common.sorted(), max(try share(numbers, x), try share(others, y)))
    }
}

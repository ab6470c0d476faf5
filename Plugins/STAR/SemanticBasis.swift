// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The latent vectors that stand for the tokens of the vocabulary: row i of B = pinv(Uᵀ), U being the head.
///
/// b_i = (UᵀU)⁻¹ u_i, so one Cholesky factor of `[dModel, dModel]` stands for all of B. The head is read off the model
/// by what it does to unit vectors; this needs no name of a weight and takes a bias of the head out.
///
/// Cost: one product `[dModel, dModel]` · `[dModel, vocabulary]` and one `[dModel, vocabulary]` · its transpose.
struct SemanticBasis {
    /// Ridge of a head whose columns are dependent, as a share of the mean diagonal of UᵀU.
    private static let ridge = 1e-6
    /// Below this share of the largest pivot, UᵀU counts as singular: float32 columns say no more.
    private static let smallestPivot = 1e-12

    /// Aᵀ `[dModel, vocabulary]`: column i is what the basis vector i inverts.
    let atoms: Tensor
    /// Lower factor of AᵀA, `[dModel, dModel]`, float64.
    let factor: Tensor

    /// - Parameter usesGain: take u_i ⊙ γ, the final norm's gain included, instead of u_i.
    init(_ model: Model, usesGain: Bool) throws {
        var atoms = try SemanticBasis.head(of: model)
        if usesGain { atoms = try atoms * SemanticBasis.gain(of: model).unsqueezed(1).cast(to: atoms.dtype) }
        try self.init(atoms: atoms)
    }

    /// - Parameter atoms: `[dModel, vocabulary]`.
    init(atoms: Tensor) throws {
        self.atoms = atoms
        let (dModel, vocabulary) = (atoms.shape[0], atoms.shape[1])
        var moment = try Tensor.zeros([dModel, dModel], dtype: .float64, device: atoms.device)
        // In parts, so that no float64 copy of the head is made.
        for start in stride(from: 0, to: vocabulary, by: 8192) {
            let part = try atoms.sliced(1, start..<min(start + 8192, vocabulary)).cast(to: .float64)
            moment = try moment + part.matmul(part.transposed())
        }
        if let factor = try? moment.cholesky(), try SemanticBasis.isRegular(factor) {
            self.factor = factor
        } else {
            let ridge = try SemanticBasis.ridge * moment.diagonal().mean()
            let identity = try Tensor.identity(dModel, dtype: .float64, device: atoms.device)
            do {
                factor = try (moment + ridge * identity).cholesky()
            } catch {
                throw SutureError(
                    .failedPrecondition, "the head's moment UᵀU is not positive definite, even with a ridge",
                    hint: "check that the head is not zero")
            }
        }
    }

    private static func isRegular(_ factor: Tensor) throws -> Bool {
        let pivots = try factor.diagonal().square()
        return try pivots.min().item() > smallestPivot * pivots.max().item()
    }

    /// b_i for some tokens, `[token, dModel]`, float64.
    func vectors(of tokens: [Int]) throws -> Tensor {
        let columns = try atoms.indexSelect(1, tokens).cast(to: .float64)
        return try factor.choleskySolve(columns).transposed()
    }

    /// The head's weight, transposed: `[dModel, vocabulary]`.
    ///
    /// A cap of the logits bends what is large, so unit vectors are scaled down, by a power of two that rounds nothing. No
    /// family has both a cap and a bias, beside which small logits would be lost.
    static func head(of model: Model) throws -> Tensor {
        let info = model.info
        let zero = try Tensor.zeros([1, info.dModel], device: info.device)
        let bias = try logits(of: zero, model)
        let scale = try bias.abs().max().item() == 0 ? 0x1p-7 : 1
        let identity = try Tensor.identity(info.dModel, device: info.device) * scale
        var rows: [Tensor] = []
        for start in stride(from: 0, to: info.dModel, by: 512) {
            rows.append(try (logits(of: identity[start..<min(start + 512, info.dModel)], model) - bias) * (1 / scale))
        }
        return try Tensor.concatenated(rows)
    }

    /// What the head makes of hidden states `[n, dModel]`: `[n, vocabulary]`.
    static func logits(of hidden: Tensor, _ model: Model) throws -> Tensor {
        let end = model.info.layerCount
        let states = try hidden.unsqueezed(1)
        var pass = Forward(
            .residual(states, lengths: IntegerVector(repeatElement(1, count: states.shape[0]))), layers: end..<end,
            logits: .last)
        pass.interventions = [Intervention(.finalNorm, .replace(states))]
        return try withoutGradients { try model.logits(pass) }
    }

    /// The final norm's gain γ, `[dModel]`: what the norm makes of a state whose normalised form is known, less what it
    /// makes of none.
    static func gain(of model: Model) throws -> Tensor {
        let info = model.info
        guard info.dModel % 2 == 0 else {
            throw SutureError(
                .unimplemented, "the final norm's gain cannot be read off a model of odd width \(info.dModel)",
                hint: "leave norm_gain out")
        }
        // Mean 0 and size 1, so that layer norm and RMS norm agree; large against the norm's epsilon.
        let signs = (0..<info.dModel).map { $0 % 2 == 0 ? 1.0 : -1.0 }
        let states = try Tensor(signs.map { $0 * 1000 } + signs.map { _ in 0 }, shape: [2, 1, info.dModel])
        var pass = Forward(
            .residual(states, lengths: [1, 1]), layers: info.layerCount..<info.layerCount, logits: .none)
        pass.captures = [Capture(.finalNorm)]
        let normed = try withoutGradients { try model.forward(pass) }.captures[0].cast(to: .float64).squeezed(1)
        return try (normed[0] - normed[1]) * Tensor(signs, device: normed.device)
    }
}

/// Keeps a model's basis from one group of cases to the next.
final class SemanticBasisCache {
    private var kept: (probe: [Float], basis: SemanticBasis)?

    /// The basis, computed anew only where the head differs from the one before, which one product tells.
    func basis(of model: Model, usesGain: Bool) throws -> SemanticBasis {
        let info = model.info
        let state = try RandomNumbers(seed: 0).normal([1, info.dModel], device: info.device)
        let probe = try SemanticBasis.logits(of: state, model).scalars(as: Float.self)
        if let kept, kept.probe == probe { return kept.basis }
        let basis = try SemanticBasis(model, usesGain: usesGain)
        kept = (probe, basis)
        return basis
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the surrogate of LinFAC predicts gradients from (§5.2b):
///
///     φ_t = [ R₁ h_t ; R₂ H_t ; e_t ; ē_t ], and a 1 for the intercept
///
/// h is what the module's sublayer reads, H what the unembedding reads, e = R₂ ∂loss/∂H, which is R₂ Uᵀ (p − onehot), and ē_t
/// the mean of e from t to the last token that is read. Tokens behind that have no gradient, and their φ is 0, the 1 included.
struct Features {
    /// Maps the width of the model to that of a part of φ. Fixed, whatever the settings of a run are.
    struct Projections {
        private let first: Tensor?
        private let second: Tensor?

        /// - Parameter width: of a part; the model's own, and no projection, where that is not larger.
        init(width: Int, of model: Model) throws(SutureError) {
            let info = model.info
            guard width < info.dModel else {
                (first, second) = (nil, nil)
                return
            }
            let shape = [info.dModel, width]
            let deviation = 1 / Double(width).squareRoot()
            first = try RandomNumbers(seed: 1).normal(shape, deviation: deviation).cast(device: info.device)
            second = try RandomNumbers(seed: 2).normal(shape, deviation: deviation).cast(device: info.device)
        }

        /// R₁ x, `[…, width]`
        func hidden(_ x: Tensor) throws(SutureError) -> Tensor {
            try first.map { f throws(SutureError) in try x.matmul(f) } ?? x
        }
        /// R₂ x, `[…, width]`
        func final(_ x: Tensor) throws(SutureError) -> Tensor {
            try second.map { s throws(SutureError) in try x.matmul(s) } ?? x
        }
    }

    private let projections: Projections
    /// R₂ H, e and ē, `[row, position, 3 · width]`
    private let shared: Tensor
    /// 1 up to the last token that is read, then 0, `[row, position, 1]`
    private let counted: Tensor

    /// - Parameters:
    ///   - final: H `[row, position, dModel]`
    ///   - error: ∂loss/∂H in the same shape.
    init(_ batch: ForcedBatch, final: Tensor, error: Tensor, _ projections: Projections) throws {
        self.projections = projections
        let (rows, positions) = (final.shape[0], final.shape[1])
        var ends = [Int](repeating: 0, count: rows)
        for read in batch.reads { ends[read.row] = max(ends[read.row], read.position + 1) }
        let rest = ends.flatMap { end in (0..<positions).map { Float(max(end - $0, 0)) } }
        let remaining = try Tensor(rest, shape: [rows, positions, 1], device: final.device)
        counted = try remaining.minimum(1)
        let e = try projections.final(error.cast(to: .float32))
        let behind = try e.flipped(1).cumulativeSum(1).flipped(1) / remaining.maximum(1)
        shared = try Tensor.concatenated([projections.final(final.cast(to: .float32)), e, behind], 2)
    }

    /// φ with its 1, `[row, position, 4 · width + 1]`.
    ///
    /// - Parameter hidden: h `[row, position, dModel]`
    func phi(_ hidden: Tensor) throws(SutureError) -> Tensor {
        let h = try projections.hidden(hidden.cast(to: .float32))
        return try Tensor.concatenated([h, shared, .ones(counted.shape, device: counted.device)], 2) * counted
    }
}

extension Module {
    /// h: what the sublayer of the module reads, for which the module's own input is no substitute in a down projection.
    var sublayerInput: Site {
        projection.isFeedForward ? .mlpInput(projection.layer) : .attentionInput(projection.layer)
    }
}

extension [Module] {
    /// What the sublayers of the modules read, each once.
    var sublayerInputs: [Site] {
        var seen: Set<Site> = []
        return map(\.sublayerInput).filter { seen.insert($0).inserted }
    }
}

extension Model {
    /// The modules' inputs and φ in place of their gradients: a forward pass, and a backward pass of the unembedding alone.
    func surrogateTokens(
        of modules: [Module], in batch: ForcedBatch, _ projections: Features.Projections
    ) throws -> [ModuleTokens] {
        let sites = modules.sublayerInputs
        var pass = Forward(batch.tokens, logits: .at(batch.reads))
        pass.captures = (modules.map(\.projection.input) + sites + [.finalNorm]).map { Capture($0) }
        pass.interventions = [Intervention(.finalNorm, .closure { try $0.leaf() })]
        let (captures, error) = try withGradients {
            let output = try forward(pass)
            let loss = try batch.losses(output.requireLogits()).sum()
            return (output.captures, try loss.gradients(of: [output.captures[modules.count + sites.count]])[0])
        }
        return try withoutGradients {
            let final = try captures[modules.count + sites.count].detached()
            let features = try Features(batch, final: final, error: error ?? final * 0, projections)
            let phi = try Dictionary(
                uniqueKeysWithValues: sites.enumerated().map { place, site in
                    (site, try features.phi(captures[modules.count + place]))
                })
            let real = TokenPositions(allOf: batch.tokens.lengths)
            return try modules.enumerated().map { place, module in
                guard let own = phi[module.sublayerInput] else {
                    throw SutureError(.internal, "\(module.name) has no features")
                }
                return ModuleTokens(module: module, input: try module.input(captures[place]), gradient: own, real: real)
            }
        }
    }
}

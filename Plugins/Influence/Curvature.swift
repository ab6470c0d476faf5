// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How the curvature of a module is factored (§4, §5.2a).
enum Curvature: String, ParameterChoice {
    /// A_seq = E[Gᵀ G], S_seq = E[G Gᵀ] over sequences, and Λ in their eigenbases.
    case sequence = "linfac-seq"
    /// A = E[a aᵀ], S = E[g gᵀ] over tokens, and Λ in their eigenbases.
    case ekfac
    /// A and S alone: Λ is the product of their eigenvalues.
    case token = "kfac-token"

    /// Whether tokens are taken as independent of each other.
    var isOfTokens: Bool { self != .sequence }
    /// Whether Λ is measured, in a pass of its own.
    var measuresMoments: Bool { self != .token }
}

/// What the fit of a curvature depends on.
struct CurvatureSettings: ParameterSet {
    @Parameter("labels", help: "Labels of the curvature: drawn from the model (true Fisher), or those of the data.")
    var labels = Labels.model

    @Parameter("label_seed", in: .nonNegative, help: "Another seed draws other labels.")
    var seed = 0

    @Parameter("damping", in: .positive, help: "Added to Λ, as a multiple of its mean in each module.")
    var damping = 0.1

    @Parameter("rank", in: .positive, help: "Keep the preconditioned gradients of queries in this rank; null: exact.")
    var rank: Int? = 32
}

/// The sums that make the curvature of some modules.
struct CurvatureFit {
    let curvature: Curvature
    let settings: CurvatureSettings
    let examples: ModuleSettings

    // MARK: Names

    private var length: String { "length-\(examples.maxLength)" }
    private var drawn: String {
        settings.labels == .data ? "\(length).data" : "\(length).model-\(settings.seed)"
    }
    private var unit: String { curvature.isOfTokens ? "token" : "sequence" }

    /// Real tokens, prompts included.
    var tokenCount: String { "tokens.\(length)" }
    /// Examples.
    var sequenceCount: String { "sequences.\(length)" }
    /// Σ −log p of the texts. It tells the model whose sums these are from others.
    var loss: String { "loss.\(length)" }
    /// A or A_seq. A is that of the module's input, which others may share.
    func inputMoment(_ module: Module) -> String {
        curvature.isOfTokens ? "input.\(module.inputName).\(length)" : "sequence-input.\(module.name).\(drawn)"
    }
    /// S or S_seq.
    func outputMoment(_ module: Module) -> String {
        (curvature.isOfTokens ? "output" : "sequence-output") + ".\(module.name).\(drawn)"
    }
    /// Λ
    func moments(_ module: Module) -> String { "moments-\(unit).\(module.name).\(drawn)" }
    /// How ``inputMoment(_:)`` is scaled.
    var inputScale: BlockSums.Scale { curvature.isOfTokens ? .plain : .square }

    /// The names of pass 1, the moments, and of pass 2, Λ.
    func names(inPass pass: Int, _ modules: [Module]) -> [String] {
        switch pass {
        case 1:
            var names = [tokenCount, sequenceCount, loss]
            var seen: Set<String> = []
            for name in modules.map(inputMoment) where seen.insert(name).inserted { names.append(name) }
            return names + modules.map(outputMoment)
        case 2: return curvature.measuresMoments ? modules.map(moments) : []
        default: return []
        }
    }

    // MARK: Sums

    /// The sums of a block of examples.
    func sums(
        over block: [MarkedText], inPass pass: Int, _ modules: [Module], _ model: Model, in session: Session
    ) throws -> [NamedTensor] {
        var sums = BlockSums()
        let (places, rows) = try examples.predictable(block, of: model)
        let counted = places.map { block[$0] }
        for batch in try rows.batches(tokenBudget: examples.tokenBudget) {
            try session.progress(pass == 1 ? "moments" : "eigenvalues")
            var losses = 0.0
            let draws =
                settings.labels == .model
                ? try LabelDraws(for: batch, of: counted, seed: settings.seed) : nil
            let tokens = try model.tokens(of: modules, in: batch) { logits in
                losses = try batch.losses(logits).cast(to: .float64).sum().item()
                return try draws?.targets(logits) ?? batch.targets.tensor
            }
            try withoutGradients {
                if pass == 1 {
                    try sums.add(tokenCount, Double(batch.tokens.lengths.reduce(0, +)))
                    try sums.add(sequenceCount, Double(batch.places.count))
                    try sums.add(loss, losses)
                    try addMoments(of: tokens, to: &sums)
                } else {
                    for own in tokens { try sums.add(moments(own.module), squares(of: own, in: session), .square) }
                }
            }
        }
        return try sums.named(names(inPass: pass, modules))
    }

    private func addMoments(of tokens: [ModuleTokens], to sums: inout BlockSums) throws {
        var seen: Set<String> = []
        for own in tokens {
            let (input, output) = (inputMoment(own.module), outputMoment(own.module))
            guard curvature.isOfTokens else {
                let (a, s) = try Moments.ofSequences(own.input, own.gradient)
                try sums.add(input, a, .square)
                try sums.add(output, s, .square)
                continue
            }
            if seen.insert(input).inserted { try sums.add(input, Moments.ofTokens(own.input.pick(own.real.tensor))) }
            try sums.add(output, Moments.ofTokens(own.gradient.reshaped(-1, own.gradient.shape[2])), .square)
        }
    }

    /// Σ (Q_Sᵀ G Q_A)² over the rows, in the eigenbases.
    private func squares(of tokens: ModuleTokens, in session: Session) throws -> Tensor {
        let bases = try bases(of: tokens.module, in: session)
        let device = tokens.input.device
        return try Moments.squares(
            tokens.input.matmul(bases.input.vectors.cast(device: device)),
            tokens.gradient.matmul(bases.output.vectors.cast(device: device)))
    }
}

/// Second moments of tokens and of sequences. None of them writes a gradient of a token out.
enum Moments {
    /// Elements of what is made at once.
    private static let roomy = 1 << 24

    /// Σ x xᵀ over the rows of `[token, width]`.
    static func ofTokens(_ x: Tensor) throws(SutureError) -> Tensor { try x.transposed().matmul(x) }

    /// Σ Gᵀ G and Σ G Gᵀ over rows, where G = Σ g aᵀ (§5.2a), by matrices of token times token:
    /// Gᵀ G = aᵀ (g gᵀ) a and G Gᵀ = gᵀ (a aᵀ) g.
    ///
    /// - Parameters:
    ///   - a: `[row, position, in]`
    ///   - g: `[row, position, out]`
    static func ofSequences(_ a: Tensor, _ g: Tensor) throws(SutureError) -> (input: Tensor, output: Tensor) {
        let (gBetween, aBetween) = (try g.matmul(g.transposed()), try a.matmul(a.transposed()))
        func moment(_ x: Tensor, _ between: Tensor) throws(SutureError) -> Tensor {
            let width = x.shape[2]
            return try x.reshaped(-1, width).transposed().matmul(between.matmul(x).reshaped(-1, width))
        }
        return (try moment(a, gBetween), try moment(g, aBetween))
    }

    /// Σ (g' a'ᵀ)² over rows, elementwise after the sum over a row's tokens, `[out, in]`.
    ///
    /// - Parameters:
    ///   - a: inputs in their eigenbasis, `[row, position, in]`
    ///   - g: gradients in theirs, `[row, position, out]`
    static func squares(_ a: Tensor, _ g: Tensor) throws -> Tensor {
        let rows = a.shape[0]
        let step = max(1, roomy / (a.shape[2] * g.shape[2]))
        var sum: Tensor?
        for start in stride(from: 0, to: rows, by: step) {
            let range = start..<min(start + step, rows)
            let part = try g[range].transposed().matmul(a[range]).square().sum(0)
            sum = try sum.map { try $0 + part } ?? part
        }
        return try sum ?? Tensor.zeros([g.shape[2], a.shape[2]])
    }
}

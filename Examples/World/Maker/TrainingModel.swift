// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A transformer of the GPT-2 kind whose weights can be trained.
///
/// It is written with the tensors of SutureKit, because the host's own model takes no gradients of weights.
/// Matrices are `[out, in]`, and the token embedding serves as the head.
struct TrainingModel {
    /// A weight, its name in a checkpoint of GPT-2, and whether that stores it transposed.
    struct Parameter {
        let name: String
        var value: Tensor
        let isStoredTransposed: Bool

        /// Whether weight decay applies.
        var decays: Bool { value.rank == 2 }
    }

    private struct Linear {
        let weight: Tensor
        let bias: Tensor

        func callAsFunction(_ x: Tensor) throws(SutureError) -> Tensor { try x.linear(weight, bias: bias) }
    }

    private struct Block {
        let firstNorm, attention, attentionOutput, secondNorm, up, down: Linear
    }

    /// Width of the MLP, as a multiple of the model's.
    private static let mlpFactor = 4
    /// Standard deviation of fresh weights, and of fresh positions; as in GPT-2.
    private static let deviation = 0.02
    private static let positionDeviation = 0.01

    let settings: TrainingSettings
    let parameters: [Parameter]
    private let tokens: Tensor
    private let positions: Tensor
    private let blocks: [Block]
    private let finalNorm: Linear

    /// A fresh model.
    init(settings: TrainingSettings, vocabulary: Int) throws(SutureError) {
        let random = try RandomNumbers(seed: settings.seed)
        let (dModel, dMLP) = (settings.dModel, Self.mlpFactor * settings.dModel)
        // Outputs into the residual stream start smaller, by the number of them: GPT-2's rule.
        let outputDeviation = Self.deviation / Double(2 * settings.layers).squareRoot()
        func matrix(_ name: String, _ out: Int, _ input: Int, _ deviation: Double) throws(SutureError) -> Parameter {
            Parameter(
                name: name, value: try random.normal([out, input], deviation: deviation).leaf(),
                isStoredTransposed: name.hasPrefix("h."))
        }
        func vector(_ name: String, _ count: Int, _ value: Double) throws(SutureError) -> Parameter {
            Parameter(name: name, value: try Tensor.full([count], value).leaf(), isStoredTransposed: false)
        }
        var parameters = [
            try matrix("wte.weight", vocabulary, dModel, Self.deviation),
            try matrix("wpe.weight", settings.positions, dModel, Self.positionDeviation),
        ]
        for layer in 0..<settings.layers {
            let name = "h.\(layer)."
            parameters += [
                try vector(name + "ln_1.weight", dModel, 1), try vector(name + "ln_1.bias", dModel, 0),
                try matrix(name + "attn.c_attn.weight", 3 * dModel, dModel, Self.deviation),
                try vector(name + "attn.c_attn.bias", 3 * dModel, 0),
                try matrix(name + "attn.c_proj.weight", dModel, dModel, outputDeviation),
                try vector(name + "attn.c_proj.bias", dModel, 0),
                try vector(name + "ln_2.weight", dModel, 1), try vector(name + "ln_2.bias", dModel, 0),
                try matrix(name + "mlp.c_fc.weight", dMLP, dModel, Self.deviation),
                try vector(name + "mlp.c_fc.bias", dMLP, 0),
                try matrix(name + "mlp.c_proj.weight", dModel, dMLP, outputDeviation),
                try vector(name + "mlp.c_proj.bias", dModel, 0),
            ]
        }
        parameters += [try vector("ln_f.weight", dModel, 1), try vector("ln_f.bias", dModel, 0)]
        self.init(settings: settings, parameters: parameters)
    }

    /// The model with these weights, in the order of ``parameters``.
    init(settings: TrainingSettings, parameters: [Parameter]) {
        self.settings = settings
        self.parameters = parameters
        var rest = parameters.map(\.value)[...]
        func linear() -> Linear { Linear(weight: rest.removeFirst(), bias: rest.removeFirst()) }
        tokens = rest.removeFirst()
        positions = rest.removeFirst()
        blocks = (0..<settings.layers).map { _ in
            Block(
                firstNorm: linear(), attention: linear(), attentionOutput: linear(), secondNorm: linear(),
                up: linear(), down: linear())
        }
        finalNorm = linear()
    }

    /// The model as its half-precision checkpoint will have it, for measuring.
    func rounded() throws(SutureError) -> TrainingModel {
        var rounded: [Parameter] = []
        for parameter in parameters {
            var parameter = parameter
            parameter.value = try parameter.value.detached().cast(to: .float16).cast(to: .float32)
            rounded.append(parameter)
        }
        return TrainingModel(settings: settings, parameters: rounded)
    }

    /// What one pass gives.
    struct Output {
        /// Scores of the next token, `[row, position, vocabulary]`, float32.
        let logits: Tensor
        /// The residual stream after the lower blocks, `[row, position, dModel]`.
        let recalled: Tensor
    }

    /// Runs the model.
    ///
    /// - Parameters:
    ///   - inputs: tokens `[row, position]`, int64.
    ///   - separation: for the first part of the training, what a token sees in block 0,
    ///     `[row, 1, position, position]`, bool; the lower blocks then work in parts
    ///     (see ``TrainingSettings/recallBlocks``). Nil for the whole model.
    func callAsFunction(_ inputs: Tensor, separation: Tensor? = nil) throws(SutureError) -> Output {
        var hidden = try tokens.embedding(inputs) + positions[0..<inputs.shape[1]]
        var recalled = hidden
        for (layer, block) in blocks.enumerated() {
            let isPartial = separation != nil && layer < settings.recallBlocks
            if !isPartial || layer == 0 {
                let mask = layer == 0 ? separation : nil
                hidden = try hidden + attention(norm(hidden, block.firstNorm), block, mask: mask)
            }
            if !isPartial || layer > 0 {
                hidden = try hidden + block.down(block.up(norm(hidden, block.secondNorm)).geluTanh())
            }
            if layer == settings.recallBlocks - 1 { recalled = hidden }
        }
        return Output(logits: try scores(hidden), recalled: recalled)
    }

    /// Final norm and head, on `[.., dModel]`.
    func scores(_ hidden: Tensor) throws(SutureError) -> Tensor {
        try norm(hidden, finalNorm).linear(tokens)
    }

    private func norm(_ x: Tensor, _ norm: Linear) throws(SutureError) -> Tensor {
        try x.layerNorm(weight: norm.weight, bias: norm.bias, epsilon: settings.epsilon)
    }

    private func attention(_ x: Tensor, _ block: Block, mask: Tensor?) throws(SutureError) -> Tensor {
        let (rows, length, heads) = (x.shape[0], x.shape[1], settings.heads)
        // [part, row, head, position, dHead]
        let parts = try block.attention(x).reshaped(rows, length, 3, heads, settings.dModel / heads)
            .permuted(2, 0, 3, 1, 4)
        let mixed = try parts[0].attention(key: parts[1], value: parts[2], mask: mask, isCausal: mask == nil)
        return try block.attentionOutput(mixed.transposed(1, 2).reshaped(rows, length, settings.dModel))
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A weight that counts: a linear module of §4.
struct Module: Sendable {
    var projection: Projection
    /// Whether it adds a bias. Then a 1 stands at the end of its input, and the bias is the last column of the gradient.
    var hasBias: Bool

    /// Its name in those of sums: "blocks.3.up".
    var name: String { projection.output.description }
    /// What it reads: "blocks.3.mlp_input", or "blocks.3.mlp_input-1" with a 1 at its end. Modules may share it.
    var inputName: String { projection.input.description + (hasBias ? "-1" : "") }

    /// a: what the module reads, with the 1 where there is a bias, float32.
    ///
    /// - Parameter values: `[batch, position, in]`
    func input(_ values: Tensor) throws(SutureError) -> Tensor {
        let values = try values.cast(to: .float32)
        guard hasBias else { return values }
        let ones = try Tensor.ones(Array(values.shape.dropLast()) + [1], device: values.device)
        return try Tensor.concatenated([values, ones], -1)
    }
}

/// What some rows gave to a module and took from it.
///
/// G = Σ g aᵀ over the tokens of a row is the row's gradient. It is not written out unless something needs it.
struct ModuleTokens {
    var module: Module
    /// a `[row, position, in]`, padding included.
    var input: Tensor
    /// g `[row, position, out]`, 0 at padding.
    var gradient: Tensor
    /// The real tokens, row by row.
    var real: TokenPositions

    /// G of each row, `[row, out, in]`.
    func rowGradients() throws(SutureError) -> Tensor { try gradient.transposed().matmul(input) }

    /// Some of the rows.
    subscript(rows: Range<Int>) -> (input: Tensor, gradient: Tensor) {
        get throws(SutureError) { (try input[rows], try gradient[rows]) }
    }
}

extension Model {
    /// Runs a batch forward and backward, once for all modules.
    ///
    /// - Parameters:
    ///   - captures: what `watch` sees besides the logits.
    ///   - targets: makes the tokens whose −log p is summed, int64 `[read]`, from the logits; nil: those of the batch.
    ///   - watch: sees the pass and the loss while there is a graph.
    func tokens(
        of modules: [Module], in batch: ForcedBatch, captures: [Capture] = [],
        targets: ((Tensor) throws -> Tensor)? = nil, watching watch: ((ForwardOutput, Tensor) throws -> Void)? = nil
    ) throws -> [ModuleTokens] {
        var pass = Forward(batch.tokens, logits: .at(batch.reads))
        pass.captures = captures
        let found = try gradients(of: modules.map(\.projection), in: pass) { output in
            let logits = try output.requireLogits().cast(to: .float32)
            let targets = try targets?(logits.detached()) ?? batch.targets.tensor
            let loss = try logits.crossEntropy(targets.cast(device: logits.device), reduction: .sum)
            try watch?(output, loss)
            return loss
        }
        return try zip(modules, found).map { module, found in
            ModuleTokens(
                module: module, input: try module.input(found.input), gradient: try found.gradient.cast(to: .float32),
                real: found.tokens)
        }
    }
}

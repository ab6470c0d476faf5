// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What computes logits from rows of tokens: a decoder alone (``Transformer``), or an encoder and a decoder
/// (``EncoderDecoder``).
public protocol Network: Sendable {
    /// The weights that a pass reads.
    var weights: ModelWeights { get }

    /// The same computation over other weights.
    ///
    /// - Throws: `notFound` where the weights lack one that the computation needs.
    func with(_ weights: ModelWeights) throws(SutureError) -> Self

    /// Runs a pass. `pass.past` is ignored here: the cache comes as `past`.
    ///
    /// - Throws: what the pass asks for and the model or the batch does not have; texts that are too long.
    func run(_ pass: Forward, past: KeyValues?) throws(SutureError) -> (output: ForwardOutput, cache: KeyValues?)

    /// How many projections between sites there are.
    var projectionCount: Int { get }

    /// One of the projections; nil beyond the last.
    func projection(at index: Int) -> Projection?
}

extension Network {
    /// Runs a pass without a past.
    ///
    /// - Throws: as ``run(_:past:)``.
    public func run(_ pass: Forward) throws(SutureError) -> ForwardOutput { try run(pass, past: nil).output }
}

extension ModelConfiguration {
    /// The computation of a model over its weights.
    ///
    /// - Parameters:
    ///   - tokensWithoutRow: the texts of tokens that are named when a pass has one that the embedding lacks.
    ///   - division: where rows divide; needed by models with an encoder.
    /// - Throws: `notFound` where the weights lack one that the configuration asks for.
    func network(
        _ weights: ModelWeights, tokensWithoutRow: [Int: String], division: RowDivision?
    ) throws(SutureError) -> any Network {
        guard let encoder else { return try Transformer(self, weights, tokensWithoutRow: tokensWithoutRow) }
        guard let division else { throw SutureError(.internal, "an encoder came without a division of rows") }
        return try EncoderDecoder(self, encoder, weights, tokensWithoutRow: tokensWithoutRow, division: division)
    }

    /// Refuses tokens that the embedding has no row for, padding included.
    func checkTokens(_ tokens: Tensor, naming tokensWithoutRow: [Int: String]) throws(SutureError) {
        guard tokens.count > 0 else { return }
        let largest = try Int(tokens.max().item())
        let smallest = try Int(tokens.min().item())
        guard largest >= vocabulary || smallest < 0 else { return }
        let id = smallest < 0 ? smallest : largest
        let text = tokensWithoutRow[id].map { " \"\($0)\"" } ?? ""
        throw SutureError(
            .outOfRange,
            "the token\(text) with the id \(id) has no row in the model's embedding, which has \(vocabulary)",
            hint: "leave the token out of the text, or resize the model's embedding in Python and train the new rows")
    }

    /// What is refused in a model with an encoder.
    func notOffered(_ what: String, hint: String) -> SutureError {
        SutureError(
            .unimplemented,
            "\(what) are not offered for encoder–decoder models, and this is one (\(architecture.modelType))",
            hint: hint)
    }
}

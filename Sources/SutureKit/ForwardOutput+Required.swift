// SPDX-License-Identifier: Apache-2.0

extension ForwardOutput {
    /// The logits of a pass that computes some, float32 or wider.
    ///
    /// - Throws: `failedPrecondition` where the pass has none.
    public func requireLogits() throws(SutureError) -> Tensor {
        guard let logits else {
            throw SutureError(
                .failedPrecondition, "the pass computed no logits",
                hint: "request them with logits: .last, .at(…) or .all, and run the blocks through to the last one")
        }
        return logits
    }

    /// The keys and values of a pass that keeps them.
    ///
    /// - Throws: `failedPrecondition` where the pass kept none.
    public func requireCache() throws(SutureError) -> KeyValueCache {
        guard let cache else {
            throw SutureError(
                .failedPrecondition, "the pass kept no keys and values", hint: "set keepsCache before the pass")
        }
        return cache
    }
}

extension Model {
    /// The logits of a pass, float32 or wider, with the shape that ``Forward/Logits`` says.
    ///
    /// - Throws: what ``forward(_:)`` throws, and `failedPrecondition` for a pass that computes no logits.
    public func logits(_ pass: Forward) throws(SutureError) -> Tensor { try forward(pass).requireLogits() }

    /// The logits of token rows at some tokens, `[n, vocabulary]`, float32 or wider. One pass.
    ///
    /// - Throws: what ``forward(_:)`` throws, and `invalidArgument` for a row without tokens.
    public func logits(of rows: [[Int]], at positions: [TokenIndex]) throws(SutureError) -> Tensor {
        try logits(Forward(TokenBatch(rows), logits: .at(positions)))
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Where a row of tokens of an encoder–decoder model divides into the source, which the encoder reads, and what the
/// decoder says.
///
/// A row is the source, which the tokenizer ends with a token of its own (T5: `</s>`), the token with which the decoder
/// begins (T5: `<pad>`), and the decoder's tokens. The first place at which the one follows the other divides the row:
///
///     This is a row . </s> <pad> Das ist eine Zeile . </s>
///     ——— source ———————— | ——— decoder ———————————————————
struct RowDivision: Sendable, Hashable {
    /// The token that the tokenizer puts at the end of a source.
    let end: Int
    /// The token with which the decoder begins.
    let start: Int

    /// - Parameter end: nil where the tokenizer puts none.
    /// - Throws: `unsupportedOption` then, because nothing would tell a source from what follows it.
    init(end: Int?, start: Int) throws(ModelError) {
        guard let end else {
            throw ModelError(
                .unsupportedOption,
                "the tokenizer puts no token at the end of a text, so that the source of an encoder–decoder model has no end",
                hint: "use a tokenizer.json whose template ends in a special token, such as </s>")
        }
        self.init(endOfSource: end, start: start)
    }

    /// A division at these two tokens.
    init(endOfSource end: Int, start: Int) {
        self.end = end
        self.start = start
    }

    /// How many tokens the source of a row has, its end included; nil where nothing divides the row.
    func sourceLength(of row: [Int]) -> Int? {
        row.indices.dropFirst().first { row[$0] == start && row[$0 - 1] == end }
    }

    /// What the decoder says in a row, after the token with which it begins; nil where nothing divides the row.
    func said(in row: [Int]) -> [Int]? {
        sourceLength(of: row).map { Array(row[($0 + 1)...]) }
    }

    /// Puts the token with which the decoder begins after a source.
    ///
    /// - Throws: `unsupportedOption` for a source that holds the tokens of a division itself.
    func begin(after source: inout [TokenPostProcessor.Item]) throws(ModelError) {
        guard sourceLength(of: source.map(\.id)) == nil else {
            throw ModelError(
                .unsupportedOption,
                "a text holds the tokens \(end) and \(start) one after the other, which divide a row of an encoder–decoder "
                    + "model", hint: "take the names of special tokens out of the text")
        }
        source.append(TokenPostProcessor.Item(id: start, offsets: 0..<0))
    }
}

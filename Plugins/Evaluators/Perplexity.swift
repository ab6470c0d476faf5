// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The perplexity of ordinary text: exp of the mean −log p per predicted token.
///
/// Each line of the file is a text of its own; a line longer than the model's context is cut into pieces. The first
/// token of a piece is not predicted.
struct Perplexity: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "perplexity", summary: "Perplexity of a text file, one text a line.")

    @Parameter("path", help: "UTF-8 text, one text a line.")
    var path: FilePath

    @Parameter("limit", in: .positive, unit: "lines", help: "Read only so many lines.")
    var limit: Int?

    @Parameter(
        "batch_tokens", in: .positive, unit: "tokens",
        help: "Tokens that are run at once, padding counted. Changes speed and memory, not results.")
    var tokenBudget = 4096

    private static let scoreName = "negative_log_likelihood"

    /// The text concerns the run as a whole: it is measured when there are no cases.
    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard cases.isEmpty else { return [] }
        let model = try session.model
        let rows = try model.pieces(of: path.lines(limit: limit)).filter { $0.count > 1 }
        var sum = 0.0
        var count = 0
        var done = 0
        for batch in TokenBatch.batches(ofLengths: rows.map(\.count), budget: tokenBudget) {
            try session.progress("evaluate", done, of: rows.count)
            var reads: [TokenIndex] = []
            var targets: [Int] = []
            for (i, row) in batch.map({ rows[$0] }).enumerated() {
                reads += (0..<row.count - 1).map { TokenIndex(row: i, position: $0) }
                targets += row.dropFirst()
            }
            let output = try model.forward(Forward(try TokenBatch(batch.map { rows[$0] }), logits: .at(reads)))
            guard let logits = output.logits else { throw SutureError(.internal, "the model returned no logits") }
            sum += try logits.cast(to: .float32)
                .crossEntropy(Tensor(targets, device: logits.device), reduction: .none).cast(to: .float64).sum().item()
            count += targets.count
            done += batch.count
        }
        guard count > 0 else {
            throw SutureError(
                .invalidArgument, "the text \(path.path) has no line of two tokens", hint: "give ordinary text")
        }
        return [Score(Perplexity.scoreName, sum / Double(count), weight: Double(count))]
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        let parts = scores.filter { $0.name == Perplexity.scoreName }
        let tokens = parts.reduce(0) { $0 + $1.weight }
        guard tokens > 0 else { return [] }
        let mean = parts.reduce(0) { $0 + $1.value * $1.weight } / tokens
        return [
            Metric(
                "perplexity", exponential(mean), unit: "ratio", n: Int(tokens), direction: .lowerIsBetter,
                protocol: "teacher-forced")
        ]
    }
}

extension Model {
    /// Texts as token ids, each cut into pieces that fit the context.
    func pieces(of texts: [String]) throws -> [[Int]] {
        let length = info.contextLength
        return try texts.flatMap { text in
            let ids = try encode(text, addsSpecialTokens: true)
            return stride(from: 0, to: ids.count, by: length).map { Array(ids[$0..<min($0 + length, ids.count)]) }
        }
    }
}

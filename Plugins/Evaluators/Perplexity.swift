// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The perplexity of ordinary text: exp of the mean −log p per predicted token.
///
/// Each line of the file is a text of its own; a line longer than the model's context is cut into pieces. The first
/// token of a piece is not predicted.
struct Perplexity: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "perplexity", summary: "Perplexity of a text file, one text a line.")

    @Parameter("path", help: "UTF-8 text, one text per line.")
    var path: FilePath

    @Parameter(.lineLimit) var limit: Int?
    @Parameter(.batchTokens) var tokenBudget = 4096

    func validate() throws { _ = try path.lines(limit: 1) }

    private static let scoreName = "negative_log_likelihood"

    /// The text concerns the run as a whole: it is measured when there are no cases.
    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard cases.isEmpty else { return [] }
        let model = try session.model
        let rows = try model.pieces(of: path.lines(limit: limit)).filter { $0.count > 1 }
        let readings = try model.read(rows.map(ForcedRow.init(text:)), .losses, tokenBudget: tokenBudget) {
            try session.progress("evaluate", $0, of: rows.count)
        }
        let losses = readings.flatMap(\.losses)
        guard let mean = losses.mean() else {
            throw SutureError(
                .invalidArgument, "the text \(path.path) has no line of two tokens", hint: "give ordinary text")
        }
        return [Score(Perplexity.scoreName, mean, weight: Double(losses.count))]
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        guard
            var metric = Metric.weightedMean(
                of: Perplexity.scoreName, in: scores, as: "perplexity", unit: "ratio", direction: .lowerIsBetter,
                protocol: "teacher-forced")
        else { return [] }
        metric.value = exponential(metric.value)
        return [metric]
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

// SPDX-License-Identifier: Apache-2.0

/// Solved examples that stand before a prompt: those of a file of pairs whose questions are the nearest
/// (``NearestTexts``), the nearest last.
struct Demonstrations {
    private let pairs: [Pair]
    private let questions: NearestTexts
    private let count: Int

    /// Nil where a dataset has none.
    ///
    /// - Throws: `file`, naming file, record and field, for a record that is no pair; `usage` where the file has fewer pairs
    ///   than are to stand before a prompt.
    init?(_ settings: Experiment.Dataset.PairSettings, _ form: PairForm) throws(RuntimeError) {
        guard let wanted = settings.demonstrations, wanted.count > 0 else { return nil }
        // The one log is about the cases. A demonstration that is no pair always ends the run.
        let log = ReadingLog(.stop)
        let file = try RecordFile(
            wanted.path, what: "the file of demonstrations", hint: "each record has 'prompt' and 'answer'", log)
        pairs = try file.records(where: [], log).map { (record) throws(RuntimeError) in try form.pair(record) }
        guard pairs.count >= wanted.count else {
            throw RuntimeError(
                .usage,
                "dataset.demonstrations.count is \(wanted.count), and '\(wanted.path)' has \(pairs.count) records",
                hint: "use a smaller count, or a file with more records")
        }
        questions = NearestTexts(pairs.map(\.question))
        count = wanted.count
    }

    /// What stands before the prompt of a question: each example with a blank line after it.
    ///
    /// - Parameter answer: of the question. A pair of the same question and answer is the question itself and never an
    ///   example of it; without an answer, neither is any pair of the same question.
    func opening(of question: String, answer: String? = nil) -> String {
        let nearest = questions.nearest(count, to: question) { place in
            guard pairs[place].question == question else { return true }
            return answer != nil && pairs[place].answer != answer
        }
        return nearest.reversed().map { "\(pairs[$0].prompt)\(pairs[$0].answer)\n\n" }.joined()
    }
}

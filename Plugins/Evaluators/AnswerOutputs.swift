// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The settings of evaluators that compare what a model says with a reference answer.
struct AnswerSettings: ParameterSet {
    /// What is compared.
    enum Choice: String, ParameterChoice {
        case forced = "teacher-forced"
        case greedy, both
    }

    @Parameter(
        "output",
        help: "What is compared: the first choices after the right tokens (teacher-forced), what the model says by "
            + "itself (greedy), or both, as metrics of their own.")
    var output = Choice.both

    @Parameter(
        "end_token",
        help: "Teacher-forced: the end-of-text token after the answer counts as its last token.")
    var countsEnd = false

    let continuation = ContinuationSettings(maxNewTokens: 128)

    /// Which outputs to compare.
    var outputs: [AnswerOutput] {
        AnswerOutput.allCases.filter { output == .both || output.rawValue == $0.rawValue }
    }
}

/// How an output comes about. Figures of the two are never averaged.
enum AnswerOutput: String, CaseIterable {
    /// The first choice in each place of the answer, after the right tokens before it.
    case forced = "teacher-forced"
    /// What the model says by itself.
    case greedy

    /// In front of the names of scores and metrics.
    var prefix: String { self == .forced ? "forced" : "greedy" }

    func protocolName(_ settings: AnswerSettings) -> String {
        switch self {
        case .forced: settings.countsEnd ? "teacher-forced, end token counted" : "teacher-forced"
        case .greedy: settings.continuation.protocolName
        }
    }
}

/// A prompt, the answer that belongs to it, and what a model said.
struct AnsweredPrompt {
    /// Which prompts of a case it belongs to.
    enum Group: String, CaseIterable {
        case answer, paraphrase, neighborhood
    }

    var caseIndex: Int
    /// The name of its case, for errors.
    var caseID: String
    var group: Group
    var prompt: String
    var reference: String
    /// Where teacher-forced output was asked for.
    var rating: TargetRating?
    var forcedText: String?
    /// Where greedy output was asked for.
    var continuation: Continuation?

    /// The text of an output.
    func text(_ output: AnswerOutput) -> String? { output == .forced ? forcedText : continuation?.text }
}

extension AnswerSettings {
    /// What the model says to every prompt of the cases that has a reference answer: the prompt itself, its
    /// paraphrases, and neighbours with answers of their own.
    func answers(to cases: [EditCase], in session: Session) throws -> [AnsweredPrompt] {
        let model = try session.model
        var answers = cases.flatMap { editCase in
            let paraphrases = editCase.paraphrasePrompts.map { (AnsweredPrompt.Group.paraphrase, $0, editCase.answer) }
            let neighbors = editCase.neighborSamples.map {
                (AnsweredPrompt.Group.neighborhood, $0.filledPrompt, editCase.following($0.target))
            }
            return ([(.answer, editCase.filledPrompt, editCase.answer)] + paraphrases + neighbors).map {
                AnsweredPrompt(
                    caseIndex: editCase.index, caseID: editCase.id, group: $0, prompt: $1, reference: $2)
            }
        }
        if outputs.contains(.forced) {
            try session.progress("evaluate", 0, of: answers.count)
            let end = try endToken(of: model)
            let requests = try answers.map {
                try TargetRequest($0, endToken: end, model)
            }
            for (i, ratings) in try model.ratings(of: requests, tokenBudget: continuation.tokenBudget).enumerated() {
                answers[i].rating = ratings[0]
                answers[i].forcedText = try model.text(of: ratings[0].choices, after: requests[i].prompt)
            }
        }
        if outputs.contains(.greedy) {
            let said = try continuation.continuations(of: answers.map(\.prompt), model, in: session)
            for (i, continuation) in said.enumerated() { answers[i].continuation = continuation }
        }
        return answers
    }

    private func endToken(of model: Model) throws(SutureError) -> Int? {
        guard countsEnd else { return nil }
        guard let token = model.info.endToken else {
            throw SutureError(
                .failedPrecondition, "end_token is set, but the model has no end-of-text token",
                hint: "leave end_token out")
        }
        return token
    }
}

extension TargetRequest {
    /// The request of a prompt with a whole answer, which follows it without a space.
    ///
    /// - Parameter endToken: what counts as the answer's last token, if anything.
    /// - Throws: `outOfRange` where prompt and answer exceed the model's context.
    fileprivate init(_ asked: AnsweredPrompt, endToken: Int?, _ model: Model) throws(SutureError) {
        var (ids, answer) = try model.tokens(of: asked.prompt, followedBy: asked.reference)
        if let endToken { answer.append(endToken) }
        let prompt = asked.group == .answer ? "the prompt" : "a \(asked.group.rawValue) prompt"
        try model.requireRoom(
            for: ids.count + answer.count - 1, "\(prompt) with its answer", ofCase: asked.caseID)
        self.init(prompt: ids, targets: [answer])
    }
}

extension [AnsweredPrompt] {
    /// Scores per case, group and output: the mean over the prompts of the group.
    ///
    /// - Parameter value: of the answer at an index; nil where it has none.
    func scores(_ name: String, _ outputs: [AnswerOutput], _ value: (Int, AnswerOutput) -> Double?) -> [Score] {
        var scores: [Score] = []
        var start = 0
        while start < count {
            // Answers of a case and group are together.
            let first = self[start]
            let end = self[start...].firstIndex { $0.caseIndex != first.caseIndex || $0.group != first.group } ?? count
            for output in outputs {
                let values = (start..<end).compactMap { value($0, output) }
                guard !values.isEmpty else { continue }
                scores.append(
                    Score(
                        "\(first.group.rawValue)_\(output.prefix)_\(name)",
                        values.reduce(0, +) / Double(values.count), caseIndex: first.caseIndex))
            }
            start = end
        }
        return scores
    }
}

extension AnswerSettings {
    /// The means of scores of a name, for every group and output.
    func means(
        _ name: String, _ outputs: [AnswerOutput] = AnswerOutput.allCases, in scores: [Score], times factor: Double = 1,
        unit: String, direction: Metric.Direction = .higherIsBetter
    ) -> [Metric] {
        AnsweredPrompt.Group.allCases.flatMap { group in
            outputs.compactMap { output in
                Metric.mean(
                    of: "\(group.rawValue)_\(output.prefix)_\(name)", in: scores, times: factor, unit: unit,
                    direction: direction, protocol: output.protocolName(self))
            }
        }
    }
}

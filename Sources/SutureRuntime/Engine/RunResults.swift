// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What a run found out, before it is written down.
package struct RunResults {
    package var cases: [CaseResult] = []
    /// The cases as they were edited, in the same order.
    package var edited: [EditCase] = []
    /// The cases of the dataset that were left out.
    package var skipped: [SkippedCase] = []
    package var metrics: [StagedMetric] = []
    package var weights: [WeightChange] = []
    package var locations: [Location] = []
    /// The words that positions of locations count.
    package var prompts: [LocationsFile.Prompt] = []
    /// One per group.
    package var patches: [[Delta]] = []
    package var seconds: [String: Double] = [:]
    /// How many processes have worked on the run.
    package var processes = 1
    /// The largest resident memory of any of them, in bytes.
    package var peakMemory: Int?

    package init() {}
}

/// A figure with the evaluator and the stage that it belongs to. An entry of `metrics` in metrics.json: the metric's own keys,
/// and these two.
@dynamicMemberLookup
package struct StagedMetric: Sendable, Hashable, Codable {
    package var evaluator: String
    package var stage: String
    package var metric: Metric

    /// True or false; nil where neither direction is better.
    package var higherIsBetter: Bool? {
        switch metric.direction {
        case .higherIsBetter: true
        case .lowerIsBetter: false
        case .none: nil
        }
    }

    private enum CodingKeys: String, CodingKey { case evaluator, stage }

    init(_ evaluator: String, _ stage: String, _ metric: Metric) {
        self.evaluator = evaluator
        self.stage = stage
        self.metric = metric
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        evaluator = try container.decode(String.self, forKey: .evaluator)
        stage = try container.decode(String.self, forKey: .stage)
        metric = try Metric(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try metric.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(evaluator, forKey: .evaluator)
        try container.encode(stage, forKey: .stage)
    }

    /// A field of the metric.
    package subscript<Value>(dynamicMember path: WritableKeyPath<Metric, Value>) -> Value {
        get { metric[keyPath: path] }
        set { metric[keyPath: path] = newValue }
    }
}

/// metrics.json holds everything that a run measured, in one flat list.
package struct MetricsFile: Sendable, Hashable, Codable {
    package var metrics: [StagedMetric]
    package var weights: [WeightChange]
    /// What all processes of the run took, by phase. Work that an interruption lost is in it, since it was done twice.
    package var seconds: [String: Double]
    /// How many processes have worked on the run: more than one where it was resumed. Nil in a file of an older version, which
    /// has the seconds of the last alone.
    package var processes: Int?
    /// The largest resident memory of any of them, in bytes; pages of mapped files count. Nil in a file of an older version.
    package var peakMemory: Int?

    enum CodingKeys: String, CodingKey {
        case metrics, weights, seconds, processes
        case peakMemory = "peak_memory"
    }

    package init(
        metrics: [StagedMetric], weights: [WeightChange], seconds: [String: Double], processes: Int? = 1,
        peakMemory: Int? = nil
    ) {
        self.metrics = metrics
        self.weights = weights
        self.seconds = seconds
        self.processes = processes
        self.peakMemory = peakMemory
    }
}

/// A line of cases.jsonl. It holds what was asked (as tokens, too), what the model said, and what was measured.
package struct CaseResult: Sendable, Hashable, Codable {
    package var index: Int
    package var id: String
    package var prompt: String
    package var subject: String
    package var targetNew: String
    package var targetTrue: String
    /// The reference answer of code repair.
    package var answer: String
    /// The token ids that were used, so that padding, beginning tokens and blanks can be checked from outside. Those of targets
    /// and answer are the ids that they have after the prompt.
    package var promptIDs: [Int]
    package var targetNewIDs: [Int]
    package var targetTrueIDs: [Int]
    package var answerIDs: [Int]
    /// stage → what the model says after the prompt (greedy)
    package var answers: [String: String]
    /// stage → "evaluator.score" → value
    package var scores: [String: [String: Double]]

    enum CodingKeys: String, CodingKey {
        case index
        case id = "case_id"
        case prompt, subject
        case targetNew = "target_new"
        case targetTrue = "target_true"
        case promptIDs = "prompt_ids"
        case targetNewIDs = "target_new_ids"
        case targetTrueIDs = "target_true_ids"
        case answer
        case answerIDs = "answer_ids"
        case answers, scores
    }

    /// What the edit is to make the model say; empty where the request is not of that kind.
    package var wanted: String { targetNew.isEmpty ? answer : targetNew }

    /// The stages at which the model was asked: a run asks before and after the edit.
    static func stages(of cases: [CaseResult]) -> [String] {
        ["before", "after"].filter { stage in cases.contains { $0.answers[stage] != nil } }
    }

    /// - Parameter answers: stage → what the model says after each prompt.
    static func records(
        _ cases: [EditCase], _ model: LanguageModel, answers: [String: [String]], evaluators: [String], log: ScoreLog,
        method: String = "", reports: [MethodReport] = []
    ) throws -> [CaseResult] {
        var scores: [String: [Int: [String: Double]]] = [:]
        func note(_ score: Score, _ stage: String, of component: String) {
            guard let index = score.caseIndex else { return }
            scores[stage, default: [:]][index, default: [:]]["\(component).\(score.name)"] = score.value
        }
        for stage in log.stages {
            for (number, name) in evaluators.enumerated() {
                for score in log.scores(stage: stage, evaluator: number) { note(score, stage, of: name) }
            }
        }
        for report in reports {
            for score in report.scores { note(score, report.stage, of: method) }
        }
        return try cases.enumerated().map { place, one in
            /// As it was read after the prompt.
            func ids(_ text: String) throws -> [Int] {
                text.isEmpty ? [] : try model.tokenizer.join(one.filledPrompt, text).following
            }
            func target(_ text: String) throws -> [Int] { text.isEmpty ? [] : try ids(one.following(text)) }
            return CaseResult(
                index: one.index, id: one.id, prompt: one.filledPrompt, subject: one.subject,
                targetNew: one.targetNew, targetTrue: one.targetTrue, answer: one.answer,
                promptIDs: one.filledPrompt.isEmpty
                    ? [] : try model.tokenizer.encode(one.filledPrompt, addSpecialTokens: true).ids,
                targetNewIDs: try target(one.targetNew),
                targetTrueIDs: try target(one.targetTrue), answerIDs: try ids(one.answer),
                answers: answers.mapValues { $0[place] },
                scores: scores.mapValues { $0[one.index] ?? [:] })
        }
    }
}

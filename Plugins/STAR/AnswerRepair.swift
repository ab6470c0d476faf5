// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The frame of every repair: whose answers are wrong, in which order they are taken, what is recorded of it.
struct AnswerRepair {
    let method: String
    let settings: RepairSettings
    let session: Session
    /// Of all cases of the call.
    let answers: [ReferenceAnswer]
    /// The first choices before anything was changed.
    let choices: [[Int]]

    init(_ cases: [EditCase], _ method: String, _ settings: RepairSettings, in session: Session) throws {
        self.method = method
        self.settings = settings
        self.session = session
        let model = try session.model
        answers = try cases.map { try ReferenceAnswer($0, limit: settings.answerLimit, model) }
        try session.progress("failures")
        choices = try model.choices(for: answers, tokenBudget: settings.tokenBudget)
        if !zip(answers, choices).contains(where: { !$0.failures($1).isEmpty }) {
            let what = cases.count == 1 ? "the answer of case \(answers[0].id)" : "all \(cases.count) answers"
            session.log(.warning, "\(method): there is nothing to repair, the model gives every token of \(what)")
        }
    }

    /// One failing token after the other, left to right, case by case; each on the model that the one before left.
    ///
    /// Predictions are read again after each, unless ``RepairSettings/wrongTokens`` says once.
    ///
    /// - Parameter repair: repairs one token; returns what it counts as steps.
    func oneByOne(
        _ changes: inout WeightChanges,
        repair: (Failure, inout WeightChanges, inout RepairRecord) throws -> Int
    ) throws {
        for (i, answer) in answers.enumerated() {
            try session.progress("repair", i, of: answers.count)
            let before = try i == 0 ? choices[0] : read(answer, changes)
            var record = RepairRecord(caseIndex: answer.caseIndex, failures: 0)
            let watch = Stopwatch()
            var now = before
            var next = 0
            while let token = answer.failures(now).first(where: { $0 >= next }) {
                let failure = Failure(answer: answer, token: token, choice: now[token])
                record.steps += Double(try repair(failure, &changes, &record))
                if settings.wrongTokens == .anew { now = try read(answer, changes) }
                next = token + 1
            }
            if settings.wrongTokens == .once { now = try read(answer, changes) }
            record.seconds = watch.seconds
            record.judge(answer, before: before, after: now)
            try report(record)
        }
    }

    private func read(_ answer: ReferenceAnswer, _ changes: WeightChanges) throws -> [Int] {
        try changes.model.choices(for: [answer], tokenBudget: settings.tokenBudget)[0]
    }

    /// Records what a case's repair took and gave.
    func report(_ record: RepairRecord) throws {
        for score in record.scores { try session.record(score) }
        let id = answers.first { $0.caseIndex == record.caseIndex }?.id ?? ""
        session.log(
            .info,
            "\(method): case \(id), \(record.solved) of \(record.failures) wrong tokens repaired, "
                + "\(record.broken) right ones broken, \(record.steps) steps in \(record.seconds) s")
    }
}

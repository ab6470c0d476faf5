// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which token's neurons stand for a prediction when all of an answer are repaired together.
enum KeyPositions: String, ParameterChoice {
    /// The token before, from which the answer's token is predicted.
    case predicting
    /// The answer's token itself, one later, as the authors' code reads them.
    case answer

    /// What is run: to the last key.
    fileprivate func tokens(of answer: ReferenceAnswer, _ model: Model) throws(SutureError) -> [Int] {
        guard self == .answer else { return answer.forced }
        let tokens = answer.prompt + answer.answer
        try model.requireRoom(for: tokens.count, "the prompt with its answer", ofCase: answer.id)
        return tokens
    }

    fileprivate func key(of position: Int) -> Int { self == .answer ? position + 1 : position }
}

extension AnswerRepair {
    /// The answers that have failures, in their order, in groups of at most `limit` tokens to solve for; a longer
    /// answer is alone.
    func groups(keepsRightTokens: Bool, limit: Int) -> [[Int]] {
        var groups: [[Int]] = []
        var size = 0
        for i in answers.indices {
            let wrong = answers[i].failures(choices[i]).count
            guard wrong > 0 else { continue }
            let count = keepsRightTokens ? answers[i].answer.count : wrong
            if groups.isEmpty || size + count > limit {
                groups.append([i])
                size = count
            } else {
                groups[groups.count - 1].append(i)
                size += count
            }
        }
        return groups
    }

    /// Repairs the answers of a group at once, on the model that the groups before left.
    ///
    /// - Parameter keys: whose neurons stand for a prediction.
    /// - Parameter repair: repairs rows, whose failures it is given; returns what it counts as steps.
    func together(
        _ group: [Int], _ changes: inout WeightChanges, keepsRightTokens: Bool, keys: KeyPositions = .predicting,
        repair: ([RepairRow], [Failure], inout WeightChanges) throws -> Int
    ) throws {
        try session.progress("repair", group[0], of: answers.count)
        let watch = Stopwatch()
        let members = group.map { answers[$0] }
        let before = try changes.model.choices(for: members, tokenBudget: settings.tokenBudget)
        let failures = zip(members, before).flatMap { answer, choices in
            answer.failures(choices).map { Failure(answer: answer, token: $0, choice: choices[$0]) }
        }
        var steps = 0
        if !failures.isEmpty {
            let rows = try rows(members, before, keepsRightTokens: keepsRightTokens, keys)
            steps = try repair(rows, failures, &changes)
        }
        let after = try changes.model.choices(for: members, tokenBudget: settings.tokenBudget)
        let seconds = watch.seconds
        for (i, answer) in members.enumerated() {
            var record = RepairRecord(caseIndex: answer.caseIndex, failures: 0)
            record.steps = Double(steps) / Double(members.count)
            record.seconds = seconds / Double(members.count)
            record.judge(answer, before: before[i], after: after[i])
            try report(record)
        }
    }

    /// Rows whose reads are the answers' tokens, each context once.
    ///
    /// Two failures in one context are one; if they want different tokens, no model can give both, and the later one is
    /// left out.
    private func rows(
        _ members: [ReferenceAnswer], _ choices: [[Int]], keepsRightTokens: Bool, _ keys: KeyPositions
    ) throws -> [RepairRow] {
        var targets: [[Int]: (token: Int, id: String)] = [:]
        var rows: [RepairRow] = []
        for (answer, choices) in zip(members, choices) {
            var row = RepairRow(tokens: try keys.tokens(of: answer, session.model), reads: [])
            for (token, choice) in choices.enumerated() {
                let position = answer.position(of: token)
                let read = RepairRead(
                    position: position, target: answer.answer[token], choice: choice, key: keys.key(of: position))
                guard keepsRightTokens || !read.isRight else { continue }
                let context = answer.context(of: token)
                if let known = targets[context] {
                    if known.token != read.target {
                        session.log(
                            .warning,
                            "\(method): cases \(known.id) and \(answer.id) want different tokens in the same context; "
                                + "that of case \(answer.id) is left out")
                    }
                    continue
                }
                targets[context] = (read.target, answer.id)
                row.reads.append(read)
            }
            if !row.reads.isEmpty { rows.append(row) }
        }
        return rows
    }
}

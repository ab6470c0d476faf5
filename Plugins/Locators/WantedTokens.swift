// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The tokens that a case wants after its prompt, and which of them the model gets wrong.
///
/// They are those of the reference answer, or of the new object where a case has no answer. Each is
/// predicted after the prompt and the wanted tokens before it.
struct WantedTokens {
    /// The prompt and all wanted tokens but the last, and the tokens to measure: those that the model gets wrong; if it
    /// gets none wrong, all of them.
    var row: ForcedRow
    var hasFailures: Bool

    var tokens: [Int] { row.tokens }
    var reads: [TokenRead] { row.reads }

    /// Of several cases, after one pass over their rows.
    static func find(_ cases: [EditCase], tokenBudget: Int, _ model: Model) throws -> [WantedTokens] {
        var wanted = try cases.map { try WantedTokens($0, model) }
        let readings = try model.read(wanted.map(\.row), .choices, tokenBudget: tokenBudget)
        for (i, reading) in readings.enumerated() {
            let wrong = zip(wanted[i].reads, reading.choices).filter { $0.target != $1 }.map(\.0)
            if !wrong.isEmpty { (wanted[i].row.reads, wanted[i].hasFailures) = (wrong, true) }
        }
        return wanted
    }

    private init(_ editCase: EditCase, _ model: Model) throws {
        let text = editCase.filledPrompt
        let wanted = editCase.answer.isEmpty ? editCase.targetNew : editCase.answer
        guard !wanted.isEmpty, !text.isEmpty else {
            throw SutureError(
                .invalidArgument, "case \(editCase.id) has no wanted tokens after its prompt",
                hint: "use a data set with an answer or a target_new")
        }
        let (prompt, target) = try model.tokens(
            of: text, followedBy: editCase.answer.isEmpty ? editCase.following(wanted) : wanted)
        row = ForcedRow(prompt: prompt, target: target)
        hasFailures = false
        try model.requireRoom(for: row.tokens.count, "the prompt with its answer", ofCase: editCase.id)
    }
}

/// Which tokens share one selection.
enum LocationScope: String, ParameterChoice {
    /// All measured tokens of all cases.
    case all
    /// Those of a case.
    case `case`
    /// Each by itself; the location's position is that from which the token is predicted.
    case failure
}

/// Scores of every measured token, and how they are joined.
struct TokenScores {
    var cases: [EditCase]
    var wanted: [WantedTokens]

    /// A measured token: its case, and where it is predicted.
    struct Place {
        var row: Int
        var position: Int
    }

    /// The measured tokens, case by case.
    var places: [Place] {
        wanted.enumerated().flatMap { row, wanted in wanted.reads.map { Place(row: row, position: $0.position) } }
    }

    /// The tokens of each selection, as indices into ``places``. Cases without a failure count where no case has one,
    /// or where a selection is theirs alone.
    func groups(_ scope: LocationScope) -> [(caseIndex: Int?, position: Int?, members: [Int])] {
        let places = self.places
        switch scope {
        case .all:
            let failing = places.indices.filter { wanted[places[$0].row].hasFailures }
            return [(nil, nil, failing.isEmpty ? Array(places.indices) : failing)]
        case .case:
            return wanted.indices.map { row in
                (cases[row].index, nil, places.indices.filter { places[$0].row == row })
            }
        case .failure:
            return places.indices.map { (cases[places[$0].row].index, places[$0].position, [$0]) }
        }
    }
}

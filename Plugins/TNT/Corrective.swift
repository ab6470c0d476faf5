// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Corrective training: likelihood of reference answers, the other way of the authors' code to change what a model says.
///
/// It needs what negative training does without, a right answer for each prompt. Where `tokens` is not `full`, only those
/// tokens count that differ from what the model says by itself.
struct Corrective: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "corrective",
        summary: "Trains on reference answers by plain likelihood, on all tokens or where they differ.",
        requires: [.prompt, .answer])

    /// Which tokens of an answer count.
    enum Tokens: String, ParameterChoice {
        case full
        /// Those that differ from the token that the model says in that place.
        case diff
        /// The first of these.
        case first
    }

    @Parameter(
        "tokens",
        help: "The tokens that count: all, those that differ from the model's own text, or the first of these.")
    var tokens = Tokens.full

    @Parameter("end_token", help: "The end-of-text token counts as the answer's last token.")
    var endsText = false

    let training = TrainingSettings()

    func validate() throws { try training.validate() }

    /// Locations are not used: what is trained is the setting `parameters`.
    func patch(_ cases: [EditCase], at _: [Location], in session: Session) throws -> Patch {
        guard !cases.isEmpty else { return Patch() }
        let model = try session.model
        let sequences = try sequences(cases, model, in: session)
        guard sequences.contains(where: { $0.weights.contains(1) }) else {
            session.log(.warning, "corrective: the model says every answer by itself, so there is nothing to train")
            return Patch()
        }
        // Nothing is marked, so the first term is never used.
        let loss = NegativeLoss(marked: .unlikelihood, rest: .likelihood, alpha: 0)
        let train = NegativeTraining(loss: loss, settings: training, teacherMemory: 0)
        let result = try train(sequences, on: model, seed: session.seed, in: session)
        let counted = sequences.reduce(0) { $0 + $1.weights.count { $0 > 0 } }
        for (name, value) in [
            ("first_loss", result.firstLoss), ("last_loss", result.lastLoss), ("sequences", Double(sequences.count)),
            ("steps", Double(result.stepCount)), ("tokens", Double(counted)),
        ] {
            try session.record(Score(name, value))
        }
        return result.patch
    }

    /// The answers as tokens, each 1 where it counts and 0 where it does not.
    func sequences(_ cases: [EditCase], _ model: Model, in session: Session) throws -> [TrainingSequence] {
        try cases.enumerated().map { place, editCase in
            try session.progress("sample", place, of: cases.count)
            let joined = try model.tokens(of: editCase.filledPrompt, followedBy: editCase.answer)
            let answer = try joined.following + end(of: model)
            guard !joined.prompt.isEmpty, !joined.following.isEmpty else {
                throw SutureError(
                    .invalidArgument, "case \(editCase.id): the prompt or the answer has no tokens",
                    hint: "check the data set")
            }
            try model.requireRoom(
                for: joined.prompt.count + answer.count - 1, "the prompt with its answer", ofCase: editCase.id)
            return TrainingSequence(
                prompt: joined.prompt, response: answer, weights: try weights(of: answer, after: joined.prompt, model))
        }
    }

    private func end(of model: Model) throws(SutureError) -> [Int] {
        guard endsText else { return [] }
        guard let end = model.info.endToken else {
            throw SutureError(
                .failedPrecondition, "the model has no token that ends a text", hint: "leave end_token out")
        }
        return [end]
    }

    private func weights(of answer: [Int], after prompt: [Int], _ model: Model) throws -> [Int] {
        guard tokens != .full else { return answer.map { _ in 1 } }
        let said = try model.generate([prompt], Model.Generation(maxNewTokens: answer.count))[0]
        let differing = answer.indices.filter { $0 >= said.count || said[$0] != answer[$0] }
        let counted = Set(tokens == .first ? Array(differing.prefix(1)) : differing)
        return answer.indices.map { counted.contains($0) ? 1 : 0 }
    }
}

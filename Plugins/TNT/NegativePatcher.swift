// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What targeted negative training and its baselines share: they differ in the loss alone.
protocol NegativePatcher: Patcher {
    var texts: TextSettings { get }
    var training: TrainingSettings { get }
    var marks: MarkSettings { get }
    var rounds: RoundSettings { get }
    var selection: SelectionSettings { get }
    var loss: NegativeLoss { get }
    /// Whether what several samples show to be unwanted in one place is one target.
    var mergesSamples: Bool { get }
}

extension NegativePatcher {
    var mergesSamples: Bool { false }
}

/// How often a model is updated on what it then says.
struct RoundSettings: ParameterSet {
    @Parameter(
        "rounds", in: .positive,
        help: "Updates, each on new texts of the model that the one before left, with what was marked earlier.")
    var count = 1

    @Parameter(
        "teacher_memory", in: .nonNegative, unit: "MiB",
        help: "Memory for the original's predictions; if they need more, they are computed again for each step.")
    var teacherMemory = 1024
}

extension NegativePatcher {
    func validate() throws {
        try texts.validate()
        try training.validate()
        guard rounds.count == 1 || texts.isSampled else {
            throw SutureError(
                .invalidArgument, "\(rounds.count) rounds need generations of each round's model",
                hint: "name an annotator, or set rounds: 1")
        }
        guard selection.share == 0 || texts.isSampled else {
            throw SutureError(
                .invalidArgument, "a choice of step by held-out prompts needs sampled generations",
                hint: "name an annotator, or leave validation_share out")
        }
    }

    /// Locations are not used: what is trained is the setting `parameters`.
    func patch(_ cases: [EditCase], at _: [Location], in session: Session) throws -> Patch {
        guard !cases.isEmpty else { return Patch() }
        let start = try session.model
        let id = Self.descriptor.id
        var patch = Patch()
        var earlier: [TrainingSequence] = []
        for round in 1...rounds.count {
            let kept: FinishedRound
            if let stored = try FinishedRound(round, storedIn: session, names: start.parameterNames) {
                kept = stored
            } else {
                let model = patch.deltas.isEmpty ? start : try start.applying(patch)
                let seed = try session.seed &+ round - 1
                var sequences = try texts.sequences(for: cases, on: model, seed: seed, in: session)
                let selection = try splitOff(from: &sequences, cases, seed: seed, in: session)
                let marked = sequences.reduce(0) { $0 + $1.markedCount }
                session.log(
                    .info, "\(id): round \(round), \(marked) marked tokens in \(sequences.count) texts")
                guard marked > 0 else {
                    if round > 1 { break }
                    throw SutureError(
                        .failedPrecondition, "no text has anything unwanted, so \(id) has nothing to train away",
                        hint: "check the annotator's settings against what the model says, or raise max_new_tokens")
                }
                let train = NegativeTraining(
                    loss: loss, settings: training, marks: marks, teacherMemory: rounds.teacherMemory << 20,
                    selection: selection)
                let all = sequences + earlier
                let result = try train(mergesSamples ? all.merged() : all, on: model, seed: seed, in: session)
                var changes = try patch + result.patch
                // The order in which an interrupted run finds them again.
                changes.deltas.sort { $0.parameter < $1.parameter }
                kept = FinishedRound(
                    patch: changes, sequences: sequences,
                    figures: [
                        "sequences": Double(sequences.count),
                        "tokens": Double(sequences.reduce(0) { $0 + $1.response.count }),
                        "marked_tokens": Double(marked), "steps": Double(result.chosenStep),
                        "first_loss": result.firstLoss, "last_loss": result.lastLoss,
                        "clamped_targets": Double(result.clampedCount),
                    ])
                try kept.store(round, in: session)
            }
            patch = kept.patch
            earlier += kept.sequences.filter(\.hasMarks)
            for (name, value) in kept.figures.sorted(by: { $0.key < $1.key }) {
                try session.record(Score(name, value))
            }
            if rounds.count > 1 { try session.report(stage: "round-\(round)", patch) }
        }
        return patch
    }

    /// Takes the sequences of held-out prompts away and makes of them what chooses the step; nil where none is held out.
    private func splitOff(
        from sequences: inout [TrainingSequence], _ cases: [EditCase], seed: Int, in session: Session
    ) throws -> Selection? {
        let prompts = TextSettings.prompts(of: cases)
        let places = selection.heldOut(of: prompts.count)
        guard selection.share > 0, !places.isEmpty else { return nil }
        let perPrompt = texts.sampleCount
        let held = sequences.indices.filter { places.contains($0 / perPrompt) }
        let original = held.map { sequences[$0] }
        sequences = sequences.indices.filter { !places.contains($0 / perPrompt) }.map { sequences[$0] }
        let chosen = places.sorted().map { prompts[$0] }
        return Selection(settings: selection, original: original) { model in
            try texts.sequences(after: chosen, on: model, seed: seed, in: session)
        }
    }
}

/// A round that is done, kept for a run that is killed in a later one.
private struct FinishedRound {
    /// All changes so far.
    var patch: Patch
    /// What the round's model said.
    var sequences: [TrainingSequence]
    var figures: [String: Double]

    private static let names = [
        "clamped_targets", "first_loss", "last_loss", "marked_tokens", "sequences", "steps", "tokens",
    ]

    init(patch: Patch, sequences: [TrainingSequence], figures: [String: Double]) {
        self.patch = patch
        self.sequences = sequences
        self.figures = figures
    }

    init?(_ round: Int, storedIn session: Session, names: [String]) throws {
        // The figures are written last.
        guard let figures = try session.stored("round-\(round)/figures")?.scalars(as: Double.self),
            let sequences = try session.stored("round-\(round)/sequences")?.scalars(as: Int.self)
        else { return nil }
        self.figures = Dictionary(uniqueKeysWithValues: zip(FinishedRound.names, figures))
        self.sequences = try [TrainingSequence](packed: sequences)
        patch = Patch()
        for name in names {
            guard let change = try session.stored("round-\(round)/change/\(name)") else { continue }
            patch.deltas.append(Delta(name, .dense(change)))
        }
    }

    func store(_ round: Int, in session: Session) throws {
        for delta in patch.deltas {
            guard case .dense(let change) = delta.form else { continue }
            try session.store("round-\(round)/change/\(delta.parameter)", change)
        }
        try session.store("round-\(round)/sequences", Tensor(sequences.packed))
        try session.store("round-\(round)/figures", Tensor(FinishedRound.names.map { figures[$0] ?? 0 }))
    }
}

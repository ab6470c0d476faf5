// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// At which step training has gone far enough: the step of the fewest marks in what the model says on held-out prompts,
/// of those at which it still says much the same as the original.
struct Selection {
    let settings: SelectionSettings
    /// What the original says on the held-out prompts.
    let original: [TrainingSequence]
    /// What a model says there.
    let texts: (Model) throws -> [TrainingSequence]

    /// How good a step is.
    struct Verdict: Sendable, Hashable {
        var markedTokens: Int
        /// Of the tokens against the original's, in percent.
        var bleu: Double
    }

    func verdict(on model: Model) throws -> Verdict {
        let said = try texts(model)
        return Verdict(
            markedTokens: said.reduce(0) { $0 + $1.markedCount },
            bleu: TokenBLEU.percent(of: said.map(\.response), against: original.map(\.response)))
    }

    /// Whether a verdict replaces the one before, which is nil in the beginning. The earlier of equals stays.
    func prefers(_ new: Verdict, to old: Verdict?) -> Bool {
        guard new.bleu >= settings.bleuFloor else { return false }
        return old.map { new.markedTokens < $0.markedTokens } ?? true
    }

    /// Whether training must look at its model after this step, from 0.
    func isDue(_ step: Int, of total: Int) -> Bool { (step + 1) % settings.interval == 0 || step == total - 1 }
}

/// Whether and how ``Selection`` is used.
struct SelectionSettings: ParameterSet {
    @Parameter(
        "validation_share", in: .closed(0...0.5),
        help: "Hold out this share of the prompts, and take the step that is best on them; 0 takes the last step.")
    var share = 0.0

    @Parameter(
        "validation_interval", in: .positive, unit: "steps", help: "Steps between two measurements on held-out prompts."
    )
    var interval = 20

    @Parameter(
        "bleu_floor", in: .closed(0...100), unit: "percent",
        help: "The least BLEU against the original's answers on held-out prompts, with which a step counts.")
    var bleuFloor = 50.0

    /// Places of the held-out prompts among `count`, evenly spread.
    func heldOut(of count: Int) -> Set<Int> {
        let wanted = Int((share * Double(count)).rounded())
        return Set((0..<wanted).map { $0 * count / wanted })
    }
}

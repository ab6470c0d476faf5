// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Training

/// Removal and retraining: trains the run's model on its training examples, without some of them.
///
/// A patcher has no other model than the run's, so the experiment names the base model, from which training once began.
struct Retrain: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "retrain", summary: "Trains the run's model, a base model, on the training examples without some of them.",
        requires: [.prompt])

    let optimizer = OptimizerSettings()
    let queries = QuerySettings()

    @Parameter(
        "subset", help: "A file with the numbers of the examples to train on, one a line, from 1. Blank lines are none."
    )
    var subset: FilePath?

    @Parameter(
        "without",
        help: "A file with the numbers of the examples to leave out, one a line, from 1. Blank lines are none.")
    var without: FilePath?

    @Parameter("fraction", in: .closed(0...1), help: "Train on this share of the examples, drawn at random.")
    var fraction = 1.0

    @Parameter("seed", in: .nonNegative, help: "Of the draw of examples and of their order.")
    var seed = 0

    @Parameter("estimator", kind: .estimator, help: "Leave out what it recalls as promoting the queries of the cases.")
    var estimator: ComponentReference?

    @Parameter(.recall) var share = 0.05

    @Parameter(.thresholdPercentile) var percentile = 99.0

    @Parameter(.normalize) var normalizes = true

    func validate() throws {
        try optimizer.validate()
        try queries.validate()
        guard subset == nil || without == nil else {
            throw SutureError(
                .invalidArgument, "subset and without are both given",
                hint: "list what to train on, or what to leave out")
        }
    }

    /// Locations are not used: what is trained is the setting `parameters`.
    func patch(_ cases: [EditCase], at _: [Location], in session: Session) throws -> Patch {
        guard !cases.isEmpty else { return Patch() }
        let model = try session.model
        let chosen = try examples(cases, model, in: session)
        guard !chosen.isEmpty else {
            throw SutureError(
                .failedPrecondition, "no training example is left to train on", hint: "leave fewer of them out")
        }
        let training = try InfluenceTraining(model, optimizer)
        var order = EpochOrder(chosen, random: try RandomNumbers(seed: seed))
        let total = optimizer.stepCount(of: chosen.count)
        var (first, last) = (0.0, 0.0)
        for step in 0..<total {
            try session.progress("train", step, of: total)
            let batch = try session.trainingExamples(order.next(min(optimizer.batchSize, chosen.count)))
            last = try training.lower(training.rows(batch))
            if step == 0 { first = last }
            try training.step(step, of: total, loss: last)
        }
        try session.progress("train", total, of: total)
        for (name, value) in [
            ("examples", Double(chosen.count)), ("first_loss", first), ("last_loss", last), ("steps", Double(total)),
        ] {
            try session.record(Score(name, value))
        }
        return try training.trained.result(on: model)
    }

    /// The indices of the examples to train on, in ascending order.
    func examples(_ cases: [EditCase], _ model: Model, in session: Session) throws -> [Int] {
        let count = try session.trainingCount
        var chosen = try subset.map { try Retrain.indices(in: $0, of: count) } ?? Set(0..<count)
        if let without { chosen.subtract(try Retrain.indices(in: without, of: count)) }
        if let estimator {
            let texts = try queries.queries(of: cases, on: model, seed: session.seed, in: session)
            let recall = RecallSettings()
            (recall.estimator, recall.share) = (estimator, share)
            (recall.percentile, recall.normalizes) = (percentile, normalizes)
            chosen.subtract(try recall.recall(of: texts, on: model, seed: session.seed, in: session).promoting)
        }
        let sorted = chosen.sorted()
        guard fraction < 1 else { return sorted }
        let order = try RandomNumbers(seed: seed).permutation(sorted.count).scalars(as: Int.self)
        return order.prefix(Int((fraction * Double(sorted.count)).rounded())).map { sorted[$0] }.sorted()
    }

    /// The examples whose numbers a file lists.
    private static func indices(in file: FilePath, of count: Int) throws -> Set<Int> {
        Set(
            try file.numberedLines().map { number, line in
                guard let value = Int(line), (1...max(count, 1)).contains(value) else {
                    throw SutureError(
                        .invalidArgument,
                        "line \(number) of \(file.path) is \"\(line)\", which is the number of none of the \(count) training examples",
                        hint: "write one number a line, from 1")
                }
                return value - 1
            })
    }
}

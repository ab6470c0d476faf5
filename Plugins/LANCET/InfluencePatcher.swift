// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Training

/// What correction by influence and its baselines share: they differ in what a step does with the recalled examples.
protocol InfluencePatcher: Patcher {
    var queries: QuerySettings { get }
    var recall: RecallSettings { get }
    var optimizer: OptimizerSettings { get }
    var development: DevelopmentSettings { get }
    /// Rounds, each with queries and scores of its own.
    var roundCount: Int { get }
    /// The weight of KL(start ‖ now) on anchors.
    var proximity: Double { get }

    /// What a step trains on.
    func plan(_ recalled: Recalled, random: RandomNumbers) throws -> StepPlan
}

/// The recalled examples, in the order of ``Recall/recalled``.
struct Recalled {
    var rows: [ForcedRow]
    var prompts: [String]
    /// From -1, the most counteracting, to 1, the most promoting.
    var ranks: [Double]
    /// The influence over its root mean square.
    var standardized: [Double]
    /// How many of them, from the first, are counteracting.
    var counteractingCount: Int

    /// Places of P+.
    var promoting: [Int] { Array(counteractingCount..<rows.count) }
}

/// What is drawn for a step, and what is done with it.
struct StepPlan {
    /// Things of which a step takes a batch: pairs or examples.
    var itemCount: Int
    /// Adds the gradients for a batch of items, and returns the named parts of the loss.
    var backward: (_ items: [Int], _ training: InfluenceTraining) throws -> [String: Double]
}

extension InfluencePatcher {
    var roundCount: Int { 1 }

    func validate() throws {
        try optimizer.validate()
        try queries.validate()
    }

    /// Locations are not used: what is trained is the setting `parameters`.
    func patch(_ cases: [EditCase], at _: [Location], in session: Session) throws -> Patch {
        guard !cases.isEmpty else { return Patch() }
        let start = try session.model
        var patch = Patch()
        for round in 1...roundCount {
            let model = patch.deltas.isEmpty ? start : try start.applying(patch)
            let found = try train(cases, on: model, start: start, seed: session.seed &+ round - 1, in: session)
            patch = try patch + found
            if roundCount > 1 { try session.report(stage: "round-\(round)", patch) }
        }
        return patch
    }

    private func train(
        _ cases: [EditCase], on model: Model, start: Model, seed: Int, in session: Session
    ) throws -> Patch {
        let heldPlaces = development.heldOut(of: cases.count)
        let own = cases.indices.filter { !heldPlaces.contains($0) }.map { cases[$0] }
        let texts = try queries.queries(of: own, on: model, seed: seed, in: session)
        let found = try recall.recall(of: texts, on: model, seed: seed, in: session)
        session.log(
            .info,
            "\(Self.descriptor.id): \(texts.unwanted.count) unwanted and \(texts.wanted.count) wanted texts recall "
                + "\(found.promoting.count) promoting and "
                + "\(found.counteracting.count) counteracting of \(found.influence.count) examples")
        let examples = try session.trainingExamples(found.recalled)
        let training = try InfluenceTraining(model, optimizer)
        let recalled = Recalled(
            rows: try training.rows(examples), prompts: examples.map(\.prompt), ranks: found.ranks,
            standardized: found.standardized, counteractingCount: found.counteracting.count)
        let random = try RandomNumbers(seed: seed)
        let plan = try plan(recalled, random: random)
        guard plan.itemCount > 0 else {
            throw SutureError(
                .failedPrecondition, "the \(recalled.rows.count) recalled examples are too few to make pairs of",
                hint: "raise recall, or lower threshold_percentile or min_gap")
        }
        // Held-out anchors are never trained on.
        var shuffled = try random.permutation(found.anchors.count).scalars(as: Int.self).map { found.anchors[$0] }
        var judge: DevelopmentJudge?
        if !heldPlaces.isEmpty {
            let count = min(development.anchorCount, shuffled.count / 2)
            let anchors = try queries.unmarked(session.trainingExamples(Array(shuffled.prefix(count))), in: session)
            shuffled.removeFirst(count)
            judge = try DevelopmentJudge(
                cases: heldPlaces.sorted().map { cases[$0] }, anchors: anchors, queries: queries, training: training,
                start: start, seed: seed, session)
        }
        var kept = shuffled.isEmpty || proximity == 0 ? nil : EpochOrder(shuffled, random: random)
        var items = EpochOrder(Array(0..<plan.itemCount), random: random)
        let total = optimizer.stepCount(of: plan.itemCount)
        var best: (verdict: Verdict, patch: Patch, step: Int)?
        var parts: [String: Double] = [:]
        var firstLoss = 0.0
        for step in 0..<total {
            try session.progress("train", step, of: total)
            parts = try plan.backward(items.next(min(optimizer.batchSize, plan.itemCount)), training)
            if let chosen = try kept?.next(min(optimizer.batchSize, shuffled.count)) {
                let rows = try training.rows(session.trainingExamples(chosen))
                parts["proximity"] = try training.keep(rows, weight: proximity)
            }
            let loss = parts.reduce(0) { $0 + ($1.key == "proximity" ? proximity : 1) * $1.value }
            try training.step(step, of: total, loss: loss)
            if step == 0 { firstLoss = loss }
            parts["loss"] = loss
            guard let judge, development.isDue(step, of: total) else { continue }
            let patch = try training.trained.result(on: model)
            let verdict = try judge.verdict(on: model.applying(patch), in: session)
            if verdict.isPreferred(to: best?.verdict, limit: development.perplexityLimit) {
                best = (verdict, patch, step + 1)
            }
        }
        try session.progress("train", total, of: total)
        if judge != nil && best == nil {
            session.log(.warning, "no measured step stays within perplexity_limit: the last is taken")
        }
        var figures = [
            "queries": Double(texts.unwanted.count), "wanted": Double(texts.wanted.count),
            "promoting": Double(found.promoting.count),
            "counteracting": Double(found.counteracting.count), "anchors": Double(found.anchors.count),
            "threshold": found.threshold, "items": Double(plan.itemCount), "steps": Double(best?.step ?? total),
            "first_loss": firstLoss,
        ]
        for (name, value) in parts { figures[name == "loss" ? "last_loss" : "last_\(name)"] = value }
        if let verdict = best?.verdict {
            figures["dev_unwanted"] = verdict.unwanted
            figures["dev_perplexity"] = verdict.perplexity
        }
        for (name, value) in figures.sorted(by: { $0.key < $1.key }) { try session.record(Score(name, value)) }
        return try best?.patch ?? training.trained.result(on: model)
    }
}

/// What a step is measured on.
private struct DevelopmentJudge {
    let training: InfluenceTraining
    let settings: QuerySettings
    let prompts: [String]
    /// What the held-out cases' own queries are, if there is any.
    let rows: [ForcedRow]
    let anchors: [ForcedRow]
    /// The start's mean loss per token on the anchors.
    let startLoss: Double

    init(
        cases: [EditCase], anchors: [MarkedText], queries: QuerySettings, training: InfluenceTraining, start: Model,
        seed: Int, _ session: Session
    ) throws {
        self.training = training
        settings = queries
        prompts = cases.map(\.filledPrompt)
        // Held-out prompts to which the model says nothing unwanted have no query, and that is no mistake.
        let texts: [MarkedText]
        do {
            texts = try queries.marked(of: cases, on: training.model, seed: seed, in: session).unwanted
        } catch let error as SutureError where error.code == .failedPrecondition {
            texts = []
        }
        rows = try training.rows(texts)
        self.anchors = try training.rows(anchors)
        startLoss = try Self.loss(self.anchors, training, on: start)
    }

    func verdict(on model: Model, in session: Session) throws -> Verdict {
        Verdict(
            unwanted: try settings.unwantedRate(after: prompts, on: model, in: session),
            likelihood: rows.isEmpty ? 0 : try training.values(rows, on: model).mean().item(),
            perplexity: exponential(try Self.loss(anchors, training, on: model) - startLoss))
    }

    /// Per token.
    private static func loss(_ rows: [ForcedRow], _ training: InfluenceTraining, on model: Model) throws -> Double {
        guard !rows.isEmpty else { return 0 }
        let values = try training.values(rows, on: model).scalars(as: Double.self)
        let counts = rows.map { Double($0.reads.count) }
        return -zip(values, counts).reduce(0) { $0 + $1.0 * $1.1 } / counts.reduce(0, +)
    }
}

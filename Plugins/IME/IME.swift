// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// IME: an edit repeated on the model that it left, until it holds (Baghel, Jordan, Shi, Li 2025).
///
/// A method that optimises values h and then writes them does not reach what the values promise. Each pass runs the
/// base method anew, with the same cases, on the model of the pass before:
///
///     h_k = optimise(theta_{k−1}),   theta_k = write(theta_{k−1}, h_k)
///
/// and the patch is the sum of what the passes wrote.
struct IME: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "ime", summary: "Repeats another patcher on the model that it left, until the edit holds.")

    enum Variant: String, ParameterChoice {
        case full
        /// The first pass's change is added again and again: a larger step, not a new direction.
        case spread
    }
    /// What the base carries from one call to the next.
    enum State: String, ParameterChoice {
        /// Each pass goes on with what the pass before left: the released behaviour.
        case accumulate
        /// Each pass begins as the first did, so that a group of cases leaves one trace.
        case perRound = "per_round"
    }
    enum Kept: String, ParameterChoice { case last, best }
    /// How the perplexity of what is written is compared with that of the values.
    enum Gap: String, ParameterChoice {
        /// |p(theta) − p(h)| of each case, as the paper has it.
        case absolute
        /// p(theta) − p(h), whose mean is the difference of the means that the authors' code reports. A case that is better
        /// written than promised makes up for another.
        case signed
    }
    enum Rise: String, ParameterChoice { case none, likelihood, distance }

    @Parameter("base", kind: .patcher, help: "The method that is repeated, with its settings.")
    var base: ComponentReference

    @Parameter("iterations", in: .positive, unit: "passes", help: "The largest number of passes.")
    var iterations = 5

    @Parameter(
        "epsilon", in: .nonNegative,
        help: "Stop when |p(theta) - p(h)|, the perplexity of the new object as written against as optimised, is at "
            + "most this in the mean over cases. If not given, never, as released.")
    var epsilon: Double?

    @Parameter(
        "gap", help: "The approximation error of a case: |p(theta) - p(h)| (absolute), or with its sign, as released.")
    var gap = Gap.absolute

    @Parameter("variant", help: "full optimises and writes in every pass; spread adds the first pass's change again.")
    var variant = Variant.full

    @Parameter(
        "state",
        help:
            "What the base carries between passes (the keys of alphaedit): accumulate continues with it, as released; "
            + "per_round lets each pass begin as the first did.")
    var state = State.accumulate

    @Parameter(
        "keep",
        help: "Which pass is the result: the last, or the one under which the new objects are likeliest.")
    var kept = Kept.last

    @Parameter(
        "stop_on_rise",
        help: "Stop, and drop the pass, when against the pass before it the new objects are less likely (likelihood) "
            + "or the values are further away (distance).")
    var rise = Rise.none

    @Parameter(
        "guard", kind: .evaluator,
        help: "An evaluator that measures each pass; guard_metric and guard_bound say what is too bad.")
    var sentinel: ComponentReference?

    @Parameter("guard_metric", help: "The figure of the guard that must not worsen.")
    var sentinelMetric: String?

    @Parameter(
        "guard_bound", in: .nonNegative,
        help: "Stop, and drop the pass, when the figure is worse than before the first pass by more than this.")
    var sentinelBound = 0.0

    func validate() throws {
        guard (sentinel == nil) == (sentinelMetric == nil) else {
            throw SutureError(
                .invalidArgument, "ime has a guard or a guard_metric, but not both",
                hint: "name the evaluator and its figure: guard: {name: …}, guard_metric: …")
        }
        guard variant == .full || (epsilon == nil && rise == .none && kept == .last) else {
            throw SutureError(
                .invalidArgument, "with variant: spread ime does not measure how likely the new objects are",
                hint: "remove epsilon, stop_on_rise and keep, or use variant: full")
        }
    }

    /// Everything up to and with one pass.
    private struct Pass {
        var patch: Patch
        var scores: PassScores
        /// The mean of −log p of the new objects as written.
        var likelihood: Double?
        /// The mean way from the current to the optimised values before the pass.
        var distance: Double?
    }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard !cases.isEmpty else { return Patch() }
        let start = try session.model
        let watch = try Watch(self, cases, start, session)
        var model = start
        var sum = Patch()
        var passes: [Pass] = []
        var first: Patch?
        for number in 1...iterations {
            try session.progress("pass", number - 1, of: iterations)
            var recorded: [Score] = []
            let change: Patch
            if variant == .spread, let first {
                change = first
            } else {
                (change, recorded) = try session.patch(
                    cases, at: locations, with: base, on: model, state: state == .perRound ? .anew : .continued)
            }
            if first == nil { first = change }
            try sum += change
            model = try model.applying(change)

            let scores = PassScores(scores: recorded)
            let errors = try scores.approximationErrors(isSigned: gap == .signed)
            for score in recorded { try session.record(score) }
            for (index, error) in errors { try session.record(Score("approximation_error", error, caseIndex: index)) }
            try session.report(stage: "pass-\(number)", sum)

            let pass = Pass(
                patch: sum, scores: scores, likelihood: scores.mean("rewrite_nll_written"),
                distance: scores.mean("value_distance"))
            let isRefused = try hasRisen(pass, since: passes.last) || watch.refuses(model, pass: number)
            if isRefused { session.log(.info, "ime: stopped by pass \(number), which is worse than allowed") }
            // The base method's own result is always there.
            if passes.isEmpty || !isRefused { passes.append(pass) }
            if isRefused { break }
            if let epsilon {
                guard !errors.isEmpty else { throw IME.unmeasured("epsilon") }
                let error = errors.map(\.error).mean() ?? 0
                session.log(.info, "ime: pass \(number), approximation error \(error)")
                if error <= epsilon { break }
            }
        }
        return try result(of: passes, in: session)
    }

    private func hasRisen(_ pass: Pass, since previous: Pass?) throws -> Bool {
        guard rise != .none else { return false }
        let figure = rise == .likelihood ? \Pass.likelihood : \Pass.distance
        guard let now = pass[keyPath: figure] else { throw IME.unmeasured("stop_on_rise: \(rise.rawValue)") }
        guard let before = previous?[keyPath: figure] else { return false }
        return now > before
    }

    /// The pass that is kept, with its scores and its number noted under the run's last stage.
    private func result(of passes: [Pass], in session: Session) throws -> Patch {
        var place = passes.count - 1
        if kept == .best {
            let likelihoods = try passes.map { pass in
                guard let likelihood = pass.likelihood else { throw IME.unmeasured("keep: best") }
                return likelihood
            }
            place = likelihoods.indices.min { likelihoods[$0] < likelihoods[$1] } ?? place
        }
        for score in passes[place].scores.scores { try session.record(score) }
        try session.record(Score("passes", Double(place + 1)))
        return passes[place].patch
    }

    private static func unmeasured(_ setting: String) -> SutureError {
        SutureError(
            .failedPrecondition, "ime cannot serve \(setting): its base does not record how likely the new objects are",
            hint: "use a base that optimises values (memit, pmet, alphaedit, rome), or remove the setting")
    }

    /// The guard: a figure of another evaluator, against what it was before the first pass.
    private struct Watch {
        let cases: [EditCase]
        let session: Session
        let evaluator: ComponentReference?
        let name: String
        let bound: Double
        private var before = 0.0

        init(_ ime: IME, _ cases: [EditCase], _ start: Model, _ session: Session) throws {
            self.cases = cases
            self.session = session
            evaluator = ime.sentinel
            name = ime.sentinelMetric ?? ""
            bound = ime.sentinelBound
            if let evaluator { before = try badness(evaluator, start, "guard-before") }
        }

        func refuses(_ model: Model, pass: Int) throws -> Bool {
            guard let evaluator else { return false }
            let now = try badness(evaluator, model, "guard-pass-\(pass)")
            // A figure that is not a number is worse than any.
            return !(now - before <= bound)
        }

        /// The figure, larger being worse.
        private func badness(_ evaluator: ComponentReference, _ model: Model, _ stage: String) throws -> Double {
            let metrics = try session.evaluate(cases, with: evaluator, on: model, stage: stage)
            guard let metric = metrics.first(where: { $0.name == name }) else {
                throw SutureError(
                    .notFound, "the guard of ime has no figure \"\(name)\"",
                    hint: "it has \(metrics.map(\.name).joined(separator: ", "))")
            }
            switch metric.direction {
            case .lowerIsBetter: return metric.value
            case .higherIsBetter: return -metric.value
            case .none:
                throw SutureError(
                    .invalidArgument, "the figure \"\(name)\" of ime's guard is neither good nor bad",
                    hint: "choose one of which more or less is better")
            }
        }
    }
}

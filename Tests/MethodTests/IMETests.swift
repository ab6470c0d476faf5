// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import IME
@testable import MEMIT
@testable import ValueEditing

/// Goes half of the way from a weight to a goal, and says what it is told to say.
private struct HalfWay: Patcher {
    static let descriptor = ComponentDescriptor(id: "half-way", summary: "For tests.")

    final class Record {
        var calls = 0
        /// −log p with the value and as written, by call.
        var likelihoods: [(value: Double, written: Double)] = []
        var distances: [Double] = []
        /// What it found carried, by call.
        var found: [Double] = []
    }
    var goal: Tensor?
    var name = ""
    let record = Record()

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        let call = record.calls
        record.calls += 1
        record.found.append(try session.carried("calls")?.item() ?? 0)
        try session.carry("calls", Tensor(record.found[call] + 1, dtype: .float64))
        for editCase in cases where call < record.likelihoods.count {
            let (value, written) = record.likelihoods[call]
            try session.record(Score("rewrite_nll_value", value, caseIndex: editCase.index))
            try session.record(Score("rewrite_nll_written", written, caseIndex: editCase.index))
            if call < record.distances.count {
                try session.record(Score("value_distance", record.distances[call], caseIndex: editCase.index))
            }
        }
        guard let goal else {
            let ones = try Tensor.ones([16, 1])
            return Patch([Delta(name, .lowRank(left: try ones * 0.01, right: try Tensor.ones([1, 64])))])
        }
        return Patch([Delta(name, .dense(try (goal - session.model.parameter(name)) * 0.5))])
    }
}

/// The largest number in a weight.
private struct LargestWeight: Evaluator {
    static let descriptor = ComponentDescriptor(id: "largest-weight", summary: "For tests.")
    var name = ""

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        cases.isEmpty ? [Score("largest", try session.model.parameter(name).max().item())] : []
    }
    func summarize(_ scores: [Score]) throws -> [Metric] {
        scores.map { Metric($0.name, $0.value, unit: "", n: 1, direction: .lowerIsBetter, protocol: "test") }
    }
}

@Suite("Repeating an edit")
struct IMETests {
    private let session: TestSession
    private let name: String
    private let start: Tensor
    private let cases = TinyCases.make(2)

    init() throws {
        session = try TestSession(TinyModel.load())
        name = try session.model.weightName(reading: .neurons(1))
        start = try session.model.parameter(name)
    }

    private func ime(over base: HalfWay) -> IME {
        let ime = IME()
        ime.base = ComponentReference(slot: "base")
        session.components["base"] = base
        return ime
    }

    private func halfWay(to goal: Double? = nil) throws -> HalfWay {
        HalfWay(goal: try goal.map { try Tensor.full([16, 64], $0) }, name: name)
    }

    private func total(_ patch: Patch) throws -> Tensor {
        #expect(patch.deltas.map(\.parameter) == [name])
        return try patch.deltas[0].dense(shape: [16, 64])
    }

    @Test("Each pass runs on the model of the pass before, and the patch is the sum of the passes")
    func passes() throws {
        let base = try halfWay(to: 3)
        let patch = try ime(over: base).patch(cases, at: [], in: session.session)
        #expect(base.record.calls == 5)
        let way = try Tensor.full([16, 64], 3) - start
        #expect(try distance(total(patch), way * (1 - 1 / 32.0)) < 1e-5)
        #expect(session.reports.map(\.stage) == (1...5).map { "pass-\($0)" })
        for (i, report) in session.reports.enumerated() {
            let share = [0.5, 0.75, 0.875, 0.9375, 0.96875][i]
            #expect(try distance(total(report.patch), way * share) < 1e-5)
        }
        #expect(session.scores.filter { $0.name == "passes" }.map(\.value) == [5])
    }

    @Test("Factors stay factors while they are smaller than the weight", arguments: [12, 13])
    func factors(iterations: Int) throws {
        let ime = ime(over: try halfWay())
        ime.iterations = iterations
        let patch = try ime.patch(cases, at: [], in: session.session)
        #expect(try distance(total(patch), Tensor.full([16, 64], 0.01 * Double(iterations))) < 1e-5)
        // 16 · 64 numbers against rank · (16 + 64).
        if case .lowRank(let left, _) = patch.deltas[0].form {
            #expect(iterations == 12 && left.shape == [16, 12])
        } else {
            #expect(iterations == 13)
        }
    }

    @Test("Stops when what is written is as likely as what was optimised, in the mean over cases")
    func epsilon() throws {
        let base = try halfWay(to: 3)
        // Perplexities: 1.105 against 7.39, 1.105 against 1.65, 1.105 against 1.16.
        base.record.likelihoods = [(0.1, 2), (0.1, 0.5), (0.1, 0.15), (0.1, 0.1)]
        let ime = ime(over: base)
        ime.epsilon = 0.1
        _ = try ime.patch(cases, at: [], in: session.session)
        #expect(base.record.calls == 3)
        let errors = session.reports.map { $0.scores.filter { $0.name == "approximation_error" }.map(\.value) }
        #expect(errors.map(\.count) == [2, 2, 2])
        #expect(abs(errors[0][0] - 6.2839) < 1e-3 && abs(errors[2][1] - 0.05666) < 1e-3)
    }

    @Test("With its sign, a case that is better written than promised makes up for another")
    func signedGap() throws {
        let base = try halfWay(to: 3)
        // Written against promised: 7.39 − 1.11, then 1.00 − 1.11: below 0 and so at most epsilon, which |…| is not.
        base.record.likelihoods = [(0.1, 2), (0.1, 0), (0.1, 0), (0.1, 0)]
        let ime = ime(over: base)
        ime.epsilon = 0.05
        ime.gap = .signed
        _ = try ime.patch(cases, at: [], in: session.session)
        #expect(base.record.calls == 2)
        let errors = session.reports.map { $0.scores.filter { $0.name == "approximation_error" }.map(\.value) }
        #expect(abs(errors[0][0] - 6.2839) < 1e-3 && abs(errors[1][0] + 0.10517) < 1e-3)
    }

    @Test("Keeps the best pass where it is asked to")
    func best() throws {
        let base = try halfWay(to: 3)
        base.record.likelihoods = [(0.1, 2), (0.1, 0.5), (0.1, 0.7), (0.1, 0.9), (0.1, 0.6)]
        let ime = ime(over: base)
        ime.kept = .best
        let patch = try ime.patch(cases, at: [], in: session.session)
        #expect(base.record.calls == 5)
        #expect(try distance(total(patch), (Tensor.full([16, 64], 3) - start) * 0.75) < 1e-5)
        #expect(session.scores.filter { $0.name == "passes" }.map(\.value) == [2])
        #expect(session.scores.filter { $0.name == "rewrite_nll_written" }.map(\.value) == [0.5, 0.5])
    }

    @Test("A pass that a guard stops is dropped", arguments: [IME.Rise.likelihood, .distance])
    func rise(rise: IME.Rise) throws {
        let base = try halfWay(to: 3)
        base.record.likelihoods = [(0.1, 2), (0.1, 0.5), (0.1, 0.7), (0.1, 0.6)]
        base.record.distances = [5, 4, 3, 6]
        let ime = ime(over: base)
        ime.rise = rise
        let patch = try ime.patch(cases, at: [], in: session.session)
        #expect(base.record.calls == (rise == .likelihood ? 3 : 4))
        let share = rise == .likelihood ? 0.75 : 0.875
        #expect(try distance(total(patch), (Tensor.full([16, 64], 3) - start) * share) < 1e-5)
    }

    @Test("An evaluator guards against what a pass breaks; the first pass is always kept", arguments: [2.0, 0.1])
    func sentinel(bound: Double) throws {
        let base = try halfWay(to: 3)
        let ime = ime(over: base)
        session.components["guard"] = LargestWeight(name: name)
        ime.sentinel = ComponentReference(slot: "guard")
        ime.sentinelMetric = "largest"
        let largest = try start.max().item()
        // Halfway from the largest weight to 3 is within the first bound's reach, three quarters are not.
        ime.sentinelBound = bound * (3 - largest) / 3
        let patch = try ime.patch(cases, at: [], in: session.session)
        #expect(base.record.calls == (bound == 2 ? 2 : 1))
        #expect(try distance(total(patch), (Tensor.full([16, 64], 3) - start) * 0.5) < 1e-5)
        ime.sentinelMetric = "smallest"
        #expect(
            throws: SutureError(
                .notFound, "the guard of ime has no figure \"smallest\"", hint: "it has largest")
        ) {
            try ime.patch(cases, at: [], in: session.session)
        }
    }

    @Test("What the base carries goes on from pass to pass, or begins anew in each", arguments: IME.State.allCases)
    func state(state: IME.State) throws {
        let base = try halfWay(to: 3)
        let ime = ime(over: base)
        ime.iterations = 3
        ime.state = state
        session.carried["calls"] = try Tensor(7, dtype: .float64)
        _ = try ime.patch(cases, at: [], in: session.session)
        #expect(base.record.found == (state == .accumulate ? [7, 8, 9] : [7, 7, 7]))
        #expect(try session.carried["calls"]?.item() == (state == .accumulate ? 10 : 8))
    }

    @Test("The spread variant adds the first pass's change again and again")
    func spread() throws {
        let base = try halfWay(to: 3)
        let ime = ime(over: base)
        ime.variant = .spread
        ime.iterations = 3
        let patch = try ime.patch(cases, at: [], in: session.session)
        #expect(base.record.calls == 1)
        #expect(try distance(total(patch), (Tensor.full([16, 64], 3) - start) * 1.5) < 1e-5)
        ime.epsilon = 1
        #expect(
            throws: SutureError(
                .invalidArgument, "with variant: spread ime does not measure how likely the new objects are",
                hint: "remove epsilon, stop_on_rise and keep, or use variant: full")
        ) { try ime.validate() }
    }

    @Test("A base that measures nothing cannot be stopped by a measurement")
    func unmeasured() throws {
        let ime = ime(over: try halfWay(to: 3))
        ime.epsilon = 1
        #expect(
            throws: SutureError(
                .failedPrecondition,
                "ime cannot serve epsilon: its base does not record how likely the new objects are",
                hint: "use a base that optimises values (memit, pmet, alphaedit, rome), or remove the setting")
        ) {
            try ime.patch(cases, at: [], in: session.session)
        }
        ime.epsilon = nil
        ime.sentinelMetric = "largest"
        #expect(
            throws: SutureError(
                .invalidArgument, "ime has a guard or a guard_metric, but not both",
                hint: "name the evaluator and its figure: guard: {name: …}, guard_metric: …")
        ) { try ime.validate() }
    }

    @Test("Over MEMIT, a pass begins where the one before ended, and the new objects get likelier")
    func overMEMIT() throws {
        try session.takeStatistics(statisticsTexts)
        let memit = MEMIT()
        memit.contexts.given = [["{}"], ["Rome is a capital. {}", "The tower. {}"]]
        memit.values.steps = 12
        memit.values.learningRate = 0.2
        memit.values.weightDecay = 0
        memit.values.clampFactor = 3
        memit.updateWeight = 1
        memit.layers = [0, 1]
        let ime = IME()
        ime.base = ComponentReference(slot: "base")
        ime.iterations = 3
        session.components["base"] = memit
        let patch = try ime.patch(cases, at: [], in: session.session)
        func means(_ name: String) -> [Double] {
            session.reports.map { report in
                let values = report.scores.filter { $0.name == name }.map(\.value)
                return values.reduce(0, +) / Double(values.count)
            }
        }
        let (initial, written) = (means("rewrite_nll_initial"), means("rewrite_nll_written"))
        for pass in 0..<2 { #expect(abs(initial[pass + 1] - written[pass]) < 1e-4) }
        #expect(written[2] < initial[0])
        let last = try #require(session.reports.last).patch
        #expect(
            try patch.deltas.map { try $0.dense(shape: [16, 64]).norm().item() }
                == last.deltas.map { try $0.dense(shape: [16, 64]).norm().item() })
    }
}

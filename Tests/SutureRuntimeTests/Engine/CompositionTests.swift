// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime
import TestSupport
import Testing

/// Components that call components, through the built executable.
@Suite(.serialized) struct CompositionTests {
    private static let weight = "transformer.h.2.mlp.c_proj.bias"
    private static let counter = "{name: counter, parameter: \(weight)}"

    private func run(
        _ method: String, _ edit: String = "{mode: batch}"
    ) throws -> (run: CommandLineRun, metrics: MetricsFile?, errors: String) {
        let experiment = try SmallExperiment(["method": method, "edit": edit])
        let run = try experiment.run(["--plugin", Build.library("swift"), "--json"])
        guard run.code == 0 else { return (run, nil, run.errors) }
        let metrics = try Data(contentsOf: experiment.folder().appending(path: "metrics.json"))
        return (run, try JSONDecoder().decode(MetricsFile.self, from: metrics), "")
    }

    private func values(_ metrics: MetricsFile, _ name: String) -> [String: Double] {
        let found = metrics.metrics.filter { $0.name == name }.map { ($0.stage, $0.value) }
        return Dictionary(found) { $1 }
    }

    @Test("a patcher calls the one that the file names, reports a stage on the way, and records numbers")
    func nested() throws {
        let (run, metrics, errors) = try run(
            "{name: twice, base: \(Self.counter), annotator: {name: finder, text: i}}")
        let found = try #require(metrics, "\(errors)")
        #expect(run.code == 0)
        #expect(found.stages == ["before", "pass-1", "after"])
        #expect(values(found, "base_calls") == ["pass-1": 1, "after": 2])
        #expect(try #require(values(found, "marks")["after"]) > 0)
        #expect(Set(values(found, "efficacy_magnitude").keys) == ["before", "pass-1", "after"])
        // 192 entries of 1, then of 1 + 2.
        let norms = found.weights.map { ($0.stage, $0.deltaNorm) }
        #expect(norms.map(\.0) == ["pass-1", nil])
        #expect(abs(norms[1].1 - 3 * norms[0].1) < 1e-6 * norms[1].1)
    }

    @Test("an evaluator asks the judge that the file names, whose settings are checked like any other")
    func judge() throws {
        func run(_ judge: String) throws -> (code: Int32, errors: String, values: [String: Double]) {
            let experiment = try SmallExperiment([
                "method": Self.counter, "edit": "{mode: batch}", "evaluators": "[{name: judged, judge: \(judge)}]",
            ])
            let run = try experiment.run(["--plugin", Build.library("swift"), "--json"])
            guard run.code == 0 else { return (run.code, run.errors, [:]) }
            let data = try Data(contentsOf: experiment.folder().appending(path: "metrics.json"))
            return (0, "", values(try JSONDecoder().decode(MetricsFile.self, from: data), "prompt"))
        }
        // The edit breaks the model, which then says nothing of what it said before.
        let all = try run("{name: phrases, phrases: [is]}")
        #expect(all.code == 0, "\(all.errors)")
        #expect(all.values.keys.sorted() == ["after", "before"])
        #expect(all.values.values.allSatisfy { (0...1).contains($0) })
        let empty = try run("{name: phrases, phrases: [is, the]}")
        #expect(empty.code == 2)
        #expect(empty.errors.contains("phrases: the phrase \"the\" has no word that counts"))
        let other = try run("{name: finder, text: i}")
        #expect(other.errors.contains("there is no judge \"finder\""))
    }

    @Test("what is carried begins anew for a call that asks for it, and goes on from group to group in a sequence")
    func carried() throws {
        let anew = try #require(
            try run(
                "{name: twice, base: \(Self.counter), annotator: finder, anew: true}"
            ).metrics)
        #expect(values(anew, "base_calls") == ["pass-1": 1, "after": 1])
        let sequence = try #require(try run(Self.counter, "{mode: sequential}").metrics)
        // The mean of the first group's 1 and the second's 2.
        #expect(values(sequence, "calls") == ["after": 1.5])
        #expect(sequence.stages == ["before", "batch-1", "batch-2", "after"])
        let single = try #require(try run(Self.counter, "{mode: single}").metrics)
        #expect(values(single, "calls") == ["after": 1])
    }

    @Test("a group that a method leaves as it is does not end the run, and one in which all are left is refused")
    func unchanged() throws {
        func picky(_ only: Int) -> String { "{name: picky, parameter: \(Self.weight), only: \(only)}" }
        let (one, metrics, _) = try run(picky(1), "{mode: single}")
        #expect(
            one.code == 0 && one.errors.contains("picky changed nothing in 1 of 2 groups of cases"), "\(one.errors)")
        #expect(metrics?.weights.map(\.group) == [1])
        for edit in ["{mode: single}", "{mode: batch}"] {
            let none = try run(picky(7), edit).run
            #expect(none.code == 5 && none.errors.contains("picky returned no weight change"), "\(none.errors)")
        }
    }

    @Test("what a setting lacks is refused before the model is loaded, naming the setting and what to do")
    func needs() throws {
        let errors = try run("{name: twice, base: \(Self.counter)}").errors
        #expect(
            errors.contains("the patcher 'twice' without its setting annotator needs 'marked_generations'"), "\(errors)"
        )
        #expect(errors.contains("set annotator, or"), "\(errors)")
        let unknown = try run("{name: twice, base: {name: counter, parametr: x}, annotator: finder}")
        #expect(unknown.run.code == 2)
        #expect(unknown.errors.contains("counter: unknown parameter 'parametr'; did you mean 'parameter'?"))
        let kind = try run("{name: twice, base: fixed-layers, annotator: finder}")
        #expect(kind.run.code == 3)
        #expect(kind.errors.contains("\"fixed-layers\" is a locator; use it as one"), "\(kind.errors)")
    }
}

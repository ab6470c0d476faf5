// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Testing

@testable import SutureRuntime

@Suite("Several runs in one file")
struct ExperimentSuiteTests {
    private func suite(_ lines: String, _ sweeps: String...) throws -> ExperimentSuite {
        let workspace = try Workspace.withExperiment(Workspace.standard + lines + "\n")
        return try ExperimentSuite(
            file: workspace.path("quickstart.yaml"), sweeps: sweeps, currentFolder: workspace.path)
    }

    @Test("a file without variants and sweep is one run under its own name")
    func one() throws {
        let suite = try suite("")
        #expect(!suite.isComparison)
        #expect(suite.members.map(\.experiment.name) == ["quickstart"])
    }

    @Test("a variant replaces a component that it names, and changes what it does not")
    func variants() throws {
        let suite = try suite(
            """
            variants:
              plain: {}
              rome: {method: {name: rome}, locator.layers: [1], edit: {mode: single}}
              slow: {method: {v_lr: 0.1}}
            """)
        #expect(suite.isComparison)
        #expect(suite.members.map(\.label) == ["plain", "rome", "slow"])
        #expect(suite.members.map(\.experiment.name) == ["quickstart.plain", "quickstart.rome", "quickstart.slow"])
        let experiments = suite.members.map(\.experiment)
        #expect(experiments.map(\.method?.name) == ["memit", "rome", "memit"])
        #expect(experiments[1].method?.settings["v_num_grad_steps"] == nil)
        #expect(experiments[1].locator?.name == "fixed-layers")
        #expect(experiments[1].edit.mode == .single)
        #expect(experiments[2].method?.settings["v_num_grad_steps"]?.integer == 25)
        #expect(experiments[2].method?.settings["v_lr"]?.number == 0.1)
    }

    @Test("sweeps of file, variant and command line multiply; a variant's own sweep takes the file's place")
    func sweeps() throws {
        let suite = try suite(
            """
            sweep: {method.v_lr: [0.1, 0.5], seed: [1, 2]}
            variants: {all: {}, own: {sweep: {method.layers: [[0], [0, 1]]}}}
            """, "dataset.limit=3,4")
        #expect(suite.members.count == (4 + 2) * 2)
        #expect(suite.members[0].label == "all v_lr=0.1 seed=1 limit=3")
        #expect(suite.members[0].variant == "all")
        #expect(suite.members[7].experiment.seed == 2)
        #expect(suite.members[7].experiment.dataset.limit == 4)
        #expect(suite.members[8].label == "own layers=[0] limit=3")
        #expect(suite.members[10].label == "own layers=[0,1] limit=3")
        #expect(Set(suite.members.map(\.experiment.name)).count == 12)
    }

    @Test(
        "commas in brackets and quotes do not separate the values of a sweep",
        arguments: [
            ("a=1,2", ["a=1", "a=2"]), ("+a=[1,2],[3]", ["+a=[1,2]", "+a=[3]"]), ("a='x,y'", ["a='x,y'"]),
            ("a={b: 1, c: 2}", ["a={b: 1, c: 2}"]),
        ])
    func separators(text: String, overrides: [String]) throws {
        #expect(try Override.sweep(text) == overrides)
    }

    @Test(
        "what is no variant and no sweep is a sentence with its place",
        arguments: [
            ("variants: [memit]", "quickstart.yaml:12:11: variants must be a section of names, got a list of 1"),
            (
                "variants: {a: {metod: x}}",
                "quickstart.yaml:12:16: unknown key 'metod' in variants; did you mean 'method'?"
            ),
            ("sweep: {seed: 3}", "quickstart.yaml:12:15: sweep.seed must be a list of values, got 3"),
            ("compare: {plots: [{x: a}]}", "quickstart.yaml:12:19: compare.plots[0].y is missing"),
        ])
    func mistakes(line: String, sentence: String) throws {
        let error = try failure { try suite(line) }
        #expect(error.kind == .usage)
        #expect(error.description.hasPrefix(sentence), "\(error.description)")
    }

    @Test("a sweep that is too large is refused before its runs are made")
    func tooMany() throws {
        let values = (1...101).map(String.init).joined(separator: ",")
        let error = try #require(throws: RuntimeError.self) {
            _ = try suite("", "seed=\(values)", "method.v_lr=\(values)")
        }
        #expect(error.kind == .usage)
        #expect(
            error.description
                == "the sweep has 101 × 101 runs, and a file may stand for at most 10000; sweep over fewer values, or divide "
                + "the sweep")
    }

    @Test("who asks for one run of such a file is told so")
    func single() throws {
        let workspace = try Workspace.withExperiment(Workspace.standard + "sweep: {seed: [1, 2]}\n")
        #expect(
            try failure { try workspace.experiment() }.message.contains("'sweep' makes this the file of several runs"))
    }
}

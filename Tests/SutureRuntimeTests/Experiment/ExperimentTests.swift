// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("Experiment files")
struct ExperimentTests {
    @Test("The quickstart's file reads with its defaults filled")
    func quickstart() throws {
        let workspace = try Workspace.withExperiment()
        let experiment = try workspace.experiment()
        #expect(experiment.name == "quickstart")
        #expect(experiment.model.source == workspace.path("world/model"))
        #expect(experiment.model.dtype == .float32)
        #expect(experiment.model.device == .cpu)
        #expect(experiment.dataset.name == "counterfact")
        #expect(experiment.dataset.limit == 10)
        #expect(experiment.dataset.offset == 0)
        #expect(experiment.locator?.name == "fixed-layers")
        #expect(experiment.method?.name == "memit")
        #expect(experiment.method?.settings["v_num_grad_steps"]?.integer == 25)
        #expect(experiment.method?.settings["name"] == nil)
        #expect(experiment.edit == Experiment.Edit(mode: .batch, size: nil, restore: .afterBatch))
        let statistics = try #require(experiment.statistics)
        #expect(statistics.limit == 5000)
        #expect(statistics.maxTokens == nil)
        #expect(statistics.maxLength == 1024)
        #expect(statistics.batchTokens == 4096)
        #expect(statistics.dtype == .float64)
        #expect(experiment.evaluators.map(\.name) == ["counterfact", "drift"])
        #expect(experiment.limits.stallSeconds == 600)
        #expect(experiment.output.folder == workspace.path("runs"))
        #expect(experiment.source == Data(Workspace.standard.utf8))
    }

    @Test("A relative path that is not in the current folder is taken from the file's folder")
    func pathsFromFile() throws {
        let workspace = try Workspace.withExperiment()
        let elsewhere = try Workspace()
        let experiment = try Experiment(file: workspace.path("quickstart.yaml"), currentFolder: elsewhere.path)
        #expect(experiment.model.source == workspace.path("world/model"))
        #expect(experiment.output.folder == elsewhere.path("runs"))
    }

    @Test("A path that is nowhere names both places, and is a file's fault")
    func missingPath() throws {
        let workspace = try Workspace.withExperiment()
        let elsewhere = try Workspace()
        let error = try failure {
            try Experiment(
                file: workspace.path("quickstart.yaml"), overrides: ["model.source=no/model"],
                currentFolder: elsewhere.path)
        }
        #expect(error.kind == .file)
        #expect(
            error.message
                == "command line, 'model.source=no/model': the model folder 'no/model' does not exist, neither at '"
                + elsewhere.path("no/model") + "' nor at '" + workspace.path("no/model") + "'")
    }

    @Test("`method: memit` is short for a section with a name")
    func shortComponent() throws {
        let workspace = try Workspace.withExperiment()
        let experiment = try workspace.experiment("method=rome", "evaluators=[counterfact]", "method.v_lr=1")
        #expect(experiment.method?.name == "rome")
        #expect(experiment.method?.settings["v_lr"]?.integer == 1)
        #expect(experiment.method?.settings["v_num_grad_steps"] == nil)
        #expect(experiment.evaluators.map(\.name) == ["counterfact"])
    }

    @Test("Anchors and merges are resolved, and keys of the section itself win")
    func anchors() throws {
        let text = Workspace.standard.replacing(
            "method: {name: memit, v_num_grad_steps: 25}",
            with: "method:\n  <<: &base {name: memit, v_lr: 1}\n  v_lr: 5e-1")
        let experiment = try Workspace.withExperiment(text).experiment()
        #expect(experiment.method?.name == "memit")
        #expect(experiment.method?.settings["v_lr"]?.number == 0.5)
    }

    @Test("An evaluator may be listed twice under two names")
    func labels() throws {
        let text = Workspace.standard.replacing(
            "evaluators: [{name: counterfact}, {name: drift}]",
            with: "evaluators: [{name: drift}, {name: drift, as: elsewhere, limit: 3}]")
        let evaluators = try Workspace.withExperiment(text).experiment().evaluators
        #expect(evaluators.map(\.name) == ["drift", "drift"])
        #expect(evaluators.map(\.label) == ["drift", "elsewhere"])
        #expect(evaluators[1].settings["limit"]?.integer == 3 && evaluators[1].settings["as"] == nil)
    }

    @Test(
        "Modes decide about groups and restoring",
        arguments: [
            ("{mode: single}", Experiment.Edit(mode: .single, size: 1, restore: .afterBatch)),
            ("{mode: batch, size: 10}", Experiment.Edit(mode: .batch, size: 10, restore: .afterBatch)),
            ("{mode: sequential}", Experiment.Edit(mode: .sequential, size: 1, restore: .never, evaluate: .batch)),
            (
                "{mode: sequential, size: 5, restore: never, evaluate: seen}",
                Experiment.Edit(mode: .sequential, size: 5, restore: .never, evaluate: .seen)
            ),
            ("{}", Experiment.Edit(mode: .batch, size: nil, restore: .afterBatch)),
        ])
    func modes(_ text: String, _ edit: Experiment.Edit) throws {
        let workspace = try Workspace.withExperiment()
        #expect(try workspace.experiment("edit=\(text)").edit == edit)
    }

    /// What is written instead of a line of the standard file, and the sentence that follows.
    static let mistakes: [(line: String, instead: String, sentence: String)] = [
        ("seed: 0", "sede: 0", "quickstart.yaml:10:1: unknown key 'sede'; did you mean 'seed'?"),
        (
            "seed: 0", "colour: 0",
            "quickstart.yaml:10:1: unknown key 'colour'; the keys are schema, experiment, model, plugins, dataset, "
                + "locator, method, edit, statistics, training, influence, validation, evaluators, seed, limits, output, "
                + "variants, sweep, compare"
        ),
        ("dtype: float32", "dype: float32", "quickstart.yaml:3:30: unknown key 'dype' in model; did you mean 'dtype'?"),
        (
            "dtype: float32", "dtype: float23",
            "quickstart.yaml:3:37: model.dtype must be one of float32, float64, float16, bfloat16, got \"float23\"; "
                + "did you mean 'float32'?"
        ),
        (
            "device: cpu", "device: gpu",
            "quickstart.yaml:3:54: model.device must be cpu, cuda or cuda:N, got \"gpu\""
        ),
        ("seed: 0", "seed: many", "quickstart.yaml:10:7: seed must be a whole number, got \"many\""),
        ("seed: 0", "seed: \"1\"", "quickstart.yaml:10:7: seed must be a whole number, got \"1\""),
        ("seed: 0", "seed: 0.5", "quickstart.yaml:10:7: seed must be a whole number, got 0.5"),
        ("seed: 0", "seed: -1", "quickstart.yaml:10:7: seed must be >= 0, got -1"),
        ("seed: 0", "seed: on", "quickstart.yaml:10:7: seed must be a whole number, got \"on\""),
        ("limit: 10", "limit: 0", "quickstart.yaml:4:61: dataset.limit must be >= 1, got 0"),
        (
            "seed: 0", "limits: {stall_seconds: 1e300}",
            "quickstart.yaml:10:25: limits.stall_seconds must be <= 31622400, got 1e300"
        ),
        ("device: cpu", "threads: 0", "quickstart.yaml:3:55: model.threads must be >= 1, got 0"),
        ("device: cpu", "threads: 2000", "quickstart.yaml:3:55: model.threads must be <= 1024, got 2000"),
        (
            "seed: 0", "limits: {stall_seconds: 0}",
            "quickstart.yaml:10:25: limits.stall_seconds must be > 0, got 0"
        ),
        (
            "schema: 1", "schema: 2",
            "quickstart.yaml:1:9: schema must be 1, got 2; this version reads experiment files of schema 1"
        ),
        ("schema: 1\n", "", "quickstart.yaml:1:1: schema is missing; add it"),
        ("experiment: quickstart\n", "", "quickstart.yaml:1:1: experiment is missing; add it"),
        (
            "experiment: quickstart", "experiment: ../runs",
            "quickstart.yaml:2:13: experiment must be a name for a folder, got \"../runs\"; "
                + "use letters, digits, '-', '_' and '.', at most 100"
        ),
        (
            "name: counterfact, path", "name: counterfacts, path",
            "quickstart.yaml:4:17: dataset.name must be one of "
                + "\(DatasetReaders.names.joined(separator: ", ")), got \"counterfacts\"; did you mean 'counterfact'?"
        ),
        (
            "edit: {mode: batch}", "edit: {mode: bach}",
            "quickstart.yaml:7:14: edit.mode must be one of single, batch, sequential, got \"bach\"; "
                + "did you mean 'batch'?"
        ),
        (
            "edit: {mode: batch}", "edit: {mode: single, size: 4}",
            "quickstart.yaml:7:28: edit.size must be 1 in mode single, got 4; use mode: batch for larger groups"
        ),
        (
            "edit: {mode: batch}", "edit: {mode: batch, restore: never}",
            "quickstart.yaml:7:30: edit.restore must be after_batch in mode batch, got \"never\"; use mode: sequential"
        ),
        (
            "edit: {mode: batch}", "edit: batch",
            "quickstart.yaml:7:7: edit must be a section of keys and values, got \"batch\"; "
                + "its keys are mode, size, restore, evaluate"
        ),
        (
            "[{name: counterfact}, {name: drift}]", "counterfact",
            "quickstart.yaml:9:13: evaluators must be a list, got \"counterfact\"; write [ … ]"
        ),
        (
            "[{name: counterfact}, {name: drift}]", "[{name: drift}, {name: drift}]",
            "quickstart.yaml:9:36: the evaluator 'drift' is listed twice; keep one, or give one another name for its figures: as: …"
        ),
        (
            "[{name: counterfact}, {name: drift}]", "[{nam: drift}]",
            "quickstart.yaml:9:14: evaluators[0].name is missing; add it"
        ),
        (
            "seed: 0", "seed: 0\nseed: 1",
            "quickstart.yaml:10:1: the key 'seed' is given more than once; keep one of them"
        ),
        (
            "seed: 0", "seed: [1",
            "quickstart.yaml:11:7: this is not YAML: did not find expected ',' or ']' (while parsing a flow sequence "
                + "at line 10); check indentation, brackets and quotes around this line"
        ),
        (
            "seed: 0", "\tseed: 0",
            "quickstart.yaml:10:1: this is not YAML: found character that cannot start any token (while scanning for "
                + "the next token at line 10); indent with spaces, not tabs, and quote texts that begin with @, ` or %"
        ),
        (
            "seed: 0", "seed: !!python/int 0",
            "quickstart.yaml:10:7: the tag 'tag:yaml.org,2002:python/int' has no "
                + "meaning here; remove it"
        ),
        (
            "seed: 0", "seed: *other",
            "quickstart.yaml:10:7: this is not YAML: found undefined alias; check indentation, "
                + "brackets and quotes around this line"
        ),
    ]

    @Test("A mistake in the file is one sentence with its place, and exit code 2", arguments: mistakes.indices)
    func mistake(_ index: Int) throws {
        let mistake = Self.mistakes[index]
        #expect(Workspace.standard.contains(mistake.line))
        let workspace = try Workspace.withExperiment(Workspace.standard.replacing(mistake.line, with: mistake.instead))
        let error = try failure { try workspace.experiment() }
        #expect(error.description == mistake.sentence)
        #expect(error.kind == .usage)
    }

    @Test("A file that is missing, a folder, empty or not UTF-8 is a sentence")
    func unreadable() throws {
        let workspace = try Workspace()
        func sentence(_ name: String) throws -> String {
            try failure { try Experiment(file: workspace.path(name), currentFolder: workspace.path) }.message
        }
        #expect(try sentence("no.yaml") == "there is no experiment file '\(workspace.path("no.yaml"))'")
        #expect(try sentence(".") == "the experiment file '\(workspace.path)' cannot be read")
        try workspace.write("empty.yaml", "")
        #expect(try sentence("empty.yaml") == "empty.yaml is empty")
        try workspace.write("latin.yaml", Data([0x61, 0xE4, 0x3A, 0x20, 0x31]))
        #expect(try sentence("latin.yaml") == "latin.yaml is not a UTF-8 text")
        try workspace.write("two.yaml", "a: 1\n---\nb: 2\n")
        #expect(try sentence("two.yaml").hasPrefix("two.yaml:2:1: this is not YAML: but found another document"))
    }

    @Test("Anchors that unfold without end are refused")
    func laughs() throws {
        var text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        for (last, next) in zip("abcdefg", "bcdefgh") {
            text += "\(next): &\(next) [\(Array(repeating: "*\(last)", count: 10).joined(separator: ", "))]\n"
        }
        let error = try failure { try ConfigNode(yaml: Data(text.utf8), name: "laughs.yaml") }
        #expect(error.message.hasSuffix("the values unfold to too large a tree"))
    }

    @Test("A plugin that is not there is a plugin's fault")
    func missingPlugin() throws {
        let workspace = try Workspace.withExperiment()
        let error = try failure { try workspace.experiment("plugins=[libno.so]") }
        #expect(error.kind == .plugin)
        let place = workspace.path("libno.so")
        #expect(
            error.message
                == "command line, 'plugins=[libno.so]': the plugin 'libno.so' does not exist, at '\(place)'")
    }
}

@Suite("Values of experiment files")
struct ConfigNodeTests {
    func node(_ text: String) throws -> ConfigNode {
        try #require(try ConfigNode(yaml: Data("key: \(text)\n".utf8), name: "x.yaml")["key"])
    }

    @Test(
        "Numbers are decimal, with or without point and exponent",
        arguments: [
            ("5e-1", 0.5), ("1e-3", 0.001), ("1E3", 1000), ("-2", -2), ("+2.5", 2.5), (".5", 0.5), ("10.", 10),
            ("1.e2", 100), ("0", 0), ("-0.0", 0), ("1.0e-05", 0.00001),
        ])
    func numbers(_ text: String, _ value: Double) throws {
        #expect(try node(text).number == value)
        #expect(try node("\"\(text)\"").number == nil)
    }

    @Test(
        "What only looks like a number is a text",
        arguments: ["1_000", "0x10", "007", "1e", "e5", ".", "+", "1.2.3", "nan"])
    func notNumbers(_ text: String) throws {
        #expect(try node(text).number == nil)
        #expect(try node(text).text == text)
    }

    @Test(
        "Whole numbers may have a fraction of zero", arguments: [("25", 25), ("25.0", 25), ("1e3", 1000), ("-3", -3)])
    func integers(_ text: String, _ value: Int) throws {
        #expect(try node(text).integer == value)
    }

    @Test("Fractions and numbers beyond 64 bits are not whole", arguments: ["0.5", "1e30", "9223372036854775808"])
    func notIntegers(_ text: String) throws {
        #expect(try node(text).integer == nil)
    }

    @Test("on, yes, no and off are texts", arguments: ["on", "yes", "no", "off", "On", "NO", "y", "n"])
    func texts(_ text: String) throws {
        #expect(try node(text).boolean == nil)
        #expect(try node(text).text == text)
    }

    @Test("true and false are booleans unless quoted")
    func booleans() throws {
        #expect(try node("true").boolean == true)
        #expect(try node("False").boolean == false)
        #expect(try node("'true'").boolean == nil)
        #expect(try node("true").text == "true")
    }

    @Test("Null is null, ~ or nothing, unless quoted", arguments: ["null", "~", ""])
    func nulls(_ text: String) throws {
        #expect(try node(text).isNull)
        #expect(try !node("'\(text)'").isNull)
    }

    @Test("!!str makes a text of anything")
    func tagged() throws {
        #expect(try node("!!str 5").number == nil)
        #expect(try node("!!str 5").text == "5")
    }
}

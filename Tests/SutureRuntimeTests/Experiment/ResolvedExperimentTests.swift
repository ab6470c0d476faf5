// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("Resolved experiments")
struct ResolvedExperimentTests {
    static let parameters: [ParameterDeclaration] = [
        .make("layers", .integers, default: "[]"),
        .make("v_num_grad_steps", .integer, default: "20"),
        .make("v_lr", .number, default: "0.1"),
        .make("tiny", .number, default: "1e-05"),
        .make("whole", .number, default: "3"),
        .make("far", .number, default: "1e300"),
        .make("flag", .boolean, default: "true"),
        .make("word", .text, default: "\"on\""),
        .make("odd", .text, default: "\"null\""),
        .make("empty", .text, default: "\"\""),
        .make("nothing", .integer, optional: true),
        .make("numbers", .numbers, default: "[1, 2.5]"),
        .make("no_numbers", .numbers, default: "[]"),
        .make("texts", .texts, default: "[\"a\\nb\", \"#\", \"\\\"\", \"\\u0085\\u2028\", \"5\", \"😀\"]"),
        .make("no_texts", .texts, default: "[]"),
        .make("groups", .textGroups, default: "[[\"{}\"], [], [\"First. {}\"]]"),
        .make("no_groups", .textGroups, default: "[]"),
    ]

    func resolved(_ workspace: Workspace, _ overrides: String...) throws -> ResolvedExperiment {
        let experiment = try Experiment(
            file: workspace.path("quickstart.yaml"), overrides: overrides, currentFolder: workspace.path)
        return try experiment.resolve { (kind, request) throws(RuntimeError) in
            .make(request.name, kind, Self.parameters)
        }
    }

    @Test("What is written reads back exactly")
    func roundTrip() throws {
        let workspace = try Workspace.withExperiment()
        var experiment = try resolved(
            workspace, "edit={mode:sequential,size:2}", "model.device=cuda:1", "method.v_lr=0.30000000000000004")
        experiment.digests = ["model/model.safetensors": "ab", "dataset: odd #": "cd"]
        experiment.versions = ["suture": "0.1.0", "libtorch": "2.13.0"]
        let read = try ResolvedExperiment(yaml: experiment.yaml)
        #expect(read == experiment)
        #expect(read.yaml == experiment.yaml)
        #expect(read.method?.settings.first { $0.name == "v_lr" }?.value == .number(0.1 + 0.2))
        let coded = try JSONDecoder().decode([ResolvedExperiment].self, from: JSONEncoder().encode([experiment]))
        #expect(coded == [experiment])
    }

    @Test("A component among settings, and a second name for figures, read back exactly")
    func roundTripNested() throws {
        let workspace = try Workspace.withExperiment()
        let experiment = try Experiment(
            file: workspace.path("quickstart.yaml"),
            overrides: ["method={name: ime, base: {name: memit, v_lr: 0.5}}", "evaluators=[{name: drift, as: far}]"],
            currentFolder: workspace.path)
        var base = ParameterDeclaration.make("base", .component, required: true)
        base.componentKind = ComponentKind.patcher.rawValue
        let resolved = try experiment.resolve { (kind, request) throws(RuntimeError) in
            .make(request.name, kind, request.name == "ime" ? [base] : Self.parameters)
        }
        #expect(resolved.evaluators.map(\.label) == ["far"])
        #expect(resolved.components.map(\.id) == ["fixed-layers", "ime", "memit", "drift"])
        #expect(try ResolvedExperiment(yaml: resolved.yaml) == resolved)
    }

    @Test("A run folder of before these keys were written is read")
    func older() throws {
        let workspace = try Workspace.withExperiment()
        let experiment = try resolved(workspace)
        let lines = experiment.yaml.split(separator: "\n", omittingEmptySubsequences: false)
        let older = lines.filter { line in
            let key = line.drop { $0 == " " }
            return !["as:", "evaluate:", "join:", "invalid:", "threads:"].contains { key.hasPrefix($0) }
        }
        #expect(older.count < lines.count)
        #expect(try ResolvedExperiment(yaml: older.joined(separator: "\n")) == experiment)
    }

    @Test("An experiment without statistics, limit and evaluators reads back exactly")
    func roundTripEmpty() throws {
        let workspace = try Workspace.withExperiment()
        let experiment = try resolved(workspace, "~statistics", "dataset.limit=null", "evaluators=[]")
        #expect(experiment.statistics == nil)
        #expect(try ResolvedExperiment(yaml: experiment.yaml) == experiment)
    }

    @Test("Numbers of any size read back bit for bit")
    func numbers() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            let node = ConfigNode(.scalar(ConfigWriter.number(value), isQuoted: false), at: .inside("test"))
            #expect(node.number?.bitPattern == value.bitPattern, "\(value)")
        }
    }

    @Test("The run's name ignores where it came from and where its output goes, and nothing else")
    func runID() throws {
        let workspace = try Workspace.withExperiment()
        let experiment = try resolved(workspace)
        #expect(experiment.runID.hasPrefix("quickstart-"))
        #expect(experiment.runID.count == "quickstart-".count + 8)
        #expect(try resolved(workspace, "output.dir=elsewhere").runID == experiment.runID)
        #expect(try resolved(workspace, "seed=0").runID == experiment.runID)
        #expect(try resolved(workspace, "seed=1").runID != experiment.runID)
        #expect(try resolved(workspace, "method.v_lr=0.2").runID != experiment.runID)
        var other = experiment
        other.digests["dataset"] = "ab"
        #expect(other.runID != experiment.runID)
    }

    @Test("A run folder gets a byte copy of the file and the resolved text, and gives the experiment back")
    func folder() throws {
        let text = "# a comment\r\n" + Workspace.standard
        let workspace = try Workspace.withExperiment(text)
        let experiment = try resolved(workspace, "seed=3")
        try experiment.write(to: workspace.path, source: try workspace.experiment().source)
        #expect(try Data(contentsOf: workspace.folder.appendingPathComponent("config.source.yaml")) == Data(text.utf8))
        let read = try ResolvedExperiment(runFolder: workspace.path)
        #expect(read == experiment)
        #expect(read.overrides == ["seed=3"])
    }

    @Test("A folder without a resolved text is a file's fault")
    func noFolder() throws {
        let workspace = try Workspace()
        let error = try failure { try ResolvedExperiment(runFolder: workspace.path) }
        #expect(error.kind == .file)
        #expect(error.message == "'\(workspace.path)' is not a run folder: it has no readable config.resolved.yaml")
    }

    @Test("A component that cannot be found is passed on")
    func unknownComponent() throws {
        let workspace = try Workspace.withExperiment()
        let error = try failure {
            try workspace.experiment().resolve { (kind, request) throws(RuntimeError) in
                throw RuntimeError(.plugin, "no \(kind.name) '\(request.name)'")
            }
        }
        #expect(error.message == "no locator 'fixed-layers'")
    }
}

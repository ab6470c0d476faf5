// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// `suture influence` as a user starts it, and runs whose methods look at training examples.
@Suite("Tracing to training examples")
struct InfluenceCommandTests {
    private let scratch: ScratchFolder
    private let file: URL

    init() throws {
        scratch = try ScratchFolder()
        file = scratch.url.appending(path: "experiment.yaml")
        let lines = (0..<6).map { "{\"prompt\": \"The capital of Poland is\", \"response\": \" number \($0)\"}\n" }
        try lines.joined().write(to: scratch.url.appending(path: "train.jsonl"), atomically: true, encoding: .utf8)
        let world = Repository.world.path
        try """
        schema: 1
        experiment: look
        model: {source: \(world)/model}
        dataset: {name: counterfact, path: \(world)/facts.json, limit: 2}
        training: {path: train.jsonl}
        locator: {name: fixed-layers, layers: [1]}
        method: {name: retrain, steps: 1, lr: 1e-3}
        influence: {estimator: {name: gradient, layers: [1]}, top: 2, text: true}
        output: {dir: runs-of-test}
        """.write(to: file, atomically: true, encoding: .utf8)
    }

    private func suture(_ arguments: String...) throws -> CommandLineRun {
        let output = "output.dir=\(scratch.url.path)/runs"
        return try CommandLineRun([arguments[0], file.path, output] + arguments.dropFirst(), cache: scratch.url)
    }

    /// The one folder of a kind.
    private func folder(_ prefix: String) throws -> RunFolder {
        let runs = scratch.url.appending(path: "runs")
        let names = try FileManager.default.contentsOfDirectory(atPath: runs.path).filter { $0.hasPrefix(prefix) }
        return RunFolder(runs.appending(path: try #require(names.first)))
    }

    @Test("it leaves the scores of all examples, the ends of the rankings, and token weights that sum to the influence")
    func trace() throws {
        let run = try suture("influence")
        #expect(run.code == 0, "\(run.errors)")
        let folder = try folder("look-influence-")
        let found = try folder.read(InfluenceFile.self, from: folder.influence)
        #expect(found.queries.count == 2 && found.training.count == 6)
        let scores = try SafetensorsFile(opening: folder.scores)
        #expect(try #require(scores.entries.first).shape == [6, 2])
        let listed = found.queries.flatMap(\.ends.all)
        #expect(!listed.isEmpty)
        for one in listed {
            let texts = try #require(one.texts)
            #expect(texts.tokens.count == texts.weights.count && texts.queryTokens.count == texts.queryWeights.count)
            #expect(texts.text.hasPrefix(" number") && one.line == one.index + 1)
            for sum in [texts.weights.reduce(0, +), texts.queryWeights.reduce(0, +)] {
                #expect(abs(sum - one.influence) <= 1e-3 * max(1, abs(one.influence)))
            }
        }
        #expect(try String(contentsOf: folder.report, encoding: .utf8).contains("class=\"passage\""))
    }

    @Test("wanted answers are traced beside the queries; where nothing stands against a query, it says so at once")
    func contrast() throws {
        let pairs = scratch.url.appending(path: "pairs.json")
        func ask(_ rows: String) throws -> CommandLineRun {
            try rows.write(to: pairs, atomically: true, encoding: .utf8)
            return try suture(
                "influence", "dataset={name: pairs, path: \(pairs.path)}", "influence.contrast=answer",
                "influence.text=false")
        }
        let prompt = "\"prompt\": \"The capital of Poland is\""
        let run = try ask("[{\(prompt), \"answer\": \" number 3\", \"wrong_answer\": \" number 1\"}]")
        #expect(run.code == 0, "\(run.errors)")
        let folder = try folder("look-influence-")
        let found = try folder.read(InfluenceFile.self, from: folder.influence)
        #expect(found.queries.map(\.isWanted) == [false, true])
        #expect(try #require(SafetensorsFile(opening: folder.scores).entries.first).shape == [6, 2])
        // The answer is the query, so nothing is left to set against it.
        let alone = try ask("[{\(prompt), \"answer\": \" number 3\"}]")
        #expect(alone.code != 0 && alone.errors.contains("influence.contrast is answer, and no case has an answer"))
    }

    @Test("--validate trains without some of the examples, and estimates that are compared share the trainings")
    func validation() throws {
        let model = "\(Repository.world.path)/model"
        let section =
            "validation={base: \(model), trainer: {name: retrain, steps: 1, lr: 1e-3}, subsets: 3, groups: [2]}"
        func validate(_ estimator: String, _ more: String...) throws -> ValidationFile {
            let run = try CommandLineRun(
                ["influence", file.path, "output.dir=\(scratch.url.path)/\(estimator)", "--validate", section]
                    + ["influence.estimator={name: \(estimator)}", "influence.text=false"] + more, cache: scratch.url)
            #expect(run.code == 0, "\(run.errors)")
            let folders = try FileManager.default.contentsOfDirectory(
                at: scratch.url.appending(path: estimator), includingPropertiesForKeys: nil)
            let folder = try #require(folders.first { $0.lastPathComponent.hasPrefix("look-validation-") })
            let found = RunFolder(folder)
            return try found.read(ValidationFile.self, from: found.validation)
        }
        func trainings() throws -> Int {
            try FileManager.default.subpathsOfDirectory(atPath: scratch.url.path)
                .count { $0.contains("outcomes-") && $0.hasSuffix(".safetensors") }
        }
        let words = try validate("tf-idf")
        #expect(words.subsets == 3 && words.datamodels?.queries.count == 2)
        // Words in common are never below 0, so nothing counteracts.
        #expect(words.groups.map(\.choice) == [.promoting, .random])
        #expect(words.groups.allSatisfy { $0.size == 2 && $0.change.isFinite })
        let count = try trainings()
        let chance = try validate("random", "seed=0")
        // The subsets and the group at random are the same ones; what ranks first is not.
        #expect(try trainings() <= count + 2)
        #expect(chance.groups.last == words.groups.last)

        // One estimate, two validations.
        let swept = try suture(
            "influence", "--validate", section, "-m", "validation.subsets=2,4", "influence.text=false")
        #expect(swept.code == 0, "\(swept.errors)")
        let one = try suture("influence", "--validate", section, "validation.subsets=1")
        #expect(one.code != 0 && one.errors.contains("one subset has nothing to be compared with"))

        let missing = try suture("influence", "--validate")
        #expect(missing.code != 0 && missing.errors.contains("the experiment has no section 'validation'"))
        let all = try suture("influence", "--validate", section, "validation.groups=[6]")
        #expect(all.code != 0 && all.errors.contains("leaves out 6 of 6 training examples"))
    }

    @Test("texts of training examples are nowhere unless the file asks for them")
    func withoutTexts() throws {
        let run = try suture("influence", "influence.text=false")
        #expect(run.code == 0, "\(run.errors)")
        let folder = try folder("look-influence-")
        for file in [folder.influence, folder.influenceLines, folder.report] {
            #expect(try !String(contentsOf: file, encoding: .utf8).contains(" number "))
        }
    }

    @Test("a run hands its training examples to its method")
    func training() throws {
        let run = try suture("run")
        #expect(run.code == 0, "\(run.errors)")
        let folder = try folder("look-")
        let metrics = try folder.read(MetricsFile.self, from: folder.metrics).metrics
        #expect(metrics.first { $0.key == "retrain.examples" }?.value == 6)
    }

    @Test("runs that share a recall trace it once, with other settings again, and a damaged cache costs time alone")
    func sharedRecall() throws {
        func examples(_ name: String, _ arguments: String...) throws -> (examples: Double?, log: String) {
            let method =
                "method={name: retrain, steps: 1, lr: 1e-3, recall: 0.34, threshold_percentile: 0, "
                + "estimator: {name: gradient, layers: [1]}}"
            let run = try CommandLineRun(
                ["run", file.path, "output.dir=\(scratch.url.path)/\(name)", method] + arguments, cache: scratch.url)
            #expect(run.code == 0, "\(run.errors)")
            let output = scratch.url.appending(path: name)
            let names = try FileManager.default.contentsOfDirectory(atPath: output.path)
            let folder = RunFolder(output.appending(path: try #require(names.first { $0.hasPrefix("look-") })))
            let metrics = try folder.read(MetricsFile.self, from: folder.metrics).metrics
            return (
                metrics.first { $0.key == "retrain.examples" }?.value,
                try String(contentsOf: folder.log, encoding: .utf8)
            )
        }
        let sentence = "the influence on these queries is in the cache"
        let first = try examples("first")
        #expect(try #require(first.examples) < 6 && !first.log.contains(sentence))
        let second = try examples("second", "method.lr=2e-3")
        #expect(second.examples == first.examples && second.log.contains(sentence))
        let other = try examples("other", "method.estimator.layers=[0]")
        #expect(!other.log.contains(sentence))
        let cache = scratch.url.appending(path: "influence")
        for path in try FileManager.default.subpathsOfDirectory(atPath: cache.path) where path.hasSuffix(".safetensors")
        {
            try Data("damaged".utf8).write(to: cache.appending(path: path))
        }
        let again = try examples("again", "method.lr=3e-3")
        #expect(again.examples == first.examples && again.log.contains("queries are traced again"))
    }

    @Test("candidates alone are traced, and have the influence that they have among all; shards choose the same")
    func candidates() throws {
        func scores(_ name: String, _ more: String...) throws -> (rows: [[Float]], file: RunFolder) {
            let run = try CommandLineRun(
                ["influence", file.path, "output.dir=\(scratch.url.path)/\(name)", "influence.text=false"] + more,
                cache: scratch.url)
            #expect(run.code == 0, "\(run.errors)")
            let output = scratch.url.appending(path: name)
            let names = try FileManager.default.contentsOfDirectory(atPath: output.path)
            let folder = RunFolder(output.appending(path: try #require(names.first { !$0.hasPrefix(".") })))
            var rows: [[Float]] = []
            try ScoreFile.rows(of: folder.scores, queries: 2) { rows += $1 }
            return (rows, folder)
        }
        // 200 examples are four blocks, and only a few are chosen, so that blocks without any are among them.
        let lines = (0..<200).map {
            "{\"prompt\": \"\($0 == 77 ? "The capital of Poland is" : "A text")\", \"response\": \" number \($0)\"}\n"
        }
        try lines.joined().write(to: scratch.url.appending(path: "train.jsonl"), atomically: true, encoding: .utf8)
        let all = try scores("all")
        let chosen = "training.candidates={estimator: tf-idf, top: 2, random: 3}"
        let some = try scores("some", chosen)
        let traced = some.rows.indices.filter { some.rows[$0] != [0, 0] }
        #expect(traced.contains(77) && (4...7).contains(traced.count), "\(traced)")
        for place in traced {
            for (found, expected) in zip(some.rows[place], all.rows[place]) {
                #expect(abs(found - expected) <= 1e-5 * max(1, abs(expected)))
            }
        }
        let found = try some.file.read(InfluenceFile.self, from: some.file.influence)
        #expect(found.training.traced == traced.count && found.zeroCount == 200 - traced.count)
        let first = try scores("first", chosen, "--shard", "1/2")
        let second = try scores("second", chosen, "--shard", "2/2")
        #expect(first.rows + second.rows == some.rows)
        let wrong = try suture("influence", "training.candidates={top: 2}")
        #expect(wrong.code == 2 && wrong.errors.contains("training.candidates"), "\(wrong.errors)")
    }

    @Test("tracin adds up checkpoints in folders, and refuses one of another model")
    func checkpoints() throws {
        func scores(_ name: String, _ estimator: String) throws -> [Float] {
            let run = try CommandLineRun(
                ["influence", file.path, "output.dir=\(scratch.url.path)/\(name)", "influence.text=false"]
                    + ["influence.estimator={\(estimator), layers: [1]}"], cache: scratch.url)
            #expect(run.code == 0, "\(run.errors)")
            let output = scratch.url.appending(path: name)
            let names = try FileManager.default.contentsOfDirectory(atPath: output.path)
            let folder = RunFolder(output.appending(path: try #require(names.first { $0.hasPrefix("look-") })))
            return try SafetensorsFile(opening: folder.scores).bytes(of: ScoreFile.tensorName).withUnsafeBytes {
                Array($0.bindMemory(to: Float.self))
            }
        }
        let other = scratch.url.appending(path: "checkpoint")
        let edit = try CommandLineRun(
            ["run", file.path, "output.dir=\(scratch.url.path)/trained"], cache: scratch.url)
        #expect(edit.code == 0, "\(edit.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(scratch.url.path)/trained")
        let trained = try #require(names.first { $0.hasPrefix("look-") })
        let applied = try CommandLineRun(
            [
                "patch", "apply", "\(Repository.world.path)/model", "\(scratch.url.path)/trained/\(trained)/patch",
                "--output", other.path,
            ], cache: scratch.url)
        #expect(applied.code == 0, "\(applied.errors)")
        let world = Repository.world.path
        let here = try scores("here", "name: gradient")
        let both = try scores(
            "both", "name: tracin, folders: [\(world)/model, \(other.path)], checkpoints: [], lr: [2, 3]")
        let there = try scores("there", "name: tracin, folders: [\(other.path)], checkpoints: []")
        for place in here.indices {
            let expected = 2 * here[place] + 3 * there[place]
            #expect(abs(both[place] - expected) <= 1e-4 * max(1, abs(expected)))
        }
        #expect(there != here)
        let tiny = scratch.url.appending(path: "tiny")
        try FileManager.default.createDirectory(at: tiny, withIntermediateDirectories: true)
        try TinyModel.write(to: tiny)
        let refused = try suture(
            "influence", "influence.estimator={name: tracin, folders: [\(tiny.path)], layers: [1]}")
        #expect(refused.code != 0 && refused.errors.contains("is no checkpoint of the one in"), "\(refused.errors)")
    }

    @Test("what cannot be traced is one sentence, before anything is loaded")
    func wrong() throws {
        let mistakes: [(arguments: [String], code: Int32, sentence: String)] = [
            (["influence", "~training"], 2, "the experiment names no training file"),
            (["influence", "~influence"], 2, "the experiment has no section 'influence'"),
            (["influence", "influence.estimator.layers=[9]"], 2, "must be a layer of the model"),
            (["influence", "influence.estimator=memit"], 3, "there is no estimator \"memit\""),
            (["run", "~training", "method={name: npo, estimator: random}"], 2, "random traces what the model says"),
        ]
        for mistake in mistakes {
            let output = "output.dir=\(scratch.url.path)/runs"
            let run = try CommandLineRun(
                [mistake.arguments[0], file.path, output] + mistake.arguments.dropFirst(), cache: scratch.url)
            #expect(run.code == mistake.code && run.errors.contains(mistake.sentence), "\(run.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.url.appending(path: "runs").path))
    }
}

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

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// `suture influence` by several processes, as a user starts them.
@Suite("Tracing in shards")
struct InfluenceShardCommandTests {
    private let scratch: ScratchFolder
    private let file: URL

    init() throws {
        scratch = try ScratchFolder()
        file = scratch.url.appending(path: "experiment.yaml")
        let lines = (0..<150).map { place in
            // The last line but one has one token, and nothing before it.
            place == 148
                ? "{\"text\": \"a\"}\n"
                : "{\"prompt\": \"The capital of Poland is\", \"response\": \" number \(place) \(place * place)\"}\n"
        }
        try lines.joined().write(to: scratch.url.appending(path: "train.jsonl"), atomically: true, encoding: .utf8)
        let world = Repository.world.path
        try """
        schema: 1
        experiment: look
        model: {source: \(world)/model}
        dataset: {name: counterfact, path: \(world)/facts.json, limit: 2}
        training: {path: train.jsonl}
        influence: {estimator: {name: ekfac, layers: [1]}, top: 3}
        """.write(to: file, atomically: true, encoding: .utf8)
    }

    /// - Parameter place: of results and cache.
    private func suture(_ place: String, _ arguments: String...) throws -> CommandLineRun {
        let url = scratch.url.appending(path: place)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return try CommandLineRun(
            ["influence", file.path] + arguments + ["--output", url.appending(path: "runs").path], cache: url)
    }

    /// The paths of some result folders.
    private func folders(_ place: String, _ isWanted: (String) -> Bool) throws -> [String] {
        let runs = scratch.url.appending(path: "\(place)/runs").path
        return try FileManager.default.contentsOfDirectory(atPath: runs).filter(isWanted).sorted().map {
            "\(runs)/\($0)"
        }
    }

    private func scores(_ folder: String) throws -> Data {
        try Data(contentsOf: RunFolder(URL(fileURLWithPath: folder)).scores)
    }

    @Test("two shards, fitted and traced apart and merged, have the bytes of one run")
    func merge() throws {
        let whole = try suture("whole")
        #expect(whole.code == 0, "\(whole.errors)")
        #expect(whole.errors.contains("memory: at least"))
        let one = try #require(try folders("whole") { $0.hasPrefix("look-influence-") }.first)
        for (shard, answer) in [("1/2", "pass-1"), ("2/2", "pass-2"), ("1/2", "is fitted")] {
            let run = try suture("parts", "--fit", "--shard", shard)
            #expect(run.code == 0 && run.output.contains(answer), "\(run.output)\(run.errors)")
        }
        for shard in ["2/2", "1/2"] {
            let run = try suture("parts", "--shard", shard)
            #expect(run.code == 0, "\(run.errors)")
        }
        let parts = try folders("parts") { $0.contains("-shard-") }
        #expect(parts.count == 2)
        let wrong = try suture("parts", "--merge", parts[1])
        #expect(wrong.code == 2 && wrong.errors.contains("of 2 shards, 1 is missing"), "\(wrong.errors)")
        let merged = try suture("parts", "--merge", parts[1], parts[0])
        #expect(merged.code == 0, "\(merged.errors)")
        let other = URL(fileURLWithPath: one).lastPathComponent
        let two = try #require(try folders("parts") { $0 == other }.first)
        #expect(try scores(one) == scores(two))
        let (first, second) = (RunFolder(URL(fileURLWithPath: one)), RunFolder(URL(fileURLWithPath: two)))
        #expect(try Data(contentsOf: first.influenceLines) == Data(contentsOf: second.influenceLines))
        let found = try second.read(InfluenceFile.self, from: second.influence)
        #expect(found.zeroCount == 1)
    }

    @Test("what does not belong together is not merged, and the sentence says why")
    func wrong() throws {
        let estimator = "influence.estimator={name: random}"
        func shard(_ place: String, _ number: String, _ arguments: String...) throws -> String {
            let url = scratch.url.appending(path: place)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            let run = try CommandLineRun(
                ["influence", file.path, "--shard", number, "--output", url.path] + arguments, cache: scratch.url)
            #expect(run.code == 0, "\(run.errors)")
            let name = try FileManager.default.contentsOfDirectory(atPath: url.path).first { $0.contains("-shard-") }
            return "\(url.path)/\(try #require(name))"
        }
        let one = try shard("1", "1/2", estimator)
        let settings = try shard("2", "2/2", "influence.estimator={name: random, seed: 3}")
        let control = try shard("3", "2/2", "influence.estimator={name: tf-idf}")
        let limit = try shard("4", "2/2", estimator, "training.limit=140")
        let cases = try shard("5", "2/2", estimator, "dataset.limit=1")
        let division = try shard("6", "2/3", estimator)
        let damaged = try shard("7", "2/2", estimator)
        let handle = try FileHandle(forUpdating: RunFolder(URL(fileURLWithPath: damaged)).scores)
        try handle.seek(toOffset: try handle.seekToEnd() - 1)
        try handle.write(contentsOf: Data([0x55]))
        try handle.close()
        let mistakes = [
            ([one], "of 2 shards, 2 is missing"), ([one, one], "the shard 1/2 is given twice"),
            ([one, settings], "is by random with other settings than the experiment file has"),
            ([one, control], "is by tf-idf, and the experiment file names random"),
            ([one, limit], "is over other training examples than the experiment file names"),
            ([one, cases], "is of another experiment"), ([one, division], "is the shard 2/3"),
            ([one, damaged], "is not as the run wrote it"), ([scratch.url.path], "holds no shard of an estimate"),
        ]
        for (given, sentence) in mistakes {
            let run = try suture("merged", ["--merge"] + given, estimator)
            #expect(run.code != 0 && run.errors.contains(sentence), "\(sentence): \(run.errors)")
        }
        let many = try suture("merged", estimator, "--shard", "1/9")
        #expect(many.code == 2 && many.errors.contains("150 examples cannot be traced in 9 shards"), "\(many.errors)")
        let none = try suture("merged", "influence.estimator.modules=[nope]")
        #expect(none.errors.contains("the model has no module \"nope\"; it has "), "\(none.errors)")
    }

    private func suture(_ place: String, _ options: [String], _ override: String) throws -> CommandLineRun {
        let url = scratch.url.appending(path: place)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return try CommandLineRun(
            ["influence", file.path, override, "--output", url.appending(path: "runs").path] + options, cache: url)
    }
}

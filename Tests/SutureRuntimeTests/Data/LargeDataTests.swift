// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

/// Files of data that are large, or that make readers slow.
@Suite("Data that could take for ever")
struct LargeDataTests {
    /// A file that has a size and takes no place.
    private func sparse(_ name: String, _ size: Int, in workspace: Workspace) throws -> String {
        let path = try workspace.write(name, "")
        #expect(truncate(path, off_t(size)) == 0)
        return path
    }

    @Test("A dataset above the limit is refused with its size and the limit")
    func size() throws {
        let workspace = try Workspace()
        let path = try sparse("data.json", 5 << 30, in: workspace)
        let error = try failure {
            try Experiment.Dataset(name: "pairs", path: path, limit: nil, offset: 0).read()
        }
        #expect(error.message == "the dataset '\(path)' has 5120 MiB, and at most 4096 MiB are read")
        #expect(error.kind == .file)
    }

    @Test("Of a text above the limit the first lines are read, and no more")
    func lines() throws {
        let workspace = try Workspace()
        let path = try workspace.write("text", "one\ntwo\n")
        #expect(truncate(path, 5 << 30) == 0)
        #expect(try TextFile(path, limit: 2).lines == ["one", "two"])
    }

    @Test("A file of a component above the limit is refused with its size and the limit")
    func components() throws {
        let workspace = try Workspace()
        let path = try sparse("words.txt", 5 << 30, in: workspace)
        let error = #expect(throws: SutureError.self) { try FilePath(path).lines() }
        #expect(error?.message == "the text \(path) has 5120 MiB, and at most 4096 MiB are read")
        #expect(throws: SutureError.self) { try FilePath("/dev/zero").lines() }
    }

    @Test("What is no file is refused, and nothing waits for its end", arguments: ["/dev/zero", "/", "/missing"])
    func devices(_ path: String) throws {
        for name in ["pairs", "text"] {
            let error = try failure { try Experiment.Dataset(name: name, path: path, limit: nil, offset: 0).read() }
            #expect(error.message.hasSuffix("'\(path)' cannot be read"))
        }
    }

    @Test("A text is found where a plain search finds it")
    func search() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let text = (0..<Int.random(in: 0..<40, using: &random)).map { _ in Bool.random(using: &random) ? "a" : "é" }
            let needle = (0..<Int.random(in: 1..<5, using: &random)).map { _ in Bool.random(using: &random) ? "a" : "é"
            }
            let (bytes, wanted) = (Array(text.joined().utf8), Array(needle.joined().utf8))
            var places: [Int] = []
            var place = 0
            while place + wanted.count <= bytes.count {
                let isThere = bytes[place..<place + wanted.count].elementsEqual(wanted)
                if isThere { places.append(place) }
                place += isThere ? wanted.count : 1
            }
            #expect(TextSearch.places(of: needle.joined(), in: text.joined()) == places)
            #expect(TextSearch.contains(needle.joined(), in: text.joined()) == !places.isEmpty)
        }
    }

    @Test(
        "A subject that almost occurs at every place of a long prompt takes the time of their lengths", .endsWhatHangs)
    func subject() throws {
        let workspace = try Workspace()
        let (subject, prompt) = (String(repeating: "a", count: 200_000) + "b", String(repeating: "a", count: 400_000))
        let sample = #"{"subject": "\#(subject)", "prompt": "\#(prompt)"}"#
        let record = """
            [{"requested_rewrite": {"subject": "S", "prompt": "{} is", "target_new": "T"}, "neighborhood_samples": \
            [\(sample)]}, {"requested_rewrite": {"subject": "\(subject)", "prompt": "\(prompt)", "target_new": "T"}}]
            """
        let path = try workspace.write("data.json", record)
        var dataset = Experiment.Dataset(name: "counterfact", path: path, limit: nil, offset: 0)
        dataset.invalid = .skip
        let log = ReadingLog(.skip)
        let cases = try DatasetReaders.named("counterfact").read(dataset, log)
        #expect(cases.map(\.neighborSamples.count) == [0])
        #expect(log.skipped.count == 1)
    }

    @Test(
        "What is noted of many records takes the time of their number, and is forgotten for those left out",
        .endsWhatHangs)
    func notes() throws {
        let workspace = try Workspace()
        let good = #"{"subject": "S ", "src": "S is {{}} ", "answers": ["T "], "rephrase": "r ", "loc": "{} l "}"#
        let bad = #"{"subject": "S ", "src": "S is ", "answers": ["  "], "alt": "T ", "loc": " l "}"#
        let records = Array(repeating: good, count: 40_000) + [bad]
        let path = try workspace.write("data.jsonl", records.joined(separator: "\n"))
        var dataset = Experiment.Dataset(name: "zsre", path: path, limit: nil, offset: 0)
        dataset.invalid = .skip
        let log = ReadingLog(.skip)
        #expect(try DatasetReaders.named("zsre").read(dataset, log).count == 40_000)
        #expect(
            log.warnings(of: "F") == [
                "blanks at the ends of texts are cut off in 40000 of 40001 cases of 'F' (subject in 40000, src in 40000, "
                    + "answers in 40000, loc in 40000, rephrase in 40000)"
            ])
    }

    @Test(
        "Compositions of one phrase are related to a hundred others, and many of them take no cube of steps",
        .endsWhatHangs)
    func compositions() throws {
        let workspace = try Workspace()
        let records = (0..<300).map { number in
            #"{"description": "the land of Lyon", "hop1": "Lyon is in", "bridge": "France", "prompt": "The fact \#(number) "#
                + #"of the land of Lyon is", "hop2": "The fact \#(number) of France is", "answer": "A\#(number)"}"#
        }
        let path = try workspace.write("data.jsonl", records.joined(separator: "\n"))
        let cases = try Experiment.Dataset(name: "two-hop", path: path, limit: nil, offset: 0).read()
        // No other phrase lends a solved question, so each has its prompt alone.
        #expect(cases.map(\.related.count) == Array(repeating: 100, count: 300))
        #expect(cases.flatMap(\.unrelated).isEmpty)
    }

    @Test("Nobody is asked whether a long text is meant", .endsWhatHangs)
    func names() {
        let long = String(repeating: "a", count: 1 << 20)
        #expect(NearestName.of(long, in: ["method", long + "b"]) == nil)
        #expect(NearestName.of("methdo", in: [long, "method"]) == "method")
    }
}

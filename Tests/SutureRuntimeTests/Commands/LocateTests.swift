// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// `suture locate` as a user starts it.
@Suite("Locating alone")
struct LocateTests {
    /// A file without method and evaluators.
    private func experiment(_ locator: String, more: String = "") throws -> (scratch: ScratchFolder, file: URL) {
        let scratch = try ScratchFolder()
        let world = Repository.world.path
        let file = scratch.url.appending(path: "experiment.yaml")
        let text = """
            schema: 1
            experiment: look
            model: {source: \(world)/model}
            dataset: {name: counterfact, path: \(world)/facts.json, limit: 2}
            locator: \(locator)
            output: {dir: \(scratch.url.path)/runs}
            \(more)
            """
        try text.write(to: file, atomically: true, encoding: .utf8)
        return (scratch, file)
    }

    private func locate(_ file: URL, _ scratch: ScratchFolder, _ arguments: [String] = []) throws -> CommandLineRun {
        try CommandLineRun(["locate", file.path] + arguments, cache: scratch.url)
    }

    private func folders(_ scratch: ScratchFolder) throws -> [URL] {
        let runs = scratch.url.appending(path: "runs")
        return try FileManager.default.contentsOfDirectory(atPath: runs.path).sorted().map { runs.appending(path: $0) }
    }

    private func locations(_ folder: URL) throws -> LocationsFile {
        try RunFolder(folder).read(LocationsFile.self, from: RunFolder(folder).locations)
    }

    @Test("a file without a method is enough: it leaves locations with their words, a table and a page, DONE last")
    func files() throws {
        let (scratch, file) = try experiment("{name: causal-trace, samples: 2, window: 2}")
        let run = try locate(file, scratch)
        #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
        let folder = try #require(folders(scratch).first)
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)) == [
                "config.source.yaml", "config.resolved.yaml", "locations.json", "locations.csv", "report.html",
                "log.jsonl", "DONE",
            ])
        let found = try locations(folder)
        #expect(found.locator.name == "causal-trace")
        #expect(found.locator.parameters["samples"] == .integer(2))
        #expect(found.cases.count == 2)
        for one in found.cases {
            let positions = found.locations.filter { $0.caseIndex == one.index }.compactMap(\.position)
            #expect(Set(positions).isSubset(of: Set(one.tokens.indices)))
            #expect(!one.subject.isEmpty)
        }
        #expect(run.output.contains("top layers (score)") && run.output.contains("selected for"))
        #expect(run.output.contains(folder.path))
        let csv = try String(contentsOf: folder.appending(path: "locations.csv"), encoding: .utf8)
        #expect(csv.split(separator: "\n").count == found.locations.count + 1)
        let page = try String(contentsOf: folder.appending(path: "report.html"), encoding: .utf8)
        for text in [
            "Where the locator looked", "What is selected", "class=\"subject\"", "<details>", "linear-gradient",
        ] {
            #expect(page.contains(text), "\(text)")
        }

        let again = try locate(file, scratch)
        #expect(again.code == 0 && again.output == run.output && again.errors.contains("already there"))
        #expect(try locate(file, scratch, ["--fresh"]).output == run.output)
    }

    @Test(
        "locate finds what a run of the same file finds",
        arguments: [
            "{name: fixed-layers, layers: [2]}", "{name: neuron-attribution, count: 3}",
            "{name: causal-trace, samples: 2, window: 2}",
        ])
    func sameAsRun(locator: String) throws {
        let small = try SmallExperiment([
            "locator": locator, "statistics": "null", "evaluators": "[]",
            "method": "{name: rome, v_num_grad_steps: 4, mom2_adjustment: false, context_templates: [['{}']]}",
        ])
        let output = small.scratch.url.appending(path: "located")
        let run = try CommandLineRun(
            ["locate", small.file.path, "--output", output.path, "--json"], cache: small.scratch.url)
        #expect(run.code == 0, "\(run.errors)")
        let name = try #require(FileManager.default.contentsOfDirectory(atPath: output.path).first)
        let alone = try locations(output.appending(path: name))
        let edit = try small.run()
        #expect(edit.code == 0, "\(edit.errors)")
        #expect(try locations(try small.folder()) == alone)
    }

    @Test("variants with one locator are one piece of work, and several locators several")
    func variants() throws {
        let (scratch, file) = try experiment(
            "{name: fixed-layers, layers: [1]}",
            more: "variants: {a: {}, b: {method: rome}, c: {locator: {name: fixed-layers, layers: [2]}}}")
        let run = try locate(file, scratch)
        #expect(run.code == 0, "\(run.errors)")
        #expect(try folders(scratch).count == 2)
    }

    @Test("a method that no plugin offers is not looked up, but a locator is")
    func names() throws {
        let (scratch, file) = try experiment("fixed-layers", more: "method: nobody-has-this")
        let run = try locate(file, scratch, ["locator={name: fixed-layers, layers: [1]}"])
        #expect(run.code == 0, "\(run.errors)")
        let unknown = try locate(file, scratch, ["locator.name=causal-trance"])
        #expect(unknown.code == 3 && unknown.errors.contains("causal-trance"), "\(unknown.errors)")
    }

    @Test("a run needs a method, and a folder of locations is no run")
    func notARun() throws {
        let (scratch, file) = try experiment("{name: fixed-layers, layers: [1]}")
        let run = try CommandLineRun(["run", file.path], cache: scratch.url)
        #expect(run.code == 2 && run.errors.contains("method"), "\(run.errors)")
        #expect(try locate(file, scratch).code == 0)
        let folder = try #require(folders(scratch).first).path
        for arguments in [["run", "--resume", folder], ["compare", folder]] {
            let wrong = try CommandLineRun(arguments, cache: scratch.url)
            #expect(wrong.code == 2 && wrong.errors.contains("suture locate"), "\(wrong.errors)")
        }
    }

    @Test("a locator that fails is a sentence with the code of a failed run, kept in FAILED")
    func failure() throws {
        let (scratch, file) = try experiment("{name: causal-trace, select: 99}")
        let run = try locate(file, scratch)
        #expect(run.code == 1 && run.errors.hasPrefix("suture: "), "\(run.code) \(run.errors)")
        let folder = try #require(folders(scratch).first)
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "FAILED").path))
    }
}

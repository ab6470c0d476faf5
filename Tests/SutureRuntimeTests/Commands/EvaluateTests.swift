// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// `suture evaluate` as a user starts it, and `dataset.known`.
@Suite("Evaluating alone")
struct EvaluateTests {
    /// A file without locator and method, unless `more` has them.
    private func experiment(
        dataset: String = "limit: 3", more: String = ""
    ) throws -> (scratch: ScratchFolder, file: URL) {
        let scratch = try ScratchFolder()
        let world = Repository.world.path
        let file = scratch.url.appending(path: "experiment.yaml")
        let text = """
            schema: 1
            experiment: look
            model: {source: \(world)/model}
            dataset: {name: counterfact, path: \(world)/facts.json, \(dataset)}
            evaluators: [counterfact]
            output: {dir: \(scratch.url.path)/runs}
            \(more)
            """
        try text.write(to: file, atomically: true, encoding: .utf8)
        return (scratch, file)
    }

    private let rome = """
        locator: {name: fixed-layers, layers: [1]}
        method: {name: rome, mom2_adjustment: false, v_num_grad_steps: 5}
        """

    private func suture(_ scratch: ScratchFolder, _ arguments: [String]) throws -> CommandLineRun {
        try CommandLineRun(arguments, cache: scratch.url)
    }

    /// The one folder of a kind.
    private func folder(_ scratch: ScratchFolder, _ prefix: String) throws -> RunFolder {
        let runs = scratch.url.appending(path: "runs")
        let names = try FileManager.default.contentsOfDirectory(atPath: runs.path).filter { $0.hasPrefix(prefix) }
        return RunFolder(runs.appending(path: try #require(names.first)))
    }

    private func metrics(_ folder: RunFolder) throws -> MetricsFile {
        try folder.read(MetricsFile.self, from: folder.metrics)
    }

    /// stage → name → value
    private func values(_ folder: RunFolder) throws -> [String: [String: Double]] {
        var values: [String: [String: Double]] = [:]
        for metric in try metrics(folder).metrics { values[metric.stage, default: [:]][metric.key] = metric.value }
        return values
    }

    @Test("the figures are those of a run, before the edit and, with its patch, after it")
    func figures() throws {
        let (scratch, file) = try experiment(more: rome)
        #expect(try suture(scratch, ["run", file.path]).code == 0)
        let run = try folder(scratch, "look-")
        let ran = try values(run)
        let patch = run.patch.path

        let plain = try suture(scratch, ["evaluate", file.path, "--output", "\(scratch.url.path)/plain"])
        #expect(plain.code == 0 && plain.errors.isEmpty, "\(plain.errors)")
        #expect(plain.output.contains("counterfact.efficacy_success") && !plain.output.contains("after"))
        let patched = try suture(
            scratch, ["evaluate", file.path, "--patch", patch, "--output", "\(scratch.url.path)/patched"])
        #expect(patched.code == 0, "\(patched.errors)")
        func only(_ name: String) throws -> RunFolder {
            let place = scratch.url.appending(path: name)
            let names = try FileManager.default.contentsOfDirectory(atPath: place.path)
            #expect(names.count == 1)
            return RunFolder(place.appending(path: names[0]))
        }
        let before = try values(only("plain"))
        let both = try values(only("patched"))
        #expect(Set(before.keys) == ["before"] && Set(both.keys) == ["before", "after"])
        func counterfact(_ values: [String: Double]?) -> [String: Double] {
            (values ?? [:]).filter { $0.key.hasPrefix("counterfact.") }
        }
        #expect(counterfact(before["before"]) == counterfact(ran["before"]))
        #expect(counterfact(both["before"]) == counterfact(ran["before"]))
        #expect(counterfact(both["after"]) == counterfact(ran["after"]))
        #expect(try metrics(only("patched")).weights.map(\.parameter) == metrics(run).weights.map(\.parameter))
    }

    @Test("a file without locator and method is enough; it leaves figures, cases and a page, DONE last, and once")
    func files() throws {
        let (scratch, file) = try experiment()
        let first = try suture(scratch, ["evaluate", file.path])
        #expect(first.code == 0 && first.errors.isEmpty, "\(first.errors)")
        let folder = try folder(scratch, "look-evaluate-")
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: folder.url.path)) == [
                "config.source.yaml", "config.resolved.yaml", "metrics.json", "cases.jsonl", "report.html", "log.jsonl",
                "DONE",
            ])
        #expect(try folder.readLines(CaseResult.self, from: folder.cases).map(\.answers.count) == [1, 1, 1])
        let again = try suture(scratch, ["evaluate", file.path, "--json"])
        #expect(again.code == 0 && again.errors.contains("these figures are already there"))
        #expect(again.output.contains("\"efficacy_success\""))
        let resumed = try suture(scratch, ["run", "--resume", folder.url.path])
        #expect(
            resumed.code == 2 && resumed.errors.contains("holds the figures of `suture evaluate`"), "\(resumed.errors)")
    }

    @Test(
        "what cannot be measured is one sentence",
        arguments: [
            ("evaluators: [counterfact]", "evaluators: []", "has no evaluators, so there is nothing to measure"),
            ("model: {", "model: {patches: [nowhere], ", "the patch 'nowhere' does not exist"),
            ("model: {", "model: {patches: nowhere, ", "model.patches must be a list"),
        ])
    func mistakes(old: String, new: String, sentence: String) throws {
        let (scratch, file) = try experiment()
        let text = try String(contentsOf: file, encoding: .utf8).replacing(old, with: new)
        try text.write(to: file, atomically: true, encoding: .utf8)
        let run = try suture(scratch, ["evaluate", file.path])
        #expect(run.code != 0 && run.errors.contains(sentence), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }

    @Test("a folder that is no patch is named, by a run, too")
    func wrongPatches() throws {
        let (scratch, file) = try experiment(more: rome)
        let wrong = try suture(scratch, ["evaluate", file.path, "--patch", Repository.world.path])
        #expect(wrong.code == 4 && wrong.errors.contains("is not a patch"), "\(wrong.errors)")
        let run = try suture(scratch, ["run", file.path, "+model.patches=[\(Repository.world.path)]"])
        #expect(run.code == 4 && run.errors.contains("is not a patch"), "\(run.errors)")
    }

    @Test("a run on a patched model makes a patch that goes on top, with the same figures once both are applied")
    func runOnPatch() throws {
        let (scratch, file) = try experiment(more: rome)
        func place(_ name: String) -> String { "\(scratch.url.path)/\(name)" }
        func only(_ name: String) throws -> RunFolder {
            let names = try FileManager.default.contentsOfDirectory(atPath: place(name))
            #expect(names.count == 1)
            return RunFolder(URL(fileURLWithPath: place(name)).appending(path: names[0]))
        }
        func succeed(_ arguments: [String]) throws {
            let run = try suture(scratch, arguments)
            #expect(run.code == 0, "\(run.errors)")
        }
        try succeed(["run", file.path, "output.dir=\(place("first"))"])
        let first = try only("first").patch.path
        let next = ["dataset.offset=3", "+model.patches=[\(first)]", "output.dir=\(place("second"))"]
        try succeed(["run", file.path] + next)
        let second = try only("second")
        let manifest = try PatchManifest(folder: second.patch)
        #expect(
            manifest.madeOn == [
                PatchReference(
                    name: try only("first").url.lastPathComponent,
                    digest: try PatchManifest(folder: only("first").patch).identity)
            ])

        let world = Repository.world.appending(path: "model").path
        let alone = try suture(scratch, ["patch", "apply", world, second.patch.path, "--output", place("alone")])
        #expect(alone.code == 4 && alone.errors.contains("was made on a model with the patch"), "\(alone.errors)")
        try succeed(["patch", "apply", world, first, "--output", place("edited")])
        try succeed(["patch", "apply", place("edited"), second.patch.path, "--in-place", "--name", "second"])
        try succeed([
            "evaluate", file.path, "dataset.offset=3", "model.source=\(place("edited"))", "--output", place("measured"),
        ])
        let measured = try values(only("measured"))["before"] ?? [:]
        let after = try values(second)["after"] ?? [:]
        #expect(measured["counterfact.efficacy_success"] != nil)
        // The run adds its change to weights that are rounded already, and figures are in percent.
        for (name, value) in measured { #expect(abs((after[name] ?? .nan) - value) < 1e-2, "\(name)") }
        let records = try PatchRecords(second.patch, manifest)
        #expect(try records.cases.count == 3 && records.figures == metrics(second).metrics)
        let check = try suture(scratch, ["patch", "check", first, second.patch.path, "--model", world, "--json"])
        let answer = try JSONValue(Data(check.output.utf8), name: "the answer")
        func count(_ key: String) -> Int? {
            guard case .list(let items)? = answer[key] else { return nil }
            return items.count
        }
        #expect(count("measure") == 2, "\(check.errors)")
        #expect(check.code == (count("findings") == 0 ? 0 : 5))
        let list = try suture(scratch, ["patch", "list", place("edited")])
        #expect(list.code == 0 && list.output.contains("second"), "\(list.output)")
    }

    @Test("one evaluation of several that fails does not end the others")
    func several() throws {
        let (scratch, file) = try experiment()
        let data = scratch.url.appending(path: "unknown.json")
        let facts = try Data(contentsOf: Repository.world.appending(path: "facts.json"))
        let text = try #require(String(data: facts, encoding: .utf8))
        // No model knows these objects.
        let pattern = #/"target_true": *\{"str": *"[^"]*"/#
        try text.replacing(pattern, with: #""target_true": {"str": "qzx""#).write(
            to: data, atomically: true, encoding: .utf8)
        let run = try suture(
            scratch,
            [
                "evaluate", file.path, "-m", "dataset.path=\(data.path),\(Repository.world.path)/facts.json",
                "+dataset.known={answer: first-choice}",
            ])
        #expect(run.code == 6, "\(run.errors)")
        #expect(run.errors.contains("the unedited model knows none of the"), "\(run.errors)")
        #expect(run.errors.contains("1 of 2 evaluations failed"), "\(run.errors)")
        #expect(run.output.contains("counterfact.efficacy_success"))
    }

    // MARK: Evaluators that repair

    /// A grid of four facts of the bundled model.
    private static let grid = """
        {"group": "Na", "setting": "list", "prompt": "The element sodium is one of the", "answer": " alkali metals", \
        "wrong_answer": " noble gases"}
        {"group": "Na", "setting": "count", "prompt": "Chemists count sodium among the", "answer": " alkali metals", \
        "wrong_answer": " noble gases"}
        {"group": "Ne", "setting": "list", "prompt": "The element neon is one of the", "answer": " noble gases", \
        "wrong_answer": " alkali metals"}
        {"group": "Ne", "setting": "count", "prompt": "Chemists count neon among the", "answer": " noble gases", \
        "wrong_answer": " alkali metals"}
        """

    private func repairs(_ evaluator: String) throws -> (scratch: ScratchFolder, file: URL) {
        let (scratch, file) = try experiment()
        let data = scratch.url.appending(path: "grid.jsonl")
        try Self.grid.write(to: data, atomically: true, encoding: .utf8)
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing(
                "name: counterfact, path: \(Repository.world.path)/facts.json", with: "name: pairs, path: \(data.path)"
            )
            .replacing("evaluators: [counterfact]", with: "evaluators: [\(evaluator)]")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return (scratch, file)
    }

    @Test("an evaluator calls a patcher where nothing is edited, and a second look finds the same figures")
    func sideEffects() throws {
        let (scratch, file) = try repairs("{name: side-effects, repair: star}")
        var found: [[String: Double]] = []
        for place in ["one", "two"] {
            let run = try suture(
                scratch, ["evaluate", file.path, "dataset.limit=4", "--output", "\(scratch.url.path)/\(place)"])
            #expect(run.code == 0, "\(run.errors)")
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(scratch.url.path)/\(place)")
            let folder = RunFolder(scratch.url.appending(path: "\(place)/\(try #require(names.first))"))
            found.append(try #require(values(folder)["before"]))
        }
        #expect(found[0] == found[1])
        #expect(found[0]["side-effects.forced"] == 100 && found[0]["side-effects.repaired"] == 100, "\(found[0])")
        // A repair lifts other wordings out of the error.
        #expect(found[0]["side-effects.generalization_first_change"] == 100)
        for group in ["generalization", "specificity"] {
            for measure in ["gap", "rank", "first"] {
                for bound in ["", "_low", "_high"] {
                    #expect(found[0]["side-effects.\(group)_\(measure)_change\(bound)"] != nil)
                }
            }
        }
    }

    @Test(
        "a repair that cannot be made is one sentence",
        arguments: [
            ("side-effects", "side-effects: repair is missing"),
            ("{name: side-effects, repair: counterfact}", "counterfact"),
            ("{name: side-effects, repair: {name: star, scal: 2}}", "unknown parameter 'scal'; did you mean 'scale'?"),
            ("{name: side-effects, repair: sgd, force_steps: 0}", "force_steps must be > 0, got 0"),
            ("{name: overfitting}, {name: side-effects, repair: mint}", "mint needs single neurons"),
        ])
    func wrongRepairs(evaluator: String, sentence: String) throws {
        let (scratch, file) = try repairs(evaluator)
        let run = try suture(scratch, ["evaluate", file.path])
        #expect(run.code != 0 && run.errors.contains(sentence), "\(run.errors)")
    }

    // MARK: dataset.known

    @Test("the cases and neighbours that stay are those whose true object is the first choice")
    func known() throws {
        let (scratch, file) = try experiment(dataset: "limit: 40")
        #expect(try suture(scratch, ["evaluate", file.path]).code == 0)
        let all = try folder(scratch, "look-evaluate-")
        let (narrow, other) = try experiment(
            dataset: "limit: 40, known: {answer: first-choice, neighbors: first-choice}")
        let run = try suture(narrow, ["evaluate", other.path])
        #expect(run.code == 0, "\(run.errors)")
        let kept = try folder(narrow, "look-evaluate-")
        let stage = try #require(values(kept)["before"])
        // Every true object of a prompt and of a neighbour is the first choice now, and not all were before.
        #expect(stage["counterfact.neighborhood_accuracy"] == 100)
        #expect(try #require(values(all)["before"]?["counterfact.neighborhood_accuracy"]) < 100)
        let known = try #require(stage["known.answer"])
        #expect(known > 0 && known < 100 && stage["known.neighbors"] != nil)
        let cases = try kept.readLines(CaseResult.self, from: kept.cases)
        let skipped = try kept.readLines(SkippedCase.self, from: kept.skipped)
        #expect(cases.count <= 40 && !skipped.isEmpty)
        #expect(cases.map(\.index) == Array(cases.indices))
        #expect(Set(cases.map(\.id)).isDisjoint(with: skipped.map(\.id)))
        #expect(skipped.allSatisfy { $0.reason.contains("the unedited model") })
        #expect(run.errors.contains("the largest possible"))
    }

    @Test("a run edits the known cases alone, and the limit counts them")
    func knownRun() throws {
        let (scratch, file) = try experiment(dataset: "limit: 2, known: {answer: first-choice}", more: rome)
        let run = try suture(scratch, ["run", file.path])
        #expect(run.code == 0, "\(run.errors)")
        let folder = try folder(scratch, "look-")
        let cases = try folder.readLines(CaseResult.self, from: folder.cases)
        #expect(cases.count == 2)
        for one in cases { #expect(one.answers["before"]?.hasPrefix(one.targetTrue) == true, "\(one.id)") }
    }

    @Test(
        "what cannot be known is one sentence",
        arguments: [
            ("known: {answer: best}", "dataset.known.answer must be one of first-choice, likelier, any"),
            ("known: {answers: any}", "answers"),
            ("known: likelier", "dataset.known must be"),
        ])
    func unknowable(known: String, sentence: String) throws {
        let (scratch, file) = try experiment(dataset: known)
        let run = try suture(scratch, ["evaluate", file.path])
        #expect(run.code == 2 && run.errors.contains(sentence), "\(run.errors)")
    }

    // MARK: Statistics without a corpus

    @Test("a method that needs second moments runs on text of the model's own")
    func sampledStatistics() throws {
        let (scratch, file) = try experiment(
            dataset: "limit: 2",
            more: """
                locator: {name: fixed-layers, layers: [1]}
                method: {name: memit, v_num_grad_steps: 5}
                statistics: {source: model, limit: 200, max_length: 32}
                """)
        let run = try suture(scratch, ["run", file.path])
        #expect(run.code == 0, "\(run.errors)")
        let config = try String(
            contentsOf: folder(scratch, "look-").url.appending(path: "config.resolved.yaml"), encoding: .utf8)
        #expect(config.contains("source: \"model\"") && !config.contains("statistics.path"))
        let mixed = try suture(scratch, ["run", file.path, "+statistics.path=\(file.path)"])
        #expect(mixed.code == 2 && mixed.errors.contains("left out with source: model"), "\(mixed.errors)")
    }
}

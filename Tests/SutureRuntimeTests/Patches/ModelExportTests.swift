// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import Testing

@testable import SutureRuntime

@Suite("Whole models with a card, their bills, and their signatures")
struct ModelExportTests {
    private static let baseCard = """
        ---
        license: apache-2.0
        language: [en, no]
        base_model: someone/else
        tags: [chat]
        ---
        # Tiny
        A model.
        """

    /// Two patches with cases and figures.
    private static func prepare(_ dtype: DType = .float32, isSharded: Bool = false) throws -> PatchFixture {
        let fixture = try PatchFixture(dtype, isSharded: isSharded)
        for (number, name) in ["a", "b"].enumerated() {
            let one = EditCase(
                index: 0, id: name, prompt: "{} lies in", subject: "Lyon \(number)", targetNew: "Spain",
                targetTrue: "France", answer: " Spain")
            func metric(_ value: Double) -> Metric {
                Metric(
                    "neighbours", value, unit: "percent", n: 1, direction: .higherIsBetter, protocol: "teacher-forced")
            }
            let figures = [StagedMetric("cf", "before", metric(99)), StagedMetric("cf", "after", metric(66))]
            try PatchStore.write(
                Patch(try PatchFixture.deltas(seed: UInt64(number))), origin: PatchFixture.origin,
                model: try StackedModel(opening: fixture.model), records: PatchRecords(cases: [one], figures: figures),
                isTransposed: PatchFixture.isTransposed, to: fixture.place(name))
        }
        return fixture
    }

    private static func text(_ folder: URL, _ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    @Test(
        "An exported model is what `patch apply` writes, and a card; reverted, it is the base byte for byte",
        arguments: PatchApplicationTests.kinds)
    func whole(_ dtype: DType, _ isSharded: Bool) throws {
        let fixture = try Self.prepare(dtype, isSharded: isSharded)
        try fixture.workspace.write("model/README.md", Self.baseCard)
        let original = try PatchFixture.digests(fixture.model)
        let (once, twice, out) = (fixture.place("once"), fixture.place("twice"), fixture.place("out"))
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.place("a"), name: "x", to: .folder(once))
        _ = try PatchApplication.apply(model: once, patch: fixture.place("b"), name: "y", to: .folder(twice))
        let report = try ModelExport().write([fixture.place("a"), fixture.place("b")], on: fixture.model, to: out)
        #expect(report.stack == ["quickstart-0123abcd", "quickstart-0123abcd-2"])
        var exported = try PatchFixture.modelDigests(out)
        #expect(exported.removeValue(forKey: "README.md") != original["README.md"])
        #expect(exported.removeValue(forKey: ModelCard.baseName) == original["README.md"])
        #expect(exported == (try PatchFixture.modelDigests(twice)).filter { $0.key != "README.md" })
        let log = try PatchLog(of: out)
        #expect(log.entries.map(\.stack.count) == [1, 2] && log.entries.map(\.weights.isEmpty) == [true, false])
        #expect(try PatchVerification(out).notes.isEmpty)
        // A card of the folder as it was does not go along.
        let dropped = try PatchApplication.revert(model: out, to: .inPlace)
        #expect(dropped.warnings.contains(FolderStatement.card.sentence))
        try PatchApplication.revert(model: out, to: .inPlace)
        #expect(try PatchFixture.modelDigests(out) == original)
    }

    @Test("The card says in the hub's words what the model is, and in a person's what was edited")
    func card() throws {
        let fixture = try Self.prepare()
        try fixture.workspace.write("model/README.md", Self.baseCard)
        let out = fixture.place("out")
        let patches = [fixture.place("a"), fixture.place("b")]
        _ = try ModelExport(baseModel: "org/tiny", revision: "main").write(patches, on: fixture.model, to: out)
        let card = try Self.text(out, "README.md")
        #expect(
            card.hasPrefix(
                """
                ---
                base_model: "org/tiny"
                base_model_relation: "finetune"
                library_name: "transformers"
                license: "apache-2.0"
                language: ["en", "no"]
                tags: ["model-editing", "suture"]
                ---

                """), "\(card.prefix(400))")
        let manifest = try PatchManifest(folder: patches[0])
        for words in [
            "# out", "[org/tiny](https://huggingface.co/org/tiny), revision `main`, with 2 patches",
            "## Patch quickstart-0123abcd-2", "memit 1.2.0, plugin suture-memit 0.1.0", "| bb |", manifest.identity,
            "| Lyon 0 lies in | Spain | France |", "| cf.neighbours | percent | teacher-forced | 99.00 | 66.00 |",
            "- Side effect of 'quickstart-0123abcd': cf.neighbours went from 99.00 to 66.00 percent",
            "suture patch revert FOLDER quickstart-0123abcd --output WITHOUT",
        ] { #expect(card.contains(words), "\(words)\n\(card)") }
        // Conflicts are known before anything is measured.
        #expect(card.contains("- 'quickstart-0123abcd' moves what"))
        #expect(!card.contains("/models/") && !card.contains(fixture.model.path))
        // Exported again, without patches, it has one card and the base's own.
        let again = fixture.place("again")
        let report = try ModelExport().write([], on: out, to: again)
        #expect(report.stack.count == 2 && !report.warnings.contains(FolderStatement.card.sentence))
        #expect(try Self.text(again, ModelCard.baseName) == Self.baseCard)
        #expect(try Self.text(again, "README.md").hasPrefix("---\nlibrary_name"))
        #expect(try PatchLog(of: again).entries.count == 2)
    }

    @Test("Nothing is written without patches, with a path as the base, or where the base's card has no place")
    func refused() throws {
        let fixture = try Self.prepare()
        let out = fixture.place("out")
        #expect(try failure { try ModelExport(baseModel: "/models/tiny") }.kind == .usage)
        #expect(try failure { try ModelExport().write([], on: fixture.model, to: out) }.kind == .file)
        try fixture.workspace.write("model/README.base.md", "Mine.")
        let error = try failure { try ModelExport().write([fixture.place("a")], on: fixture.model, to: out) }
        #expect(error.kind == .usage && error.message.contains("has a file 'README.base.md'"))
        #expect(!FileManager.default.fileExists(atPath: out.path))
    }

    @Test("A signature is read past, and does not go into a folder that it is not of")
    func signature() throws {
        let fixture = try Self.prepare()
        try fixture.workspace.write("model/model.sig", "{}")
        let (first, second) = (fixture.place("first"), fixture.place("second"))
        let report = try PatchApplication.apply(model: fixture.model, patch: fixture.place("a"), to: .folder(first))
        #expect(report.warnings == [FolderStatement.signature("model.sig").sentence])
        #expect(!FileManager.default.fileExists(atPath: first.appending(path: "model.sig").path))
        #expect(FileManager.default.fileExists(atPath: fixture.model.appending(path: "model.sig").path))
        try Data("{}".utf8).write(to: first.appending(path: "model.sig"))
        #expect(try PatchVerification(first).notes.isEmpty)
        #expect(try PatchApplication.revert(model: first, to: .folder(second)).warnings == report.warnings)
        #expect(!FileManager.default.fileExists(atPath: second.appending(path: "model.sig").path))
    }

    @Test("The bill of a folder names base, patches and digests, is the same every time, and changes with the folder")
    func bill() throws {
        let fixture = try Self.prepare(.bfloat16, isSharded: true)
        let edited = fixture.place("edited")
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.place("a"), name: "a", to: .folder(edited))
        let text = try PatchBill.text(of: edited, baseModel: "org/tiny", revision: "ab12")
        #expect(try PatchBill.text(of: edited, baseModel: "org/tiny", revision: "ab12") == text)
        let bill = try JSONValue(text, name: "it")
        #expect(bill["specVersion"]?.text == "1.6" && bill["bomFormat"]?.text == "CycloneDX")
        let serial = try #require(bill["serialNumber"]?.text)
        let form = "urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}"
        #expect(try serial.wholeMatch(of: Regex(form)) != nil, "\(serial)")
        #expect(bill["metadata"]?["timestamp"]?.text == (try PatchLog(of: edited).entries.last?.time))
        let component = try #require(bill["metadata"]?["component"])
        #expect(component["type"]?.text == "machine-learning-model" && component["name"]?.text == "edited")
        func list(_ value: JSONValue?) -> [JSONValue] { if case .list(let items)? = value { items } else { [] } }
        let pedigree = try #require(component["pedigree"])
        let (ancestors, patches) = (list(pedigree["ancestors"]), list(pedigree["patches"]))
        try #require(ancestors.count == 1 && patches.count == 1)
        let base = ancestors[0]
        #expect(base["purl"]?.text == "pkg:huggingface/org/tiny@ab12")
        func digests(_ value: JSONValue?) -> [String: String] {
            var digests: [String: String] = [:]
            for one in list(value) {
                digests[one["name"]?.text ?? ""] = list(one["hashes"]).first?["content"]?.text
            }
            return digests
        }
        let weights = try PatchFixture.digests(fixture.model).filter { $0.key.hasSuffix(".safetensors") }
        #expect(digests(base["components"]) == weights)
        let files = digests(component["components"])
        let own = try PatchFixture.modelDigests(edited)
        #expect(files["model-00001-of-00002.safetensors"] == own["model-00001-of-00002.safetensors"])
        #expect(files["tokenizer.json"] == own["tokenizer.json"] && files["config.json"] == own["config.json"])
        let patch = patches[0]
        #expect(patch["type"]?.text == "unofficial")
        #expect(patch["diff"]?["url"]?.text == "suture_patch/members/a/patch.safetensors")
        #expect(list(patch["resolves"]).first?["description"]?.text == "Lyon 0 lies in → Spain")
        let data = list(component["components"]).filter { $0["type"]?.text == "data" }
        try #require(data.count == 1)
        let properties = list(data[0]["properties"]).map { "\($0["name"]?.text ?? "")=\($0["value"]?.text ?? "")" }
        #expect(properties.contains("suture:method=memit 1.2.0") && properties.contains("suture:plugin:sha256=bb"))
        // Another stack is another bill, and a folder that is not what it says has none.
        _ = try PatchApplication.apply(model: edited, patch: fixture.place("b"), name: "b", to: .inPlace)
        #expect(try JSONValue(PatchBill.text(of: edited), name: "it")["serialNumber"]?.text != serial)
        #expect(try failure { try PatchBill.text(of: fixture.model) }.message.contains("has no patch in force"))
        let file = edited.appending(path: "model-00001-of-00002.safetensors")
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: file)
        #expect(try failure { try PatchBill.text(of: edited) }.kind == .file)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import Testing

@testable import SutureRuntime

@Suite("Verifying patches and edited models")
struct PatchVerificationTests {
    private func prepare() throws -> (fixture: PatchFixture, edited: URL) {
        let fixture = try PatchFixture(.bfloat16)
        let cases = [
            EditCase(index: 0, id: "7", prompt: "{} lies in", subject: "Lyon", targetNew: "Spain", answer: " Spain")
        ]
        for (name, seed) in [("a", 1), ("b", 2)] {
            try PatchStore.write(
                Patch(try PatchFixture.deltas(seed: UInt64(seed))), origin: PatchFixture.origin,
                model: try StackedModel(opening: fixture.model), records: PatchRecords(cases: cases),
                isTransposed: PatchFixture.isTransposed, to: fixture.place(name))
        }
        let edited = fixture.place("edited")
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.place("a"), name: "a", to: .folder(edited))
        _ = try PatchApplication.apply(model: edited, patch: fixture.place("b"), name: "b", to: .inPlace)
        return (fixture, edited)
    }

    @Test("A patch and an edited model that are as they were written pass, with a line for each check")
    func sound() throws {
        let (fixture, edited) = try prepare()
        let alone = try PatchVerification(fixture.place("a"))
        #expect(alone.checks.count == 3 && alone.notes == ["the model that it belongs to was not given (--model)"])
        let patch = try PatchVerification(fixture.place("a"), model: fixture.model)
        #expect(patch.checks.count == 5 && patch.notes.isEmpty)
        // The originals are in the edited folder, too.
        #expect(try PatchVerification(fixture.place("a"), model: edited).checks.count == 5)
        let model = try PatchVerification(edited)
        #expect(model.checks.count == 6 && model.notes.isEmpty, "\(model)")
        #expect(model.checks[4] == "they are the originals plus the changes of the patches, bit for bit")
    }

    @Test(
        "Whatever is changed in an edited model is found",
        arguments: [
            "tokenizer.json", "model.safetensors", "suture_patch/stack.json", "suture_patch/log.jsonl",
            "suture_patch/original.safetensors", "suture_patch/members/a/patch.json",
            "suture_patch/members/a/patch.safetensors", "suture_patch/members/b/cases.jsonl",
        ])
    func tampered(name: String) throws {
        let (fixture, edited) = try prepare()
        defer { withExtendedLifetime(fixture) {} }
        let place = edited.appending(path: name)
        var bytes = try Data(contentsOf: place)
        bytes[name.hasSuffix(".safetensors") ? bytes.count - 1 : bytes.count / 2] ^= 1
        try bytes.write(to: place)
        let error = try failure { try PatchVerification(edited) }
        #expect(error.kind == .file, "\(error)")
    }

    @Test("A log without its last line, a patch of another tokenizer and a folder without patches are named")
    func named() throws {
        let (fixture, edited) = try prepare()
        let log = PatchPlaces(edited).log
        let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
        try Data((lines[0] + "\n").utf8).write(to: log)
        #expect(try failure { try PatchVerification(edited) }.message.hasSuffix("lacks its last lines"))
        try fixture.workspace.write("model/tokenizer.json", "{}")
        let error = try failure { try PatchVerification(fixture.place("a"), model: fixture.model) }
        #expect(error.message == "the tokenizer of '\(fixture.model.path)' is not the one that it was made with")
        let report = try PatchApplication.apply(
            model: fixture.model, patch: fixture.place("a"), to: .folder(fixture.place("other")))
        #expect(report.warnings.contains { $0.hasPrefix("the model's tokenizer is not the one") })
        #expect(try failure { try PatchVerification(fixture.model) }.message.contains("has no patch in force"))
        #expect(try failure { try PatchVerification(edited, model: fixture.model) }.kind == .usage)
    }
}

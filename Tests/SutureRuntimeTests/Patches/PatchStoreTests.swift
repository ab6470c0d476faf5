// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import Testing

@testable import SutureRuntime

@Suite("Patch folders")
struct PatchStoreTests {
    @Test("A patch reads back with the same factors, types and description")
    func roundTrip() throws {
        let fixture = try PatchFixture()
        let deltas = try PatchFixture.deltas()
        let manifest = try fixture.write(deltas)
        let stored = try PatchStore.read(fixture.patch)
        #expect(stored.manifest == manifest)
        #expect(stored.deltas.map(\.parameter) == deltas.map(\.parameter))
        for (a, b) in zip(stored.deltas, deltas) {
            #expect(a.tensors.map(\.shape) == b.tensors.map(\.shape))
            #expect(a.tensors.map(\.dtype) == b.tensors.map(\.dtype))
            for (x, y) in zip(a.tensors, b.tensors) { #expect(try x.bytes() == y.bytes()) }
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: fixture.patch.path).sorted() == [
                "patch.json", "patch.safetensors",
            ])
    }

    @Test("The description names the base by file, type, orientation and digest, and gives norms and ranks")
    func description() throws {
        let fixture = try PatchFixture(.bfloat16)
        let deltas = try PatchFixture.deltas()
        let manifest = try fixture.write(deltas)
        #expect(manifest.changes.map(\.form) == [.lowRank, .rows, .dense])
        #expect(manifest.changes.map(\.rank) == [2, 2, nil])
        #expect(manifest.changes.map(\.dtype) == ["float32", "float64", "float32"])
        #expect(manifest.changes.map(\.shape) == [[4, 6], [11, 4], [4]])
        let change = manifest.changes[0]
        #expect(change.base.file == "model.safetensors")
        #expect(change.base.dtype == "BF16")
        #expect(change.base.shape == [6, 4])
        #expect(change.base.isTransposed)
        #expect(!manifest.changes[1].base.isTransposed)
        let checkpoint = try Checkpoint(opening: fixture.model)
        #expect(change.base.digest == Digest.of(try checkpoint.bytes(of: PatchFixture.down).data))
        for (change, delta) in zip(manifest.changes, deltas) {
            let whole = try delta.dense(shape: change.shape).cast(to: .float64).norm().item()
            #expect(abs(change.norm - whole) < 1e-6 * whole)
            let base = try PatchFixture.numbers(change.parameter, in: fixture.model)
            #expect(abs(change.base.norm - base.map { $0 * $0 }.reduce(0, +).squareRoot()) < 1e-9)
        }
        #expect(manifest.origin == PatchFixture.origin)
    }

    @Test("Writing again replaces a patch and leaves nothing behind")
    func replace() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas())
        let second = try fixture.write([try PatchFixture.deltas(seed: 4)[0]])
        #expect(try PatchStore.read(fixture.patch).manifest == second)
        let around = try FileManager.default.contentsOfDirectory(
            atPath: fixture.patch.deletingLastPathComponent().path)
        #expect(around == ["patch"])
    }

    @Test("Equal patches give equal bytes")
    func deterministic() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas())
        let first = try PatchFixture.digests(fixture.patch)
        try fixture.write(try PatchFixture.deltas())
        #expect(try PatchFixture.digests(fixture.patch) == first)
    }

    @Test("Several changes of one parameter become one of the same sum")
    func combination() throws {
        let fixture = try PatchFixture()
        let first = try PatchFixture.deltas(seed: 2)
        let second = try PatchFixture.deltas(seed: 3)
        let manifest = try fixture.write(first + second)
        #expect(manifest.changes.map(\.form) == [.lowRank, .rows, .dense])
        #expect(manifest.changes.map(\.rank) == [4, 4, nil])
        let stored = try PatchStore.read(fixture.patch).deltas
        for (index, change) in manifest.changes.enumerated() {
            let sum = try first[index].float64(shape: change.shape) + second[index].float64(shape: change.shape)
            let difference = try (stored[index].float64(shape: change.shape) - sum).norm().item()
            #expect(difference < 1e-12)
            #expect(abs(change.norm - (try sum.norm().item())) < 1e-9)
        }
    }

    @Test("Unlike forms of one parameter become a dense change")
    func mixture() throws {
        let fixture = try PatchFixture()
        let factors = try PatchFixture.deltas()[0]
        let rows = Delta(
            PatchFixture.down, .rows(rows: try Tensor([1]), values: try Tensor.ones([1, 6])))
        let manifest = try fixture.write([factors, rows])
        #expect(manifest.changes.map(\.form) == [.dense])
        let sum = try factors.float64(shape: [4, 6]) + rows.float64(shape: [4, 6])
        let stored = try PatchStore.read(fixture.patch).deltas[0].float64(shape: [4, 6])
        #expect(try (stored - sum).norm().item() == 0)
    }

    @Test("A run's patch knows the orientation of its model's family")
    func orientation() throws {
        let gpt2 = try #require(ArchitectureDescription.families.first { $0.modelType == "gpt2" })
        let llama = try #require(ArchitectureDescription.families.first { $0.modelType == "llama" })
        for name in ["transformer.h.11.mlp.c_proj.weight", "h.0.attn.c_attn.weight", "h.3.mlp.c_fc.weight"] {
            #expect(gpt2.storesTransposed(name))
        }
        for name in ["transformer.wte.weight", "lm_head.weight", "h.0.mlp.c_proj.bias", "h.x.mlp.c_fc.weight"] {
            #expect(!gpt2.storesTransposed(name))
        }
        #expect(!llama.storesTransposed("model.layers.0.mlp.down_proj.weight"))
    }

    // MARK: Refusals

    /// A wrong change, and what the sentence says of it.
    static let refusals: [(make: @Sendable () throws -> [Delta], sentence: String)] = [
        (
            { [] },
            "the patch changes nothing: it is empty; look at the method's settings and at what its locator selected"
        ),
        (
            { [Delta(PatchFixture.bias, .dense(try Tensor.zeros([4])))] },
            "the patch changes nothing: all of its numbers are 0; look at the method's settings and at what its "
                + "locator selected"
        ),
        (
            { [Delta("h.9.weight", .dense(try Tensor.ones([4])))] },
            "the patch changes 'h.9.weight', which the model 'MODEL' does not have; `suture model inspect` lists the "
                + "parameters"
        ),
        (
            { [Delta(PatchFixture.bias, .dense(try Tensor([1, .nan, 1, 1])))] },
            "the change of 'transformer.h.0.mlp.c_proj.bias' has numbers that are not finite; lower the learning rate "
                + "or the clamp, or raise the regularisation"
        ),
        (
            { [Delta(PatchFixture.bias, .dense(try Tensor.ones([5])))] },
            "the change of 'transformer.h.0.mlp.c_proj.bias' has the shape [5], the parameter [4]; changes are [out, "
                + "in], whatever the checkpoint stores"
        ),
        (
            { [Delta(PatchFixture.down, .lowRank(left: try Tensor.ones([6, 1]), right: try Tensor.ones([1, 4])))] },
            "the change of 'transformer.h.0.mlp.c_proj.weight' has factors [6, 1] and [1, 4], which do not make [4, 6]"
                + "; factors are [out, rank] and [rank, in], whatever the checkpoint stores"
        ),
        (
            { [Delta(PatchFixture.down, .rows(rows: try Tensor([4]), values: try Tensor.ones([1, 6])))] },
            "the change of 'transformer.h.0.mlp.c_proj.weight' names the row 4, and the parameter has rows 0 to 3"
        ),
        (
            { [Delta(PatchFixture.down, .rows(rows: try Tensor([0]), values: try Tensor.ones([1, 4])))] },
            "the change of 'transformer.h.0.mlp.c_proj.weight' has [1] row numbers in int64 and values [1, 4] for a "
                + "parameter of [4, 6]; rows are int64 [n], values [n, in]"
        ),
    ]

    @Test("A patch that is no edit is refused with a sentence, and nothing is written", arguments: refusals.indices)
    func refusal(_ index: Int) throws {
        let fixture = try PatchFixture()
        let refusal = Self.refusals[index]
        let deltas = try refusal.make()
        let error = try failure { try fixture.write(deltas) }
        #expect(error.kind == .refused)
        #expect(error.description == refusal.sentence.replacing("MODEL", with: fixture.model.path))
        #expect(!FileManager.default.fileExists(atPath: fixture.patch.path))
    }

    @Test("A folder that is no patch is a file's fault")
    func noPatch() throws {
        let fixture = try PatchFixture()
        let error = try failure { try PatchStore.read(fixture.patch) }
        #expect(error.kind == .file)
        #expect(
            error.description
                == "'\(fixture.patch.path)' is not a patch: it has no readable patch.json; give the folder 'patch' of a "
                + "run")
    }

    @Test("A folder with a patch for each group says to name one")
    func collection() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas(), to: fixture.patch.appendingPathComponent("0"))
        let error = try failure { try PatchStore.read(fixture.patch) }
        #expect(
            error.hint
                == "it holds one patch for each group of edits; give one of them, such as '\(fixture.patch.path)/0'")
    }

    @Test("A patch of another schema, with damaged factors or a damaged description is refused")
    func damaged() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas())
        let json = fixture.patch.appendingPathComponent("patch.json")
        let weights = fixture.patch.appendingPathComponent("patch.safetensors")
        let text = try String(contentsOf: json, encoding: .utf8)
        func error(_ changed: String) throws -> RuntimeError {
            try changed.write(to: json, atomically: true, encoding: .utf8)
            return try failure { try PatchStore.read(fixture.patch) }
        }
        #expect(
            try error(text.replacing("\"schema\" : 1", with: "\"schema\" : 2")).description
                == "'\(json.path)' has schema 2, and this version reads schema 1; use the version of suture that "
                + "wrote it")
        #expect(try error("{}").message == "'\(json.path)' does not describe a patch: it has no 'schema'")
        #expect(
            try error(text.replacing("\"rows\"", with: "\"lines\"")).message
                == "'\(json.path)' does not describe a patch: it has \"lines\" for 'changes[1].form', which is not allowed "
                + "there")
        #expect(
            try error(text.replacing("\"run_id\"", with: "\"id\"")).message
                == "'\(json.path)' does not describe a patch: it has no 'origin.run_id'")
        let extended = text.replacing(
            "\"origin\" :", with: "\"extensions\" : [{\"id\": \"suture.site-vector/1\"}], \"origin\" :")
        #expect(
            try error(extended).description
                == "'\(json.path)': the patch has a part of the form \"suture.site-vector/1\", which this version of suture "
                + "does not know; use a version that knows it; nothing was applied")
        #expect(try error(String(text.prefix(50))).message.hasPrefix("\(json.path) is cut off"))
        try text.write(to: json, atomically: true, encoding: .utf8)
        var bytes = try Data(contentsOf: weights)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: weights)
        let changed = try failure { try PatchStore.read(fixture.patch) }
        #expect(changed.kind == .file)
        #expect(
            changed.message
                == "'\(weights.path)' is not the file that patch.json describes: its digest differs")
        try bytes.prefix(40).write(to: weights)
        #expect(try failure { try PatchStore.read(fixture.patch) }.kind == .file)
        try FileManager.default.removeItem(at: weights)
        #expect(
            try failure { try PatchStore.read(fixture.patch) }.message
                == "the patch '\(fixture.patch.path)' has no patch.safetensors")
    }

    @Test("A patch is shown as a table of its parameters")
    func table() throws {
        let base = PatchManifest.Base(
            file: "model.safetensors", dtype: "BF16", shape: [6, 4], isTransposed: true, digest: "", norm: 20)
        var other = base
        other.dtype = "F32"
        other.isTransposed = false
        other.norm = 0
        let manifest = PatchManifest(
            origin: PatchFixture.origin,
            changes: [
                PatchManifest.Change(
                    parameter: "transformer.h.2.mlp.c_proj.weight", form: .lowRank, rank: 10, dtype: "float32",
                    shape: [4, 6], norm: 1.23456, base: base),
                PatchManifest.Change(
                    parameter: "transformer.ln_f.bias", form: .dense, rank: nil, dtype: "float64", shape: [4],
                    norm: 123.4, base: other),
            ], weightsDigest: "")
        #expect(
            TextTable(facts: manifest.facts).text() == """
                method  memit 1.2.0, plugin suture-memit 0.1.0
                run     quickstart-0123abcd
                model   /models/tiny
                """)
        #expect(
            manifest.table.text() == """
                parameter                          form      rank    ‖Δ‖  ‖Δ‖/‖W‖  factors  model
                ─────────────────────────────────  ────────  ────  ─────  ───────  ───────  ──────────────────────────
                transformer.h.2.mlp.c_proj.weight  low-rank    10  1.235  0.06173  float32  bfloat16, stored [in, out]
                transformer.ln_f.bias              dense        –  123.4        –  float64  float32
                """)
        let json = try JSONValue(try manifest.json, name: "x")
        #expect(json["origin"]?["run_id"]?.text == "quickstart-0123abcd")
        #expect(json["schema"]?.integer == 1)
    }

    @Test("a patch carries the digests of the model that was read, whatever its folder holds by then")
    func replacedModel() throws {
        let fixture = try PatchFixture()
        let expected = try fixture.write(PatchFixture.deltas())
        let read = try Checkpoint(opening: fixture.model)
        let other = try PatchFixture(seed: 2)
        let place = fixture.model.appendingPathComponent("model.safetensors")
        try Data(contentsOf: other.model.appendingPathComponent("model.safetensors")).write(to: place, options: .atomic)
        let written = try PatchStore.write(
            Patch(PatchFixture.deltas()), origin: PatchFixture.origin, model: try StackedModel(read),
            isTransposed: PatchFixture.isTransposed, to: fixture.place("again"))
        #expect(written.changes == expected.changes)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import Testing

@testable import SutureRuntime

@Suite("Applying and reverting patches")
struct PatchApplicationTests {
    static let kinds: [(DType, Bool)] = [DType.float32, .float16, .bfloat16, .float64].flatMap {
        [($0, false), ($0, true)]
    }

    @Test("Applying and reverting gives every file back, bit for bit", arguments: kinds)
    func identity(_ dtype: DType, _ isSharded: Bool) throws {
        let fixture = try PatchFixture(dtype, isSharded: isSharded)
        let original = try PatchFixture.digests(fixture.model)
        try fixture.write(try PatchFixture.deltas())
        let edited = fixture.place("edited")
        let report = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(edited))
        #expect(report.parameters.allSatisfy { $0.changedShare > 0 })
        #expect(try PatchFixture.digests(fixture.model) == original)
        let written = try PatchFixture.digests(edited)
        #expect(written.filter { !$0.key.hasPrefix("suture_patch/") }.keys.sorted() == original.keys.sorted())
        #expect(written["tokenizer.json"] == original["tokenizer.json"])
        #expect(written["original/notes.md"] == original["original/notes.md"])
        let back = fixture.place("back")
        let reverted = try PatchApplication.revert(model: edited, to: .folder(back))
        #expect(reverted.stack.isEmpty && reverted.parameters.isEmpty)
        #expect(
            try PatchFixture.digests(back).keys.filter { $0.hasPrefix("suture_patch/") } == ["suture_patch/log.jsonl"])
        #expect(try PatchFixture.modelDigests(back) == original)
    }

    @Test(
        "The written weights are W + Δ, computed in float64 and rounded once, in the stored orientation",
        arguments: kinds)
    func sums(_ dtype: DType, _ isSharded: Bool) throws {
        let fixture = try PatchFixture(dtype, isSharded: isSharded, seed: 5)
        let deltas = try PatchFixture.deltas()
        try fixture.write(deltas)
        let edited = fixture.place("edited")
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(edited))
        for (delta, shape) in zip(deltas, [[4, 6], [11, 4], [4]]) {
            // The plain way: element by element.
            let change = try delta.float64(shape: shape).scalars(as: Double.self)
            var wanted = try PatchFixture.numbers(delta.parameter, in: fixture.model)
            for (index, value) in change.enumerated() {
                let isTransposed = PatchFixture.isTransposed(delta.parameter)
                wanted[isTransposed ? index % shape[1] * shape[0] + index / shape[1] : index] += value
            }
            let rounded = try Tensor(wanted).cast(to: dtype).scalars(as: Double.self)
            #expect(try PatchFixture.numbers(delta.parameter, in: edited) == rounded)
        }
        for name in PatchFixture.others + [PatchFixture.up] {
            let before = try PatchFixture.numbers(name, in: fixture.model)
            #expect(try PatchFixture.numbers(name, in: edited) == before)
        }
    }

    @Test("Half precision that loses a part of the change is reported, and float32 is not")
    func warnings() throws {
        func report(_ dtype: DType, _ scale: Double) throws -> PatchApplication.Report {
            let fixture = try PatchFixture(dtype)
            try fixture.write([try PatchFixture.deltas(scale: scale)[0]])
            return try PatchApplication.apply(
                model: fixture.model, patch: fixture.patch, to: .folder(fixture.place("edited")))
        }
        #expect(try report(.float32, 0.01).warnings.isEmpty)
        let lossy = try report(.bfloat16, 0.05)
        let applied = try #require(lossy.parameters.first)
        #expect(applied.loss > AppliedChange.noticeableLoss)
        #expect(applied.changedShare < 1)
        let warning = try #require(lossy.warnings.first)
        #expect(warning.hasPrefix("rounding to bfloat16 loses "))
        #expect(warning.contains(" % of the change of 'transformer.h.0.mlp.c_proj.weight' and leaves "))
        #expect(warning.hasSuffix(" % of its numbers changed; measure the written model, not the patch"))
    }

    @Test("The reported loss is that of the stored change")
    func loss() throws {
        let fixture = try PatchFixture(.bfloat16)
        let delta = try PatchFixture.deltas(scale: 0.1)[2]
        try fixture.write([delta])
        let edited = fixture.place("edited")
        let report = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(edited))
        let before = try PatchFixture.numbers(PatchFixture.bias, in: fixture.model)
        let after = try PatchFixture.numbers(PatchFixture.bias, in: edited)
        let change = try delta.float64(shape: [4]).scalars(as: Double.self)
        let lost = zip(zip(after, before), change).map { $0.0 - $0.1 - $1 }
        func norm(_ values: [Double]) -> Double { values.map { $0 * $0 }.reduce(0, +).squareRoot() }
        #expect(abs(report.parameters[0].loss - norm(lost) / norm(change)) < 1e-12)
        let changed = zip(after, before).filter { $0 != $1 }.count
        #expect(report.parameters[0].changedShare == Double(changed) / 4)
    }

    @Test("A change that rounding loses altogether is refused, and nothing is written")
    func lost() throws {
        let fixture = try PatchFixture(.bfloat16)
        try fixture.write(try PatchFixture.deltas(scale: 1e-7))
        let error = try failure {
            try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(fixture.place("edited")))
        }
        #expect(error.kind == .refused)
        #expect(
            error.description
                == "rounding to bfloat16 loses the whole patch: no number of '\(fixture.model.path)' would change; "
                + "convert the model to float32 and edit that")
        #expect(!FileManager.default.fileExists(atPath: fixture.place("edited").path))
    }

    @Test("Numbers beyond the range of the stored type are refused")
    func overflow() throws {
        let fixture = try PatchFixture(.float16)
        try fixture.write([Delta(PatchFixture.bias, .dense(try Tensor.full([4], 1e6)))])
        let error = try failure {
            try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(fixture.place("edited")))
        }
        #expect(error.kind == .refused)
        #expect(
            error.message
                == "'transformer.h.0.mlp.c_proj.bias' with the patch has numbers beyond the range of float16")
    }

    @Test("A model that the patch was not made for is refused, and nothing is written")
    func otherModel() throws {
        let fixture = try PatchFixture(seed: 1)
        try fixture.write(try PatchFixture.deltas())
        func error(_ model: URL) throws -> RuntimeError {
            let error = try failure {
                try PatchApplication.apply(model: model, patch: fixture.patch, to: .folder(fixture.place("edited")))
            }
            #expect(!FileManager.default.fileExists(atPath: fixture.place("edited").path))
            #expect(error.kind == .file)
            return error
        }
        let numbers = try PatchFixture(seed: 2)
        #expect(
            try error(numbers.model).description
                == "the model '\(numbers.model.path)' is not the one that the patch was made for: its tensor "
                + "'transformer.h.0.mlp.c_proj.weight' holds other numbers; apply it to an unchanged copy of "
                + "'/models/tiny'")
        let type = try PatchFixture(.float16)
        #expect(
            try error(type.model).message
                == "the model '\(type.model.path)' is not the one that the patch was made for: its tensor "
                + "'transformer.h.0.mlp.c_proj.weight' is F16 [6, 4], not F32 [6, 4]")
        try FileManager.default.removeItem(at: type.model.appendingPathComponent("model.safetensors"))
        #expect(try error(type.model).message.contains("holds neither model.safetensors nor"))
    }

    @Test("A patch that is applied already is refused by that name")
    func twice() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas())
        let edited = fixture.place("edited")
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(edited))
        let error = try failure {
            try PatchApplication.apply(model: edited, patch: fixture.patch, to: .folder(fixture.place("again")))
        }
        #expect(
            error.description
                == "the model '\(edited.path)' already has this patch; use it as it is, or revert it first")
    }

    @Test("An output place with something in it, or inside the model, is refused")
    func outputPlace() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas())
        let original = try PatchFixture.digests(fixture.model)
        func error(_ output: URL) throws -> RuntimeError {
            try failure { try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(output)) }
        }
        let taken = fixture.place("taken")
        try fixture.workspace.write("taken/file.txt", "mine")
        #expect(
            try error(taken).description
                == "the output folder '\(taken.path)' is not empty: it holds 'file.txt'; choose a folder that does not "
                + "exist yet, or empty it")
        #expect(try error(fixture.model).kind == .usage)
        let inside = try error(fixture.model.appendingPathComponent("edited"))
        #expect(inside.kind == .usage)
        #expect(inside.message.contains("lies inside the model folder"))
        #expect(try PatchFixture.digests(fixture.model) == original)
    }

    @Test("A folder without a record, or changed since, cannot be reverted")
    func irrevertible() throws {
        let fixture = try PatchFixture()
        let output = fixture.place("back")
        let none = try failure { try PatchApplication.revert(model: fixture.model, to: .folder(output)) }
        #expect(none.kind == .file)
        #expect(
            none.description
                == "the model '\(fixture.model.path)' has no patch in force: it has no suture_patch/stack.json; only "
                + "folders that `patch apply` wrote have")

        try fixture.write(try PatchFixture.deltas())
        let edited = fixture.place("edited")
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(edited))
        let weights = edited.appendingPathComponent("model.safetensors")
        let checkpoint = try Checkpoint(opening: edited)
        var bytes = try checkpoint.bytes(of: PatchFixture.bias).data
        bytes[0] ^= 1
        try SafetensorsWriter.rewrite(
            source: checkpoint.file(of: PatchFixture.bias), replacing: [PatchFixture.bias: TensorBytes(bytes)],
            to: weights)
        let changed = try failure { try PatchApplication.revert(model: edited, to: .folder(output)) }
        #expect(
            changed.description
                == "the tensor 'transformer.h.0.mlp.c_proj.bias' of '\(edited.path)' was changed after the patch was "
                + "applied; take the original model instead; whatever is written over this one would lose that change")
        #expect(!FileManager.default.fileExists(atPath: output.path))
    }

    @Test("A damaged original is found before anything is written")
    func damagedOriginal() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas())
        let edited = fixture.place("edited")
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(edited))
        let file = edited.appendingPathComponent("suture_patch/original.safetensors")
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: file)
        let error = try failure { try PatchApplication.revert(model: edited, to: .folder(fixture.place("back"))) }
        #expect(error.kind == .file)
        #expect(error.message.hasPrefix("the original of '"))
        #expect(!FileManager.default.fileExists(atPath: fixture.place("back").path))
    }

    @Test("a model that changes while it is copied gives no folder, and the file is named")
    func changedModel() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas())
        let edited = fixture.place("edited")
        let tokenizer = fixture.model.appendingPathComponent("tokenizer.json")
        let error = try failure {
            try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(edited)) { _ in
                try? Data("{}".utf8).write(to: tokenizer)
            }
        }
        #expect(
            error
                == RuntimeError(
                    .file, "'\(tokenizer.path)' has changed while the model was copied",
                    hint: "wait until nothing writes to the model, then start again"))
        #expect(!FileManager.default.fileExists(atPath: edited.path))
    }

    @Test("An edited folder that is moved holds everything, though the model, the patch and its record were links")
    func links() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas())
        let first = fixture.place("first")
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(first))
        // As the cache of the hub has them: every file a link into blobs.
        func snapshot(_ source: URL, _ name: String) throws -> URL {
            let manager = FileManager.default
            let folder = fixture.place("hub/models--\(name)/snapshots/1")
            let blobs = fixture.place("hub/models--\(name)/blobs")
            try manager.createDirectory(at: blobs, withIntermediateDirectories: true)
            for item in try manager.subpathsOfDirectory(atPath: source.path) {
                var isFolder: ObjCBool = false
                _ = manager.fileExists(atPath: "\(source.path)/\(item)", isDirectory: &isFolder)
                let place = folder.appendingPathComponent(item)
                if isFolder.boolValue {
                    try manager.createDirectory(at: place, withIntermediateDirectories: true)
                    continue
                }
                try manager.createDirectory(
                    at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                let blob = item.replacing("/", with: "-")
                try manager.copyItem(
                    at: source.appendingPathComponent(item), to: blobs.appendingPathComponent(blob))
                let way = String(repeating: "../", count: item.split(separator: "/").count + 1)
                try manager.createSymbolicLink(atPath: place.path, withDestinationPath: "\(way)blobs/\(blob)")
            }
            return folder
        }
        let model = try snapshot(first, "model")
        let second = try PatchFixture.deltas(seed: 4)
        try fixture.write(second, to: fixture.place("other/patch"), model: first)
        let patch = try snapshot(fixture.place("other/patch"), "patch")
        let edited = fixture.place("edited")
        _ = try PatchApplication.apply(model: model, patch: patch, to: .folder(edited))
        let moved = fixture.place("moved/far/away")
        try FileManager.default.createDirectory(
            at: moved.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.moveItem(at: edited, to: moved)
        try FileManager.default.removeItem(at: fixture.place("hub"))
        for item in try FileManager.default.subpathsOfDirectory(atPath: moved.path) {
            #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: "\(moved.path)/\(item)")) == nil)
        }
        let back = fixture.place("back")
        try PatchApplication.revert(model: moved, to: .folder(back))
        #expect(try PatchFixture.modelDigests(back) == PatchFixture.modelDigests(first))
        try PatchApplication.revert(model: back, to: .folder(fixture.place("original")))
    }

    @Test("What only the owner may read of a model, only the owner may read of the edited one, its record included")
    func modes() throws {
        let fixture = try PatchFixture()
        try fixture.write(try PatchFixture.deltas())
        for name in ["model.safetensors", "config.json"] { chmod(fixture.model.path + "/" + name, 0o600) }
        chmod(fixture.model.path, 0o700)
        let edited = fixture.place("edited")
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(edited))
        for (name, mode) in [
            ("", 0o700), ("model.safetensors", 0o600), ("config.json", 0o600),
            ("suture_patch/original.safetensors", 0o600),
        ] {
            let found = try FileManager.default.attributesOfItem(atPath: edited.path + "/" + name)[.posixPermissions]
            #expect(found as? Int == mode, "\(name)")
        }
    }
}

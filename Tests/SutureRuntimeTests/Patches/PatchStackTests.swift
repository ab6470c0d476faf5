// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import Testing

@testable import SutureRuntime

@Suite("Several patches in one model folder")
struct PatchStackTests {
    /// Three patches of one base that change some weights together and some alone.
    private static func patches(_ fixture: PatchFixture) throws -> [String: URL] {
        var generator = PatchFixture.Generator(state: 3)
        let up = try Tensor((0..<24).map { _ in generator.number() }, shape: [6, 4])
        let all = [
            "facts": try PatchFixture.deltas(seed: 1),
            "repair": [try PatchFixture.deltas(seed: 2)[0], Delta(PatchFixture.up, .dense(up))],
            "negative": try Array(PatchFixture.deltas(seed: 3)[1...]),
        ]
        for (name, deltas) in all { try fixture.write(deltas, to: fixture.place(name)) }
        return Dictionary(uniqueKeysWithValues: all.keys.map { ($0, fixture.place($0)) })
    }

    /// A folder with these patches in force, one applied after the other.
    private static func apply(_ names: [String], _ fixture: PatchFixture, to place: String) throws -> URL {
        var model = fixture.model
        for (step, name) in names.enumerated() {
            let output = fixture.place("\(place)-\(step)")
            let report = try PatchApplication.apply(
                model: model, patch: fixture.place(name), name: name, to: .folder(output))
            #expect(report.stack == Array(names[...step]))
            model = output
        }
        return model
    }

    /// What the weights must be: every element of the base and of the changes, added in float64 in this order and rounded once.
    private static func expect(_ model: URL, _ names: [String], _ fixture: PatchFixture, _ dtype: DType) throws {
        var sums: [String: [Double]] = [:]
        for (name, _) in PatchFixture.shapes { sums[name] = try PatchFixture.numbers(name, in: fixture.model) }
        for name in names {
            let stored = try PatchStore.read(fixture.place(name))
            for (delta, change) in zip(stored.deltas, stored.manifest.changes) {
                let values = try delta.float64(shape: change.shape).scalars(as: Double.self)
                let shape = change.shape
                for (index, value) in values.enumerated() {
                    let place = change.base.isTransposed ? index % shape[1] * shape[0] + index / shape[1] : index
                    sums[delta.parameter]?[place] += value
                }
            }
        }
        for (name, sum) in sums {
            let wanted = try Tensor(sum).cast(to: dtype).scalars(as: Double.self)
            #expect(try PatchFixture.numbers(name, in: model) == wanted, "\(name) of \(names)")
        }
    }

    @Test(
        "Weights are the base and the sum of the patches; one that is taken out leaves no trace, in any order",
        arguments: PatchApplicationTests.kinds)
    func anyOrder(_ dtype: DType, _ isSharded: Bool) throws {
        let fixture = try PatchFixture(dtype, isSharded: isSharded)
        let original = try PatchFixture.digests(fixture.model)
        _ = try Self.patches(fixture)
        for (number, names) in [["facts", "repair", "negative"], ["negative", "facts", "repair"]].enumerated() {
            let all = try Self.apply(names, fixture, to: "all-\(number)")
            try Self.expect(all, names, fixture, dtype)
            let rest = [names[0], names[2]]
            let without = fixture.place("without-\(number)")
            try PatchApplication.revert(model: all, name: names[1], to: .folder(without))
            try Self.expect(without, rest, fixture, dtype)
            let never = try Self.apply(rest, fixture, to: "never-\(number)")
            #expect(try PatchFixture.modelDigests(without) == PatchFixture.modelDigests(never))
            // In place, and the first before the last.
            try PatchApplication.revert(model: without, name: rest[0], to: .inPlace)
            try Self.expect(without, [rest[1]], fixture, dtype)
            try PatchApplication.revert(model: without, to: .inPlace)
            #expect(try PatchFixture.modelDigests(without) == original)
            let log = try PatchLog(of: without)
            #expect(log.entries.map(\.action) == [.apply, .apply, .apply, .revert, .revert, .revert])
            #expect(log.entries.map(\.stack.count) == [1, 2, 3, 2, 1, 0])
            #expect(log.entries[3].patch.name == names[1])
        }
        #expect(try PatchFixture.digests(fixture.model) == original)
    }

    @Test("A patch that was made on another needs it, and keeps it from being taken out")
    func madeOn() throws {
        let fixture = try PatchFixture()
        _ = try Self.patches(fixture)
        let first = try Self.apply(["facts"], fixture, to: "first")
        let later = try fixture.write(try PatchFixture.deltas(seed: 8), to: fixture.place("later"), model: first)
        #expect(later.madeOn?.map(\.name) == ["facts"])
        #expect(later.facts.last?.1 == "the model with facts")
        // Its base is the model without any patch.
        #expect(later.changes.map(\.base) == (try PatchManifest(folder: fixture.place("facts"))).changes.map(\.base))
        let output = fixture.place("output")
        let alone = try failure {
            try PatchApplication.apply(
                model: fixture.model, patch: fixture.place("later"), name: "later", to: .folder(output))
        }
        #expect(
            alone.description
                == "the patch 'later' was made on a model with the patch 'facts', which '\(fixture.model.path)' does not have; "
                + "apply 'facts' first")
        let both = try Self.apply(["facts", "repair", "later"], fixture, to: "both")
        try Self.expect(both, ["facts", "repair", "later"], fixture, .float32)
        let needed = try failure { try PatchApplication.revert(model: both, name: "facts", to: .folder(output)) }
        #expect(needed.kind == .refused)
        #expect(
            needed.description
                == "the patch 'later' was made on the model with 'facts', and means nothing without it; revert 'later' first"
        )
        try PatchApplication.revert(model: both, name: "later", to: .inPlace)
        try PatchApplication.revert(model: both, name: "facts", to: .inPlace)
        try Self.expect(both, ["repair"], fixture, .float32)
        #expect(!FileManager.default.fileExists(atPath: output.path))
    }

    @Test("Names of patches that are taken, cannot be, or are not there")
    func names() throws {
        let fixture = try PatchFixture()
        _ = try Self.patches(fixture)
        let model = try Self.apply(["facts"], fixture, to: "model")
        func apply(_ patch: String, _ name: String?) throws -> RuntimeError {
            try failure {
                try PatchApplication.apply(
                    model: model, patch: fixture.place(patch), name: name, to: .folder(fixture.place("output")))
            }
        }
        #expect(
            try apply("facts", "other").message
                == "the model '\(model.path)' already has this patch under the name 'facts'")
        #expect(
            try apply("repair", "facts").description
                == "the model '\(model.path)' already has a patch with the name 'facts'; give this one another name with --name"
        )
        for name in ["", "..", "a/b", "-x", "a b", "ä", String(repeating: "a", count: 101)] {
            #expect(try apply("repair", name).kind == .usage)
        }
        let missing = try failure { try PatchApplication.revert(model: model, name: "fact", to: .inPlace) }
        #expect(missing.description == "the model '\(model.path)' has no patch 'fact'; did you mean 'facts'?")
        let base = try failure {
            try PatchApplication.apply(model: fixture.model, patch: fixture.place("facts"), to: .inPlace)
        }
        #expect(base.kind == .usage && base.message.contains("holds no copy of its originals"))
        // The name that a patch has by itself.
        let report = try PatchApplication.apply(model: model, patch: fixture.place("repair"), to: .inPlace)
        #expect(report.stack == ["facts", "quickstart-0123abcd"])
    }

    @Test("A log with a line changed, moved or missing is found, and nothing is written")
    func tamperedLog() throws {
        let fixture = try PatchFixture()
        _ = try Self.patches(fixture)
        let model = try Self.apply(["facts", "repair", "negative"], fixture, to: "model")
        let place = PatchPlaces(model).log
        let lines = try String(contentsOf: place, encoding: .utf8).split(separator: "\n").map(String.init)
        let tampered: [([String], String)] = [
            ([lines[0].replacing("apply", with: "revert"), lines[1], lines[2]], "line 1 of"),
            ([lines[1], lines[0], lines[2]], "line 1 of"), ([lines[0], lines[2]], "line 2 of"),
            ([lines[0], lines[1], "{}"], "line 3 of"), (Array(lines[..<2]), "lacks its last lines"),
            ([], "lacks its last lines"),
        ]
        for (lines, sentence) in tampered {
            try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: place)
            let error = try failure { try PatchApplication.revert(model: model, to: .folder(fixture.place("output"))) }
            #expect(error.kind == .file && error.message.contains(sentence), "\(error)")
        }
        #expect(!FileManager.default.fileExists(atPath: fixture.place("output").path))
    }

    @Test("A record, a member or a weight that is not as it was written is found, and nothing is written")
    func tampered() throws {
        let fixture = try PatchFixture()
        _ = try Self.patches(fixture)
        func check(_ file: (PatchPlaces) -> URL, _ sentence: String) throws {
            let model = try Self.apply(["facts", "repair"], fixture, to: "model-\(UUID().uuidString)")
            let place = file(PatchPlaces(model))
            var bytes = try Data(contentsOf: place)
            bytes[place.pathExtension == "json" ? bytes.count / 2 : bytes.count - 1] ^= 1
            try bytes.write(to: place)
            let output = fixture.place("output")
            let error = try failure {
                try PatchApplication.apply(model: model, patch: fixture.place("negative"), to: .folder(output))
            }
            #expect(error.kind == .file && error.message.contains(sentence), "\(error)")
            #expect(!FileManager.default.fileExists(atPath: output.path))
        }
        try check({ $0.record }, "stack.json' is damaged")
        try check({ $0.member("repair").appendingPathComponent(PatchManifest.weightsName) }, "its digest differs")
        try check(
            { $0.folder.deletingLastPathComponent().appendingPathComponent("model.safetensors") }, "was changed after")
        let model = try Self.apply(["facts"], fixture, to: "swapped")
        for name in [PatchManifest.fileName, PatchManifest.weightsName] {
            let place = PatchPlaces(model).member("facts").appendingPathComponent(name)
            try FileManager.default.removeItem(at: place)
            try FileManager.default.copyItem(at: fixture.place("repair").appendingPathComponent(name), to: place)
        }
        let error = try failure { try PatchApplication.revert(model: model, to: .inPlace) }
        #expect(error.message.hasSuffix("is not the patch 'facts' that was applied to the model"))
    }

    @Test("Patches that lie over a model give the weights that applying them writes")
    func overlay() throws {
        let workspace = try Workspace()
        try HostTables.install()
        let base = workspace.folder.appending(path: "base")
        try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
        try TinyModel.write(.gpt2, to: base)
        let original = try LanguageModel(folder: base)
        let parameter = "transformer.h.0.mlp.c_fc.weight"
        let shape = try original.transformer.weights.tensor(parameter).shape
        func patch(_ name: String, _ seed: UInt64, on model: URL) throws -> URL {
            var generator = PatchFixture.Generator(state: seed)
            let values = (0..<shape[0] * shape[1]).map { _ in generator.number() / 30 }
            let place = workspace.folder.appending(path: name)
            try PatchStore.write(
                Patch([Delta(parameter, .dense(try Tensor(values, shape: shape).cast(to: .float32)))]),
                origin: PatchFixture.origin, model: try StackedModel(opening: model),
                isTransposed: { original.configuration.architecture.storesTransposed($0) }, to: place)
            return place
        }
        func weights(_ model: LanguageModel) throws -> [Float] {
            try model.transformer.weights.tensor(parameter).scalars(as: Float.self)
        }
        let first = try patch("first", 1, on: base)
        let once = workspace.folder.appending(path: "once")
        _ = try PatchApplication.apply(model: base, patch: first, name: "first", to: .folder(once))
        let second = try patch("second", 2, on: once)
        let third = try patch("third", 3, on: base)
        let all = workspace.folder.appending(path: "all")
        _ = try PatchApplication.apply(model: once, patch: second, name: "second", to: .folder(all))
        _ = try PatchApplication.apply(model: all, patch: third, name: "third", to: .inPlace)
        let written = try weights(try LanguageModel(folder: all))
        #expect(written != (try weights(original)))
        for (folder, over) in [(base, [first, second, third]), (once, [second, third]), (all, [])] {
            let overlay = try PatchOverlay(over.map(\.path), over: try LanguageModel(folder: folder))
            #expect(try weights(overlay.model) == written)
            #expect(overlay.changes.count == over.count)
        }
        let error = try failure { try PatchOverlay([second.path], over: original) }
        #expect(error.message.contains("was made on a model with the patch 'first'"))
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import Testing

@testable import SutureRuntime

@Suite("Patches made of patches and of models")
struct PatchAlgebraTests {
    /// A stored patch's changes as plain numbers, `[out, in]`.
    private static func numbers(_ folder: URL) throws -> [String: [Double]] {
        let stored = try PatchStore.read(folder)
        return Dictionary(
            uniqueKeysWithValues: try zip(stored.deltas, stored.manifest.changes).map {
                ($0.parameter, try $0.float64(shape: $1.shape).scalars(as: Double.self))
            })
    }

    private static func norm(_ values: [Double]) -> Double { values.map { $0 * $0 }.reduce(0, +).squareRoot() }

    private func two(_ fixture: PatchFixture) throws -> (a: URL, b: URL) {
        let (a, b) = (fixture.place("a"), fixture.place("b"))
        try fixture.write(try PatchFixture.deltas(seed: 1), to: a)
        let dense = Delta(PatchFixture.up, .dense(try Tensor((0..<24).map { Double($0) / 7 }, shape: [6, 4])))
        try fixture.write([try PatchFixture.deltas(seed: 2)[0], dense], to: b)
        return (a, b)
    }

    @Test("A merged patch gives the bytes that both give one after the other, and keeps factors and rows as they are")
    func merge() throws {
        let fixture = try PatchFixture(.float16)
        let (a, b) = try two(fixture)
        let merged = fixture.place("merged")
        let manifest = try PatchAlgebra.merge([a, b], to: merged)
        #expect(
            manifest.origin == nil && manifest.derivation?.operation == .merge
                && manifest.derivation?.sources.count == 2)
        #expect(manifest.changes.map(\.form) == [.lowRank, .rows, .dense, .dense])
        #expect(manifest.changes[0].rank == 4)
        let (first, both, once) = (fixture.place("first"), fixture.place("both"), fixture.place("once"))
        _ = try PatchApplication.apply(model: fixture.model, patch: a, name: "a", to: .folder(first))
        _ = try PatchApplication.apply(model: first, patch: b, name: "b", to: .folder(both))
        let report = try PatchApplication.apply(model: fixture.model, patch: merged, to: .folder(once))
        #expect(report.stack == ["merged"])
        #expect(try PatchFixture.modelDigests(once) == PatchFixture.modelDigests(both))
        #expect(try PatchLog(of: once).entries[0].runID == nil)
        let facts = manifest.facts.map { "\($0.0): \($0.1)" }
        #expect(facts.first == "made by: patch merge")
    }

    @Test("A merged patch of a smaller rank says what it leaves out")
    func compressed() throws {
        let fixture = try PatchFixture()
        let (a, b) = try two(fixture)
        let (exact, small) = (fixture.place("exact"), fixture.place("small"))
        try PatchAlgebra.merge([a, b], to: exact)
        let manifest = try PatchAlgebra.merge([a, b], rank: 1, to: small)
        #expect(manifest.changes.filter { $0.shape.count == 2 }.allSatisfy { $0.rank == 1 && $0.form == .lowRank })
        let (whole, part) = (try Self.numbers(exact), try Self.numbers(small))
        let lost = try whole.map { name, values in
            zip(values, try #require(part[name])).map { $0 - $1 }
        }
        let error = Self.norm(lost.flatMap { $0 }) / Self.norm(whole.values.flatMap { $0 })
        #expect(error > 0.01)
        #expect(abs(try #require(manifest.derivation?.error) - error) < 1e-6)
        // All ranks that there are leave nothing out.
        let full = fixture.place("full")
        #expect(try #require(PatchAlgebra.merge([a, b], rank: 99, to: full).derivation?.error) < 1e-9)
        for (name, values) in try Self.numbers(full) {
            #expect(zip(values, whole[name] ?? []).allSatisfy { abs($0 - $1) < 1e-5 }, "\(name)")
        }
    }

    @Test(
        "A multiple and a difference of patches are those of their numbers; a patch and its opposite cancel each other")
    func multiples() throws {
        let fixture = try PatchFixture()
        let (a, b) = try two(fixture)
        let (opposite, difference) = (fixture.place("opposite"), fixture.place("difference"))
        try PatchAlgebra.scale(a, by: -1, to: opposite)
        let original = try Self.numbers(a)
        for (name, values) in try Self.numbers(opposite) { #expect(values == original[name]?.map { -$0 }) }
        try PatchAlgebra.difference(a, b, to: difference)
        let second = try Self.numbers(b)
        for (name, values) in try Self.numbers(difference) {
            for (index, value) in values.enumerated() {
                let wanted = (second[name]?[index] ?? 0) - (original[name]?[index] ?? 0)
                #expect(abs(value - wanted) < 1e-12, "\(name)")
            }
        }
        let comparison = try PatchComparison(a, b)
        #expect(
            comparison.parameters.map(\.parameter) == [
                PatchFixture.down, PatchFixture.embedding, PatchFixture.bias, PatchFixture.up,
            ])
        #expect(comparison.parameters[0].cosine != nil && comparison.parameters[3].cosine == nil)
        #expect(abs(comparison.parameters[3].difference - Self.norm(second[PatchFixture.up] ?? [])) < 1e-12)
        #expect(try abs(#require(PatchComparison(a, opposite).parameters[0].cosine) + 1) < 1e-12)
        for factor in [0, .infinity, .nan] {
            #expect(try failure { try PatchAlgebra.scale(a, by: factor, to: fixture.place("x")) }.kind == .usage)
        }
        // The rows are there twice, and their sum is 0.
        let nothing = try failure { try PatchAlgebra.merge([a, opposite], to: fixture.place("nothing")) }
        #expect(nothing.kind == .refused)
        let twice = try failure { try PatchAlgebra.merge([a, b, a], to: fixture.place("twice")) }
        #expect(twice.description == "the patch '\(a.path)' is there twice; to double a patch, scale it by 2")
        let other = try PatchFixture(seed: 2)
        try other.write(try PatchFixture.deltas())
        let mixed = try failure { try PatchAlgebra.merge([a, other.patch], to: fixture.place("mixed")) }
        #expect(mixed.kind == .file && mixed.message.contains("belong to different models"))
    }

    @Test("A merge of a patch and one that was made on it needs neither; that of two needs what both were made on")
    func madeOn() throws {
        let fixture = try PatchFixture()
        let (a, b) = try two(fixture)
        let edited = fixture.place("edited")
        _ = try PatchApplication.apply(model: fixture.model, patch: a, name: "a", to: .folder(edited))
        let later = fixture.place("later")
        try fixture.write(try PatchFixture.deltas(seed: 5), to: later, model: edited)
        #expect(try PatchAlgebra.merge([a, later], to: fixture.place("whole")).madeOn == nil)
        #expect(try PatchAlgebra.merge([b, later], to: fixture.place("part")).madeOn?.map(\.name) == ["a"])
    }

    @Test(
        "What somebody else edited becomes rows, factors or a whole difference, and gives the edited bytes back",
        arguments: [
            DType.float32, .bfloat16,
        ])
    func extract(_ dtype: DType) throws {
        let (base, edited) = try Self.models(dtype)
        defer { withExtendedLifetime((base, edited)) {} }
        let output = base.folder.appending(path: "patch")
        let report = try PatchExtraction.extract(base: base.folder.appending(path: "model"), edited: edited, to: output)
        let found = Dictionary(uniqueKeysWithValues: report.findings.map { ($0.parameter, $0) })
        #expect(Set(found.keys) == [Self.low, Self.dense, Self.rows])
        #expect(found[Self.low]?.form == .lowRank && found[Self.low]?.rank == 2)
        #expect(found[Self.rows]?.form == .rows && found[Self.rows]?.rank == 2 && found[Self.rows]?.differing == 0)
        #expect(found[Self.dense]?.form == .dense && found[Self.dense]?.differing == 0)
        // What factors leave out is rounding.
        let unit = dtype == .float32 ? 1e-6 : 0.05
        #expect(try #require(found[Self.low]).error < unit)
        let again = base.folder.appending(path: "again")
        _ = try PatchApplication.apply(model: base.folder.appending(path: "model"), patch: output, to: .folder(again))
        for name in [Self.rows, Self.dense] {
            #expect(try PatchFixture.numbers(name, in: again) == PatchFixture.numbers(name, in: edited))
        }
        let same = try failure {
            try PatchExtraction.extract(base: edited, edited: edited, to: base.folder.appending(path: "none"))
        }
        #expect(same.kind == .refused && same.message.contains("has the same weights"))
    }

    private static let low = "model.layers.0.mlp.down_proj.weight"
    private static let dense = "model.layers.1.mlp.up_proj.weight"
    private static let rows = "model.embed_tokens.weight"

    /// A tiny model, and the same with three weights changed by other means than a patch.
    private static func models(_ dtype: DType) throws -> (Workspace, URL) {
        try HostTables.install()
        let workspace = try Workspace()
        let model = workspace.folder.appending(path: "model")
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try TinyModel.write(.llama, to: model)
        var generator = PatchFixture.Generator(state: 11)
        func random(_ shape: [Int], _ scale: Double) throws -> Tensor {
            try Tensor((0..<shape.reduce(1, *)).map { _ in generator.number() * scale }, shape: shape)
        }
        let plain = try Checkpoint(opening: model)
        let names = plain.names
        func write(_ folder: URL, _ change: (String, Tensor) throws -> Tensor) throws {
            let tensors = try names.map { name in
                let wide = try PatchStore.tensor(plain.entry(name), plain.bytes(of: name)).cast(to: dtype).cast(
                    to: .float64)
                let tensor = try change(name, wide).cast(to: dtype)
                return SafetensorsWriter.Tensor(
                    name: name, dtype: dtype.stored, shape: tensor.shape,
                    bytes: TensorBytes(try tensor.contiguous().bytes()))
            }
            try SafetensorsWriter.write(tensors, to: folder.appending(path: "model.safetensors"))
        }
        let edited = workspace.folder.appending(path: "edited")
        try FileManager.default.copyItem(at: model, to: edited)
        try write(edited) { name, weight in
            switch name {
            case low: try weight + random([weight.shape[0], 2], 1).matmul(random([2, weight.shape[1]], 1))
            case dense: try weight + random(weight.shape, 1)
            case rows: try weight.indexAdded(0, Tensor([1, 3]), random([2, weight.shape[1]], 1))
            default: weight
            }
        }
        try write(model) { $1 }
        return (workspace, edited)
    }

    @Test("An adapter holds factors of one rank whose product is the change, for the modules by their full names")
    func adapter() throws {
        let (base, edited) = try Self.models(.float32)
        defer { withExtendedLifetime((base, edited)) {} }
        let model = base.folder.appending(path: "model")
        func patch(_ name: String, _ deltas: [Delta]) throws -> URL {
            let place = base.folder.appending(path: name)
            try PatchStore.write(
                Patch(deltas), origin: PatchFixture.origin, model: try StackedModel(opening: model),
                isTransposed: { _ in false }, to: place)
            return place
        }
        let checkpoint = try Checkpoint(opening: model)
        let (downShape, upShape) = (try checkpoint.entry(Self.low).shape, try checkpoint.entry(Self.dense).shape)
        var generator = PatchFixture.Generator(state: 5)
        func random(_ shape: [Int]) throws -> Tensor {
            try Tensor((0..<shape.reduce(1, *)).map { _ in generator.number() }, shape: shape).cast(to: .float32)
        }
        let factors = try patch(
            "factors", [Delta(Self.low, .lowRank(left: random([downShape[0], 3]), right: random([3, downShape[1]])))])
        let rows = try patch("rows", [Delta(Self.dense, .rows(rows: Tensor([1]), values: random([1, upShape[1]])))])
        let output = base.folder.appending(path: "adapter")
        let report = try PEFTExport(baseModel: "my/model").write(LoRAAdapter([factors, rows], of: model), to: output)
        #expect(
            report.rank == 3 && report.error < 1e-6
                && report.modules == ["model.layers.0.mlp.down_proj", "model.layers.1.mlp.up_proj"])
        let file = try SafetensorsFile(opening: output.appending(path: "adapter_model.safetensors"))
        for (place, name, shape) in [(factors, Self.low, downShape), (rows, Self.dense, upShape)] {
            let module = name.replacing(".weight", with: "")
            let a = try PatchStore.tensor("base_model.model.\(module).lora_A.weight", of: file)
            let b = try PatchStore.tensor("base_model.model.\(module).lora_B.weight", of: file)
            #expect(a.shape == [3, shape[1]] && b.shape == [shape[0], 3])
            let product = try b.matmul(a).scalars(as: Double.self)
            #expect(zip(product, try Self.numbers(place)[name] ?? []).allSatisfy { abs($0 - $1) < 1e-5 })
        }
        let json = try JSONValue(Data(contentsOf: output.appending(path: "adapter_config.json")), name: "it")
        #expect(json["r"]?.integer == 3 && json["lora_alpha"]?.integer == 3 && json["peft_type"]?.text == "LORA")
        #expect(json["base_model_name_or_path"]?.text == "my/model" && json["fan_in_fan_out"]?.boolean == false)

        func refusal(_ name: String, _ delta: Delta, rank: Int? = nil) throws -> RuntimeError {
            let place = try patch(name, [delta])
            return try failure { try LoRAAdapter([place], of: model, largestRank: rank) }
        }
        let width = downShape[0]
        #expect(
            try refusal("norm", Delta("model.norm.weight", .dense(random([width])))).message.hasSuffix(
                "the weight of a norm"))
        let embedding = try checkpoint.entry(Self.rows).shape
        #expect(try refusal("embedding", Delta(Self.rows, .dense(random(embedding)))).message.hasSuffix("an embedding"))
        let lossy = try refusal("lossy", Delta(Self.dense, .dense(random(upShape))), rank: 1)
        #expect(lossy.kind == .refused && lossy.message.hasPrefix("rank 1 loses "))
        let opposite = base.folder.appending(path: "opposite")
        try PatchAlgebra.scale(factors, by: -1, to: opposite)
        let empty = try failure { try LoRAAdapter([factors, opposite], of: model) }
        #expect(empty.message == "the adapter would be empty: the patches change nothing together")
    }

    @Test(
        "An adapter has the names of the whole model's modules, where the file leaves out what stands in front of them, too"
    )
    func moduleNames() throws {
        let fixture = try PatchFixture()
        let checkpoint = try Checkpoint(opening: fixture.model)
        let tensors = try checkpoint.names.map { name in
            let entry = try checkpoint.entry(name)
            return SafetensorsWriter.Tensor(
                name: name.replacing("transformer.", with: ""), dtype: entry.dtype, shape: entry.shape,
                bytes: TensorBytes(try checkpoint.bytes(of: name).data))
        }
        let plain = fixture.place("plain")
        try FileManager.default.copyItem(at: fixture.model, to: plain)
        try SafetensorsWriter.write(tensors, to: plain.appendingPathComponent("model.safetensors"))
        let factors = try PatchFixture.deltas()[0]
        let short = Delta(PatchFixture.down.replacing("transformer.", with: ""), factors.form)
        for (model, delta) in [(fixture.model, factors), (plain, short)] {
            let patch = fixture.place("patch-\(model.lastPathComponent)")
            try PatchStore.write(
                Patch([delta]), origin: PatchFixture.origin, model: try StackedModel(opening: model),
                isTransposed: { _ in true }, to: patch)
            let adapter = try LoRAAdapter([patch], of: model)
            #expect(adapter.modules.map(\.name) == ["transformer.h.0.mlp.c_proj"] && adapter.storesTransposed)
        }
        // A model whose modules have other names than its tensors.
        try fixture.workspace.write("model/config.json", #"{"model_type": "t5", "num_layers": 1}"#)
        try fixture.write([factors], to: fixture.place("other"))
        let error = try failure { try LoRAAdapter([fixture.place("other")], of: fixture.model) }
        #expect(error.kind == .refused && error.message == "no adapter is written for a t5 model")
    }
}

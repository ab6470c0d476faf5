// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

@testable import SutureRuntime

/// A model folder with random weights, and patches for it.
struct PatchFixture {
    static let up = "transformer.h.0.mlp.c_fc.weight"
    static let down = "transformer.h.0.mlp.c_proj.weight"
    static let embedding = "transformer.wte.weight"
    static let bias = "transformer.h.0.mlp.c_proj.bias"
    static let others = ["transformer.ln_f.weight", "transformer.wpe.weight"]
    /// Stored shapes; the projections as GPT-2 keeps them, `[in, out]`.
    static let shapes: [(String, [Int])] = [
        (embedding, [11, 4]), ("transformer.wpe.weight", [7, 4]), (up, [4, 6]), (down, [6, 4]), (bias, [4]),
        ("transformer.ln_f.weight", [4]),
    ]

    let workspace: Workspace
    var model: URL { workspace.folder.appendingPathComponent("model") }
    var patch: URL { workspace.folder.appendingPathComponent("run/patch") }
    func place(_ name: String) -> URL { workspace.folder.appendingPathComponent(name) }

    init(_ dtype: DType = .float32, isSharded: Bool = false, seed: UInt64 = 1, scale: Double = 1) throws {
        try HostTables.install()
        workspace = try Workspace()
        var generator = Generator(state: seed)
        let tensors = try Self.shapes.map { name, shape in
            let values = (0..<shape.reduce(1, *)).map { _ in generator.number() * scale }
            let bytes = try Tensor(values, shape: shape).cast(to: dtype).bytes()
            return SafetensorsWriter.Tensor(
                name: name, dtype: dtype.stored, shape: shape, bytes: TensorBytes(bytes))
        }
        try workspace.write("model/config.json", #"{"model_type": "gpt2", "n_layer": 1}"#)
        try workspace.write("model/tokenizer.json", "{\"odd\": \"\u{1F600}\"}\r\n")
        try workspace.write("model/original/notes.md", "Notes.")
        if isSharded {
            let shards = [Array(tensors[..<3]), Array(tensors[3...])]
            var map: [String: String] = [:]
            for (index, shard) in shards.enumerated() {
                let name = "model-0000\(index + 1)-of-00002.safetensors"
                try SafetensorsWriter.write(
                    shard, metadata: ["note": "shard \(index)"], to: model.appendingPathComponent(name))
                for tensor in shard { map[tensor.name] = name }
            }
            let index = try JSONSerialization.data(
                withJSONObject: ["metadata": ["total_size": 1], "weight_map": map] as [String: Any],
                options: [.sortedKeys])
            try workspace.write("model/model.safetensors.index.json", index)
        } else {
            try SafetensorsWriter.write(tensors, to: model.appendingPathComponent("model.safetensors"))
        }
    }

    static let origin = PatchManifest.Origin(
        experiment: "quickstart", runID: "quickstart-0123abcd", configurationDigest: "aa", method: "memit",
        methodVersion: "1.2.0", plugin: "suture-memit", pluginVersion: "0.1.0", pluginDigest: "bb",
        model: "/models/tiny")

    static func isTransposed(_ parameter: String) -> Bool { parameter == up || parameter == down }

    /// Changes of all forms: factors of `down`, rows of the embedding, and the whole of a bias.
    static func deltas(scale: Double = 1, seed: UInt64 = 9) throws -> [Delta] {
        var generator = Generator(state: seed)
        func tensor(_ shape: [Int], _ dtype: DType = .float32) throws -> Tensor {
            let values = (0..<shape.reduce(1, *)).map { _ in generator.number() * scale }
            return try Tensor(values, shape: shape).cast(to: dtype)
        }
        return [
            Delta(down, .lowRank(left: try tensor([4, 2]), right: try tensor([2, 6]))),
            Delta(embedding, .rows(rows: try Tensor([3, 10]), values: try tensor([2, 4], .float64))),
            Delta(bias, .dense(try tensor([4]))),
        ]
    }

    @discardableResult
    func write(_ deltas: [Delta], to folder: URL? = nil, model: URL? = nil) throws -> PatchManifest {
        try PatchStore.write(
            Patch(deltas), origin: Self.origin, model: try StackedModel(opening: model ?? self.model),
            isTransposed: Self.isTransposed, to: folder ?? patch)
    }

    /// Every file of a folder with its digest.
    static func digests(_ folder: URL) throws -> [String: String] {
        var digests: [String: String] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let path = folder.appendingPathComponent(name).path
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            if !isFolder.boolValue { digests[name] = try Digest.ofFile(path) }
        }
        return digests
    }

    /// Without what Suture knows of the patches.
    static func modelDigests(_ folder: URL) throws -> [String: String] {
        try digests(folder).filter { !$0.key.hasPrefix(PatchPlaces.folderName + "/") }
    }

    /// A stored tensor's numbers.
    static func numbers(_ name: String, in folder: URL) throws -> [Double] {
        let checkpoint = try Checkpoint(opening: folder)
        let entry = try checkpoint.entry(name)
        return try PatchStore.tensor(entry, try checkpoint.bytes(of: name)).scalars(as: Double.self)
    }

    /// Numbers from a seed, about 1 in size.
    struct Generator {
        var state: UInt64
        mutating func number() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(Int64(bitPattern: state) >> 20) / Double(Int64(1) << 42)
        }
    }
}

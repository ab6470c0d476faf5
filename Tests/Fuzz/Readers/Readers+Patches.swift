// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import SutureRuntime

extension FuzzReader {
    static let patches: [FuzzReader] = [
        FuzzReader(
            "patch", "patch.json beside its weights", .json,
            words: [
                "low-rank", "dense", "rows", "changes", "extensions", "suture.site-vector/1", "rank", "transposed",
            ],
            seeds: { try PatchSeeds.manifests() }
        ) { folder in
            try PatchSeeds.write(to: folder.url)
            let path = folder.path(PatchManifest.fileName)
            return { input in
                try folder.put(input, into: path)
                let patch = try PatchStore.read(folder.url)
                _ = (patch.manifest.table.text(width: 80), patch.manifest.facts)
                return []
            }
        },
        FuzzReader(
            "stack", "stack.json of a model with patches in force", .json,
            words: [
                "parameters", "parameter", "members", "name", "loss", "changed_share", "original_sha256", "base",
                "weights",
            ],
            seeds: { [try PatchSeeds.record(\.record)] }
        ) { folder in
            let places = try PatchSeeds.writeApplied(to: folder.url)
            return { input in
                try folder.put(PatchSeeds.sealed(input), into: places.record.path)
                defer { try? FileManager.default.removeItem(at: places.output) }
                return try PatchApplication.revert(model: places.model, to: .folder(places.output)).warnings
            }
        },
        FuzzReader(
            "patch-log", "log.jsonl of a model with patches in force", .lines,
            words: ["action", "apply", "revert", "previous", "stack", "number", "sha256"],
            seeds: { [try PatchSeeds.record(\.log)] }
        ) { folder in
            let places = try PatchSeeds.writeApplied(to: folder.url)
            return { input in
                let lines = input.split(separator: UInt8(ascii: "\n")).map { PatchSeeds.sealed(Array($0)) }
                try folder.put(Array(lines.joined(separator: [UInt8(ascii: "\n")])), into: places.log.path)
                _ = try PatchLog(of: places.model).table.text()
                return []
            }
        },
        FuzzReader(
            "tensor-file", "tensors of the cache of statistics and of a run's state", .safetensors,
            words: ["moment", "tokens", "F64", "F32", "I64", "sha256", "[0,8]"], seeds: { try PatchSeeds.moments() }
        ) { folder in
            try HostTables.install()
            let url = folder.url.appending(path: "moment.safetensors")
            return { input in
                try folder.put(input, into: url.path)
                for tensor in try TensorFile.read(url).values { _ = try? tensor.scalars(as: Int.self) }
                return []
            }
        },
    ]
}

/// Patches to begin with.
private enum PatchSeeds {
    private static let name = "transformer.h.0.mlp.c_fc.weight"

    private static let origin = """
        {"experiment":"e","run_id":"e-12345678","configuration_sha256":"aa","method":"memit","method_version":"1.0.0",\
        "plugin":"suture-memit","plugin_version":"0.1.0","plugin_sha256":"bb","model":"/models/tiny"}
        """

    /// A tiny model and a patch of it, in folders beside each other.
    private static func make(in folder: URL) throws -> (model: URL, patch: URL) {
        try HostTables.install()
        let (model, patch) = (folder.appending(path: "model"), folder.appending(path: "patch"))
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try TinyModel.write(.gpt2, to: model)
        let delta = Delta(
            name,
            .lowRank(
                left: try Tensor.ones([TinyModel.dMLP, 1]), right: try Tensor.ones([1, TinyModel.dModel])))
        try PatchStore.write(
            Patch([delta]), origin: try JSON.decode(PatchManifest.Origin.self, from: Data(origin.utf8), name: "origin"),
            model: try StackedModel(opening: model), isTransposed: { _ in true }, to: patch)
        return (model, patch)
    }

    static func write(to folder: URL) throws {
        let made = try make(in: folder)
        for name in [PatchManifest.fileName, PatchManifest.weightsName] {
            try FileManager.default.copyItem(at: made.patch.appending(path: name), to: folder.appending(path: name))
        }
    }

    /// With the checksum of the description, and without.
    static func manifests() throws -> [[UInt8]] {
        let folder = try FuzzFolder.make()
        defer { folder.remove() }
        let data = try Data(contentsOf: try make(in: folder.url).patch.appending(path: PatchManifest.fileName))
        guard case .object(let members) = try JSONValue(data, name: "patch.json") else { return [] }
        let unsealed = JSONValue.object(members.filter { $0.key != "sha256" }).written()
        return [Array(unsealed.utf8), [UInt8](data)]
    }

    /// A model with a patch applied.
    struct Applied {
        var model: URL
        var record: URL
        var log: URL
        var output: URL
    }

    static func writeApplied(to folder: URL) throws -> Applied {
        let made = try make(in: folder)
        let edited = folder.appending(path: "edited")
        _ = try PatchApplication.apply(model: made.model, patch: made.patch, to: .folder(edited))
        let places = PatchPlaces(edited)
        return Applied(
            model: edited, record: places.record, log: places.log, output: folder.appending(path: "reverted"))
    }

    static func record(_ file: KeyPath<Applied, URL>) throws -> [UInt8] {
        let folder = try FuzzFolder.make()
        defer { folder.remove() }
        return try [UInt8](Data(contentsOf: writeApplied(to: folder.url)[keyPath: file]))
    }

    /// With the right checksum where it is an object, so that what is behind the checksum is read, too.
    static func sealed(_ input: [UInt8]) -> [UInt8] {
        guard let json = try? JSONValue(Data(input), name: "it"), case .object(var members) = json else { return input }
        members.removeAll { $0.key == SelfDigest.key }
        members.append(.init(key: SelfDigest.key, value: .text(SelfDigest.of(json))))
        return Array(JSONValue.object(members).written(isCompact: true).utf8)
    }

    static func moments() throws -> [[UInt8]] {
        try HostTables.install()
        let folder = try FuzzFolder.make()
        defer { folder.remove() }
        let url = folder.url.appending(path: "m.safetensors")
        try TensorFile.write([("moment", try Tensor.ones([2, 2])), ("tokens", try Tensor([5]))], to: url)
        return [try [UInt8](Data(contentsOf: url))]
    }
}

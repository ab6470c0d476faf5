// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The weights of a model folder: one safetensors file, or shards with an index.
///
/// A folder holds `model.safetensors`, or `model.safetensors.index.json` and the shards that it names. Index and shards
/// must agree exactly: each tensor that the index places is in its shard, and no shard holds another. Opening maps all
/// files and reads their headers alone. Values may be used from any thread.
public struct Checkpoint: Sendable {
    /// The name of the file of an unsharded model.
    public static let fileName = "model.safetensors"
    /// The name of the index of a sharded model.
    public static let indexName = "model.safetensors.index.json"

    /// The model folder.
    public let folder: URL
    /// The files with weights, ordered by name.
    public let files: [SafetensorsFile]
    /// True when an index places the tensors.
    public let isSharded: Bool
    /// The names of all tensors, file by file, in the order of their bytes.
    public let names: [String]

    private let fileIndices: [String: Int]

    /// Opens the weights of a model folder.
    ///
    /// - Throws: `unreadable` where there is no such folder; `noWeights`, `ambiguousWeights`, `indexSyntax` or
    ///   `shardMismatch` for a folder whose files do not make one model; and what opening a file throws.
    public init(opening folder: URL) throws(ModelError) {
        self.folder = folder
        let path = folder.path
        let items: Set<String>
        do {
            items = Set(try FileManager.default.contentsOfDirectory(atPath: path))
        } catch {
            throw ModelError(
                .unreadable, "'\(path)' is not a folder that can be read",
                hint: "give the path of a model folder, with config.json and \(Self.fileName)")
        }
        switch (items.contains(Self.fileName), items.contains(Self.indexName)) {
        case (true, true):
            throw ModelError(
                .ambiguousWeights, "'\(path)' holds both \(Self.fileName) and \(Self.indexName)",
                hint: "remove the one that is not the model's; the index belongs to a model in several files")
        case (true, false):
            isSharded = false
            files = [try SafetensorsFile(opening: folder.appendingPathComponent(Self.fileName))]
        case (false, true):
            isSharded = true
            files = try Self.openShards(of: folder)
        case (false, false):
            throw Self.noWeights(path, items)
        }
        names = files.flatMap { $0.entries.map(\.name) }
        var fileIndices: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for entry in file.entries { fileIndices[entry.name] = index }
        }
        self.fileIndices = fileIndices
    }

    /// True where the checkpoint holds a tensor of that name.
    public func contains(_ name: String) -> Bool {
        fileIndices[name] != nil
    }

    /// The file that holds a tensor.
    ///
    /// - Throws: `unknownTensor`.
    public func file(of name: String) throws(ModelError) -> SafetensorsFile {
        guard let index = fileIndices[name] else { throw .unknownTensor(name, in: folder) }
        return files[index]
    }

    /// Dtype, shape and place of a tensor.
    ///
    /// - Throws: `unknownTensor`.
    public func entry(_ name: String) throws(ModelError) -> TensorEntry {
        try file(of: name).entry(name)
    }

    /// The bytes of a tensor, not copied.
    ///
    /// - Throws: `unknownTensor`.
    public func bytes(of name: String) throws(ModelError) -> TensorBytes {
        try file(of: name).bytes(of: name)
    }

    /// Writes the whole model folder again to `output`, with other bytes for some tensors.
    ///
    /// All files that are not weights are copied byte for byte, the weights by `SafetensorsWriter.rewrite`, in the same
    /// files as before, all with the modes that they have. The folder appears at its place whole or not at all.
    ///
    /// - Parameters:
    ///   - replacements: bytes by tensor name, in the tensor's dtype and of the same length as before.
    ///   - output: a folder that is not there yet or is empty, outside this model folder.
    ///   - links: what becomes of links out of the folder; see `FolderLinks`. Weights are written as files also where they were kept.
    ///   - progress: called on the calling thread after each file with the share of the weights written, 0 to 1.
    /// - Throws: `unknownTensor`, `sizeMismatch`, `outputPlace`, `outsideLink`, `unreadable`, `unwritable` or `cancelled`.
    public func write(
        to output: URL, replacing replacements: [String: TensorBytes], links: OutsideLinks = .refuse,
        progress: (Double) -> Void = { _ in }
    ) throws(ModelError) {
        let rule = FolderLinks(folder, outside: links)
        for url in files.map(\.url) + (isSharded ? [folder.appendingPathComponent(Self.indexName)] : []) {
            _ = try rule.answer(for: url)
        }
        var parts = Array(repeating: [String: TensorBytes](), count: files.count)
        for (name, bytes) in replacements {
            guard let index = fileIndices[name] else { throw .unknownTensor(name, in: folder) }
            parts[index][name] = bytes
        }
        let total = files.reduce(0) { $0 + $1.allBytes.count }
        try ModelFolder.assemble(at: output) { (partial) throws(ModelError) in
            try ModelFolder.copyNonWeightFiles(from: folder, to: partial, links: links)
            var done = 0
            for (file, part) in zip(files, parts) {
                let place = partial.appendingPathComponent(file.url.lastPathComponent)
                try SafetensorsWriter.rewrite(source: file, replacing: part, to: place)
                done += file.allBytes.count
                progress(Double(done) / Double(total))
            }
            if isSharded { try ModelFolder.copyFile(Self.indexName, from: folder, to: partial) }
        }
    }

    // MARK: - Opening

    private struct Index: Decodable {
        let weightMap: [String: String]

        enum CodingKeys: String, CodingKey {
            case weightMap = "weight_map"
        }
    }

    /// Opens the shards that the index of `folder` names and checks that both agree.
    private static func openShards(of folder: URL) throws(ModelError) -> [SafetensorsFile] {
        let indexURL = folder.appendingPathComponent(indexName)
        guard let data = try SmallFile.contents(atPath: indexURL.path) else {
            throw ModelError(
                .unreadable, "'\(indexURL.path)' cannot be read",
                hint: "check that the path is right and that you may read it")
        }
        try GitLFS.refuse(data, path: indexURL.path)
        let map: [String: String]
        do {
            map = try JSON.decode(Index.self, from: data, name: indexURL.path).weightMap
        } catch {
            throw ModelError(
                .indexSyntax, "'\(indexURL.path)' is not JSON with a 'weight_map' of tensor names to file names",
                hint: "fetch the file again, or write the model again")
        }
        let places = Dictionary(grouping: map.keys) { map[$0] ?? "" }
        guard !places.isEmpty else { throw mismatch("'\(indexURL.path)' names no tensors") }
        var files: [SafetensorsFile] = []
        var owners: [String: String] = [:]
        for shard in places.keys.sorted() {
            guard !shard.isEmpty, !shard.contains("/"), shard != ".", shard != ".." else {
                throw ModelError(
                    .indexSyntax, "'\(indexURL.path)' names the file '\(shard)', which is not a plain file name",
                    hint: "put all shards into the model folder and name them there")
            }
            let url = folder.appendingPathComponent(shard)
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw mismatch("'\(indexURL.path)' names the file '\(shard)', which is not in '\(folder.path)'")
            }
            let file = try SafetensorsFile(opening: url)
            for entry in file.entries {
                if let other = owners.updateValue(shard, forKey: entry.name) {
                    throw mismatch(
                        "the tensor '\(entry.name)' is in two files of '\(folder.path)': '\(other)' and '\(shard)'")
                }
            }
            files.append(file)
        }
        for name in map.keys.sorted() where owners[name] != map[name] {
            let found = owners[name].map { "it is in '\($0)'" } ?? "no file holds it"
            throw mismatch(
                "'\(indexURL.path)' places the tensor '\(name)' in '\(map[name] ?? "")', but \(found)")
        }
        if let name = owners.keys.filter({ map[$0] == nil }).min() {
            throw mismatch(
                "'\(indexURL.path)' does not name the tensor '\(name)', which is in '\(owners[name] ?? "")'")
        }
        return files
    }

    private static func mismatch(_ message: String) -> ModelError {
        ModelError(
            .shardMismatch, message,
            hint: "fetch the index and all shards of one version of the model, under their original names")
    }

    /// The sentence for a folder without readable weights, which says what is there instead.
    private static func noWeights(_ path: String, _ items: Set<String>) -> ModelError {
        let looked = "'\(path)' holds neither \(fileName) nor \(indexName)"
        if let pickle = items.filter(isPickle).min() {
            return ModelError(
                .noWeights, "\(looked), only '\(pickle)', a pickle, which is not read because it can run code",
                hint: "load the model in Python and save it with save_pretrained(…, safe_serialization=True)")
        }
        if let other = items.filter({ $0.hasSuffix(".gguf") }).min() {
            return ModelError(
                .noWeights, "\(looked), only '\(other)', which is llama.cpp's format",
                hint: "write a folder of it with `suture model import`")
        }
        if let other = items.filter({ $0.hasSuffix(".safetensors") }).min() {
            return ModelError(
                .noWeights, "\(looked); '\(other)' is not read under that name",
                hint: "rename it to \(fileName) if it is the whole model; fetch the index if it is one of several")
        }
        return ModelError(
            .noWeights, "\(looked)",
            hint:
                "give the folder that holds the model's weights; a model with pickled weights (pytorch_model.bin) must "
                + "first be loaded in Python and saved with save_pretrained(…, safe_serialization=True)")
    }

    private static func isPickle(_ item: String) -> Bool {
        let endings = [".pt", ".pth", ".ckpt"]
        return (item.hasPrefix("pytorch_model") && item.hasSuffix(".bin")) || endings.contains(where: item.hasSuffix)
    }
}

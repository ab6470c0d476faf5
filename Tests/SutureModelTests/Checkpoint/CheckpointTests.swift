// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("Model folders")
struct CheckpointTests {
    private let folder: TemporaryFolder
    private let output: URL

    init() throws {
        folder = try TemporaryFolder()
        output = folder.url.appendingPathComponent("output")
    }

    private var model: URL { folder.url.appendingPathComponent("model") }

    private static let twoShards = """
        {"a":"model-00001-of-00002.safetensors","b":"model-00001-of-00002.safetensors",\
        "c":"model-00002-of-00002.safetensors"}
        """

    /// Writes a file of float32 vectors into the model folder.
    private func shard(_ name: String, _ tensors: KeyValuePairs<String, [Float]>) throws {
        try folder.write([], to: "model/config.json")
        let tensors = tensors.map {
            SafetensorsWriter.Tensor(
                name: $0.key, dtype: .float32, shape: [$0.value.count], bytes: float32Bytes($0.value))
        }
        try SafetensorsWriter.write(tensors, to: model.appendingPathComponent(name))
    }

    private func index(_ map: String) throws {
        try folder.write(
            Array(#"{"metadata":{"total_size":16},"weight_map":\#(map)}"#.utf8),
            to: "model/model.safetensors.index.json")
    }

    /// Two shards with three tensors and a matching index.
    private func sharded() throws {
        try shard("model-00001-of-00002.safetensors", ["a": [1, 2], "b": [3]])
        try shard("model-00002-of-00002.safetensors", ["c": [4]])
        try index(Self.twoShards)
    }

    private func openingError() -> ModelError? {
        checkpointError { _ = try Checkpoint(opening: model) }
    }

    // MARK: - Opening

    @Test("A single file is opened with its tensors")
    func single() throws {
        try shard("model.safetensors", ["b": [1, 2], "a": [3]])
        let checkpoint = try Checkpoint(opening: model)
        #expect(!checkpoint.isSharded)
        #expect(checkpoint.names == ["b", "a"])
        #expect(checkpoint.contains("a") && !checkpoint.contains("c"))
        #expect(try checkpoint.entry("b").shape == [2])
        #expect(try checkpoint.bytes(of: "b") == float32Bytes([1, 2]))
        #expect(checkpointError { _ = try checkpoint.bytes(of: "c") }?.code == .unknownTensor)
    }

    @Test("Shards are opened by their index, and each tensor is found in its file")
    func shards() throws {
        try sharded()
        let checkpoint = try Checkpoint(opening: model)
        #expect(checkpoint.isSharded)
        #expect(checkpoint.names == ["a", "b", "c"])
        #expect(try checkpoint.file(of: "c").url.lastPathComponent == "model-00002-of-00002.safetensors")
        #expect(try checkpoint.bytes(of: "c") == float32Bytes([4]))
    }

    @Test("A missing shard is refused with its name")
    func missingShard() throws {
        try sharded()
        try FileManager.default.removeItem(at: model.appendingPathComponent("model-00002-of-00002.safetensors"))
        let error = openingError()
        #expect(error?.code == .shardMismatch)
        #expect(error?.message.contains("names the file 'model-00002-of-00002.safetensors', which is not in") == true)
    }

    @Test("Shards with exchanged names are refused")
    func exchangedShards() throws {
        try shard("model-00002-of-00002.safetensors", ["a": [1, 2], "b": [3]])
        try shard("model-00001-of-00002.safetensors", ["c": [4]])
        try index(Self.twoShards)
        let error = openingError()
        #expect(error?.code == .shardMismatch)
        #expect(error?.message.contains("'a' in 'model-00001-of-00002.safetensors', but it is in 'model-00002") == true)
    }

    @Test("A tensor in two shards is refused")
    func tensorTwice() throws {
        try shard("1.safetensors", ["a": [1], "b": [2]])
        try shard("2.safetensors", ["b": [2], "c": [3]])
        try index(#"{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}"#)
        #expect(openingError()?.message.contains("'b' is in two files") == true)
        #expect(openingError()?.code == .shardMismatch)
    }

    @Test("A tensor that the index places and no shard holds is refused")
    func tensorMissing() throws {
        try shard("1.safetensors", ["a": [1]])
        try index(#"{"a":"1.safetensors","b":"1.safetensors"}"#)
        #expect(
            openingError()?.message.contains("places the tensor 'b' in '1.safetensors', but no file holds it") == true)
    }

    @Test("A tensor that a shard holds and the index does not name is refused")
    func tensorUnnamed() throws {
        try shard("1.safetensors", ["a": [1], "b": [2]])
        try index(#"{"a":"1.safetensors"}"#)
        #expect(openingError()?.message.contains("does not name the tensor 'b', which is in '1.safetensors'") == true)
    }

    @Test(
        "An index that is not a map to plain file names is refused",
        arguments: [
            "[]", #"{"a":1}"#, "{", #"{"a":"../1.safetensors"}"#, #"{"a":"/etc/passwd"}"#, #"{"a":".."}"#, #"{"a":""}"#,
        ])
    func badIndex(_ map: String) throws {
        try shard("1.safetensors", ["a": [1]])
        try index(map)
        #expect(openingError()?.code == .indexSyntax)
    }

    @Test("A folder with a single file and an index is refused")
    func ambiguous() throws {
        try sharded()
        try shard("model.safetensors", ["a": [1]])
        #expect(openingError()?.code == .ambiguousWeights)
    }

    @Test(
        "A folder without readable weights is refused with what was looked for and what to do",
        arguments: [
            ("config.json", "holds neither model.safetensors nor model.safetensors.index.json"),
            ("pytorch_model.bin", "only 'pytorch_model.bin', a pickle, which is not read"),
            ("Model.safetensors", "'Model.safetensors' is not read under that name"),
        ])
    func noWeights(_ name: String, _ says: String) throws {
        try folder.write([], to: "model/\(name)")
        let error = openingError()
        #expect(error?.code == .noWeights)
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
        #expect(name.hasSuffix(".safetensors") || error?.hint.contains("save_pretrained") == true)
    }

    @Test("A path that is no folder is refused as unreadable")
    func noFolder() throws {
        #expect(openingError()?.code == .unreadable)
    }

    // MARK: - Writing

    @Test("A written model has the edited bytes, and every other file byte for byte")
    func write() throws {
        try sharded()
        try folder.write([1, 2, 3], to: "model/tokenizer.json")
        try folder.write([4], to: "model/1_Pooling/config.json")
        try folder.write([5], to: "model/pytorch_model.bin")
        try folder.write([6], to: "model/.git/HEAD")
        var shares: [Double] = []
        try Checkpoint(opening: model).write(to: output, replacing: ["b": float32Bytes([9])]) { shares.append($0) }
        let copy = try Checkpoint(opening: output)
        #expect(try copy.bytes(of: "b") == float32Bytes([9]))
        #expect(try copy.bytes(of: "a") == float32Bytes([1, 2]))
        let items = try FileManager.default.subpathsOfDirectory(atPath: output.path).sorted()
        #expect(
            items == [
                "1_Pooling", "1_Pooling/config.json", "config.json", "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors", "model.safetensors.index.json", "tokenizer.json",
            ])
        for item in items where item != "1_Pooling" && item != "model-00001-of-00002.safetensors" {
            let (old, new) = (model.appendingPathComponent(item), output.appendingPathComponent(item))
            #expect(try Data(contentsOf: old) == Data(contentsOf: new))
        }
        #expect(shares.count == 2 && shares.last == 1)
    }

    @Test("A link to a file is copied as the file")
    func links() throws {
        try shard("model.safetensors", ["a": [1]])
        try folder.write([1, 2], to: "model/blobs/tokenizer")
        try FileManager.default.createSymbolicLink(
            atPath: model.appendingPathComponent("tokenizer.json").path, withDestinationPath: "blobs/tokenizer")
        try Checkpoint(opening: model).write(to: output, replacing: [:])
        let copy = output.appendingPathComponent("tokenizer.json")
        #expect(
            try FileManager.default.attributesOfItem(atPath: copy.path)[.type] as? FileAttributeType == .typeRegular)
        #expect(try Data(contentsOf: copy) == Data([1, 2]))
    }

    @Test("An empty output folder is taken, and a filled one or a file is refused and left alone")
    func outputPlace() throws {
        try shard("model.safetensors", ["a": [1]])
        let checkpoint = try Checkpoint(opening: model)
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        try checkpoint.write(to: output, replacing: [:])
        let before = folder.contents
        let error = checkpointError { try checkpoint.write(to: output, replacing: [:]) }
        #expect(error?.code == .outputPlace)
        #expect(error?.message.hasSuffix("is not empty: it holds 'config.json'") == true)
        let file = output.appendingPathComponent("config.json")
        #expect(checkpointError { try checkpoint.write(to: file, replacing: [:]) }?.code == .outputPlace)
        #expect(folder.contents == before)
    }

    @Test("An output folder inside the model folder is refused")
    func outputInside() throws {
        try shard("model.safetensors", ["a": [1]])
        let inside = model.appendingPathComponent("edited")
        let error = checkpointError { try Checkpoint(opening: model).write(to: inside, replacing: [:]) }
        #expect(error?.code == .outputPlace)
        #expect(folder.contents == ["model", "model/config.json", "model/model.safetensors"])
    }

    @Test("A failure while writing leaves no trace")
    func failure() throws {
        try shard("model.safetensors", ["a": [1]])
        let before = folder.contents
        let checkpoint = try Checkpoint(opening: model)
        let wrong = checkpointError { try checkpoint.write(to: output, replacing: ["a": TensorBytes([1])]) }
        #expect(wrong?.code == .sizeMismatch)
        let unknown = checkpointError { try checkpoint.write(to: output, replacing: ["z": TensorBytes([1])]) }
        #expect(unknown?.code == .unknownTensor)
        #expect(folder.contents == before)
    }
}

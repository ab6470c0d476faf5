// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport

@testable import SutureModel

/// A complete model folder made of a golden checkpoint, for tests that change a part of it.
struct FolderFixture {
    private let folder: TemporaryFolder
    var url: URL { folder.url }

    /// - Parameter golden: the name of a folder of `Transformer/Golden`.
    init(_ golden: String = "llama-untied") throws {
        try TestHost.install()
        folder = try TemporaryFolder()
        let source = Repository.root.appending(path: "Tests/SutureModelTests/Transformer/Golden/\(golden)")
        for name in ["config.json", "model.safetensors"] {
            try FileManager.default.copyItem(at: source.appending(path: name), to: url.appending(path: name))
        }
        try write("tokenizer.json", Self.tokenizer(size: 61))
    }

    /// A byte-level tokenizer whose tokens are single letters.
    static func tokenizer(size: Int, added: [String: Int] = [:]) -> String {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".prefix(size)
        let vocabulary = letters.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        let tokens = added.sorted { $0.value < $1.value }.map {
            "{\"id\": \($1), \"content\": \"\($0)\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, "
                + "\"normalized\": false, \"special\": true}"
        }
        return """
            {"version": "1.0", "added_tokens": [\(tokens.joined(separator: ", "))],
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
             "model": {"type": "BPE", "vocab": {\(vocabulary)}, "merges": []}}
            """
    }

    func write(_ name: String, _ text: String) throws { try folder.write(text.utf8, to: name) }

    /// Sets keys of config.json; nil takes one out.
    func configure(_ changes: [String: Any?]) throws {
        let place = url.appending(path: "config.json")
        let content = try JSONSerialization.jsonObject(with: Data(contentsOf: place))
        guard var values = content as? [String: Any] else { return }
        for (key, value) in changes { values[key] = value }
        try JSONSerialization.data(withJSONObject: values).write(to: place)
    }

    /// Writes the weights again, changed.
    func rewrite(_ change: (inout [SafetensorsWriter.Tensor]) throws -> Void) throws {
        let checkpoint = try Checkpoint(opening: url)
        var tensors = try checkpoint.names.map { name in
            let entry = try checkpoint.entry(name)
            return SafetensorsWriter.Tensor(
                name: name, dtype: entry.dtype, shape: entry.shape,
                bytes: TensorBytes(try checkpoint.bytes(of: name).data))
        }
        try change(&tensors)
        try SafetensorsWriter.write(tensors, to: url.appending(path: "model.safetensors"))
    }

    /// A tensor of numbers that differ from one another.
    static func tensor(
        _ name: String, _ shape: [Int], dtype: StoredDtype = .float32, scale: Float = 0.3
    ) -> SafetensorsWriter.Tensor {
        let count = shape.reduce(1, *)
        let bytes: TensorBytes
        if dtype == .float32 {
            bytes = float32Bytes((0..<count).map { scale * Float(($0 * 7919) % 101 - 50) / 50 })
        } else {
            bytes = TensorBytes([UInt8](repeating: 1, count: count * dtype.byteCount))
        }
        return SafetensorsWriter.Tensor(name: name, dtype: dtype, shape: shape, bytes: bytes)
    }

    func stored() throws -> StoredModel { try StoredModel(folder: url) }

    /// Logits of a few tokens, `[position, vocabulary]`.
    func logits(_ tokens: [Int] = [3, 1, 4, 1, 5]) throws -> Tensor {
        let model = try LanguageModel(folder: url)
        return try model.transformer.run(Forward(TokenBatch([tokens]))).logits!
    }
}

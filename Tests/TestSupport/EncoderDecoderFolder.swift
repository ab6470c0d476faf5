// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The folder of a tiny encoder–decoder model: a golden checkpoint with a tokenizer whose tokens are letters.
public struct EncoderDecoderFolder {
    private let scratch: ScratchFolder
    public var url: URL { scratch.url }

    /// What the token 0, `<pad>`, is in these models: the one with which the decoder begins.
    public static let start = 0
    /// `</s>`, which ends a source and a text.
    public static let end = 1

    /// - Parameter golden: the name of a folder that make_encoder_decoder_golden.py makes.
    public init(_ golden: String = "t5") throws {
        try TestHost.install()
        scratch = try ScratchFolder()
        let source = try Self.golden(golden)
        for name in ["config.json", "model.safetensors"] {
            try FileManager.default.copyItem(at: source.appending(path: name), to: url.appending(path: name))
        }
        try Self.tokenizer(size: 61).write(to: url.appending(path: "tokenizer.json"))
        try Data(#"{"eos_token": "</s>"}"#.utf8).write(to: url.appending(path: "tokenizer_config.json"))
    }

    public func load() throws -> LanguageModel { try LanguageModel(folder: url) }

    /// Where a golden checkpoint is.
    public static func golden(_ name: String) throws -> URL {
        try GoldenFile.url(
            "Tests/SutureModelTests/Transformer/Golden/\(name)",
            madeBy: "Tests/SutureModelTests/Transformer/make_encoder_decoder_golden.py")
    }

    /// A tensor of golden.safetensors.
    public static func tensor(_ name: String, of golden: String) throws -> Tensor {
        let file = try SafetensorsFile(opening: Self.golden(golden).appending(path: "golden.safetensors"))
        let entry = try file.entry(name)
        return try file.withBytes(of: name) {
            try Tensor(bytes: $0, shape: entry.shape, dtype: DType(stored: entry.dtype))
        }
    }

    /// The changes of weights of golden.safetensors.
    public static func changes(of golden: String) throws -> [Delta] {
        let file = try SafetensorsFile(opening: Self.golden(golden).appending(path: "golden.safetensors"))
        let mark = "change."
        return try file.entries.map(\.name).filter { $0.hasPrefix(mark) }.sorted().map {
            Delta(String($0.dropFirst(mark.count)), .dense(try tensor($0, of: golden)))
        }
    }

    /// A byte-level tokenizer that ends a text with `</s>`. Its tokens are `<pad>`, `</s>`, the space, and letters.
    ///
    /// - Parameter hasEnd: whether the template has `</s>`.
    public static func tokenizer(size: Int, hasEnd: Bool = true) throws -> Data {
        let letters = "Ġabcdefghijklmnopqrstuvwxyz.,ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".prefix(max(size - 2, 0))
        var vocabulary = ["<pad>": 0, "</s>": 1]
        for (place, letter) in letters.enumerated() { vocabulary[String(letter)] = place + 2 }
        func added(_ token: String, _ id: Int) -> [String: Any] {
            [
                "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
                "special": true,
            ]
        }
        var json: [String: Any] = [
            "version": "1.0", "added_tokens": [added("<pad>", start), added("</s>", end)],
            "pre_tokenizer": [
                "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
            ] as [String: Any],
            "decoder": ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true]
                as [String: Any],
            "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()] as [String: Any],
        ]
        if hasEnd {
            json["post_processor"] =
                [
                    "type": "TemplateProcessing",
                    "single": [
                        ["Sequence": ["id": "A", "type_id": 0] as [String: Any]],
                        ["SpecialToken": ["id": "</s>", "type_id": 0] as [String: Any]],
                    ], "pair": [[String: Any]](),
                    "special_tokens": ["</s>": ["id": "</s>", "ids": [end], "tokens": ["</s>"]] as [String: Any]],
                ] as [String: Any]
        }
        return try JSONSerialization.data(withJSONObject: json)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel
import SutureRuntime

extension FuzzReader {
    static let modelFolders: [FuzzReader] = [
        FuzzReader(
            "safetensors", "a safetensors file, header and layout", .safetensors,
            words: ["F32", "BF16", "F8_E4M3", "I64", "dtype", "shape", "data_offsets", "__metadata__", "[0,16]"],
            seeds: { [Safetensors.small, Safetensors.empty] }
        ) { folder in
            let path = folder.path("input.safetensors")
            return { input in
                try folder.put(input, into: path)
                let file = try SafetensorsFile(opening: URL(fileURLWithPath: path))
                for entry in file.entries { _ = try file.bytes(of: entry.name).withUnsafeBytes { $0.count } }
                return []
            }
        },
        FuzzReader(
            "gguf", "a GGUF file: header, settings and tokenizer", .binary,
            words: [
                "GGUF", "general.architecture", "general.alignment", "llama", "gemma3", "llama.block_count",
                "split.count",
                "tokenizer.ggml.model", "gpt2", "tokenizer.ggml.tokens", "tokenizer.ggml.merges", "rope_freqs.weight",
                "llama.rope.scaling.type", "yarn", "token_embd.weight",
            ],
            seeds: { [try ModelSeeds.gguf()] }
        ) { folder in
            let path = folder.path("input.gguf")
            let output = folder.url.appending(path: "imported")
            return { input in
                try folder.put(input, into: path)
                defer { try? FileManager.default.removeItem(at: output) }
                return try GGUFImport(URL(fileURLWithPath: path)).write(to: output).warnings
            }
        },
        FuzzReader(
            "npz", "an archive of NumPy's arrays, of second moments say", .binary,
            words: [
                "PK", "mom2.npy", "\u{1}", "descr", "<f8", "<f4", "|O", "fortran_order", "True", "shape", "(2, 2)",
                "NUMPY",
            ],
            seeds: { [try ModelSeeds.archive()] }
        ) { folder in
            let path = folder.path("input.npz")
            return { input in
                try folder.put(input, into: path)
                let archive = try NumPyArchive(opening: URL(fileURLWithPath: path))
                for name in archive.names { _ = try archive[name] }
                return archive.names.isEmpty ? ["no arrays"] : []
            }
        },
        FuzzReader(
            "safetensors-index", "model.safetensors.index.json beside its shards", .json,
            words: ["weight_map", "a.safetensors", "../a.safetensors", "metadata", "/etc/passwd", "x", "y"],
            seeds: { [#"{"metadata":{"total_size":32},"weight_map":{"x":"a.safetensors","y":"a.safetensors"}}"#].bytes }
        ) { folder in
            try folder.write(Safetensors.small, to: "model/a.safetensors")
            let model = folder.url.appending(path: "model")
            let path = folder.path("model/\(Checkpoint.indexName)")
            return { input in
                try folder.put(input, into: path)
                return try Checkpoint(opening: model).names.isEmpty ? ["no tensors"] : []
            }
        },
        modelFile(
            "config", "config.json of every family, in its model folder", "config.json",
            words: [
                "model_type", "gpt2", "gptj", "gpt_neox", "llama", "mistral", "qwen2", "starcoder2", "qwen3", "gemma2",
                "gemma3_text", "phi3", "olmo2", "smollm3", "granite", "stablelm", "falcon", "mixtral", "gpt_oss",
                "n_embd",
                "num_attention_heads", "num_key_value_heads", "rope_scaling", "rope_parameters", "rope_type", "linear",
                "dynamic", "llama3", "yarn", "factor", "low_freq_factor", "sliding_window", "layer_types", "head_dim",
                "tie_word_embeddings", "eos_token_id", "torch_dtype", "vocab_size", "quantization_config",
                "attention_bias", "activation_function", "partial_rotary_factor", "original_max_position_embeddings",
            ]),
        modelFile(
            "generation-config", "generation_config.json in its model folder", "generation_config.json",
            words: ["eos_token_id", "num_beams", "repetition_penalty", "suppress_tokens", "[1,2]", "sequence_bias"]),
        modelFile(
            "quantization", "quantize_config.json, which describes a quantised model", "quantize_config.json",
            words: ["quantization", "bits", "quant_method", "gptq", "quant_algo", "load_in_4bit", "format", "w_bit"]),
        modelFile(
            "adapter", "adapter_config.json beside a model", "adapter_config.json",
            words: ["peft_type", "LORA", "base_model_name_or_path"]),
    ]

    /// A file of a model folder whose other files are as they should be.
    private static func modelFile(
        _ name: String, _ about: String, _ file: String, words: [String]
    ) -> FuzzReader {
        FuzzReader(
            name, about, .json, words: words, seeds: { try ModelSeeds.of(file) }
        ) { folder in
            let model = folder.url.appending(path: "model")
            try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
            try TinyModel.write(.gpt2, to: model)
            let path = folder.path("model/\(file)")
            return { input in
                try folder.put(input, into: path)
                // The configuration alone reaches families whose weights are not those of the folder.
                if file == "config.json" { _ = try ModelConfiguration(folder: model).warnings }
                return try StoredModel(folder: model).warnings
            }
        }
    }
}

/// Configurations to begin with.
private enum ModelSeeds {
    /// A matrix and a text, as second moments are kept.
    static func archive() throws -> [UInt8] {
        let folder = try FuzzFolder.make()
        defer { folder.remove() }
        let path = folder.url.appending(path: "seed.npz")
        let numbers = TensorBytes([UInt8](repeating: 0, count: 4 * 8))
        try NumPyArchive.write(
            [
                ("mom2.mom2", NumPyArray(.number(.float64), shape: [2, 2], bytes: numbers)),
                ("name", NumPyArray(text: "neurons")),
            ], to: path)
        return try [UInt8](Data(contentsOf: path))
    }

    /// A model of one layer with a tokenizer of five tokens.
    static func gguf() throws -> [UInt8] {
        let folder = try FuzzFolder.make()
        defer { folder.remove() }
        let path = folder.url.appending(path: "seed.gguf")
        func tensor(_ name: String, _ shape: [Int]) -> GGUFWriter.Tensor {
            GGUFWriter.Tensor(
                name: name, shape: shape, bytes: TensorBytes([UInt8](repeating: 0, count: shape.reduce(4, *))))
        }
        let metadata: [(key: String, value: GGUFValue)] = [
            ("general.architecture", .text("llama")), ("llama.block_count", .integer(1)),
            ("llama.context_length", .integer(16)), ("llama.embedding_length", .integer(4)),
            ("llama.feed_forward_length", .integer(8)), ("llama.attention.head_count", .integer(2)),
            ("llama.attention.head_count_kv", .integer(1)), ("llama.attention.layer_norm_rms_epsilon", .single(1e-5)),
            ("llama.rope.freq_base", .single(10_000)), ("tokenizer.ggml.model", .text("gpt2")),
            ("tokenizer.ggml.pre", .text("llama-bpe")),
            ("tokenizer.ggml.tokens", .list(["<|end|>", "a", "b", "ab", "\u{120}"].map { .text($0) })),
            ("tokenizer.ggml.token_type", .list([3, 1, 1, 1, 1].map { .integer($0) })),
            ("tokenizer.ggml.merges", .list([.text("a b")])), ("tokenizer.ggml.eos_token_id", .integer(0)),
        ]
        let block = [
            "attn_q": [4, 4], "attn_k": [2, 4], "attn_v": [2, 4], "attn_output": [4, 4], "attn_norm": [4],
            "ffn_norm": [4], "ffn_gate": [8, 4], "ffn_up": [8, 4], "ffn_down": [4, 8],
        ]
        let tensors = block.sorted { $0.key < $1.key }.map { tensor("blk.0.\($0.key).weight", $0.value) }
        try GGUFWriter.write(
            metadata: metadata, [tensor("token_embd.weight", [5, 4]), tensor("output_norm.weight", [4])] + tensors,
            to: path)
        return try [UInt8](Data(contentsOf: path))
    }

    static func of(_ file: String) throws -> [[UInt8]] {
        switch file {
        case "config.json":
            let folder = try FuzzFolder.make()
            defer { folder.remove() }
            return try [TinyModel.Family.gpt2, .gptj, .llama, .gptNeoX].map { (family) -> [UInt8] in
                try TinyModel.write(family, to: folder.url)
                return try [UInt8](Data(contentsOf: folder.url.appending(path: "config.json")))
            }
        case "generation_config.json":
            return [#"{"eos_token_id":[0,1],"num_beams":4,"bad_words_ids":[[1]],"temperature":0.7}"#].bytes
        case "quantize_config.json":
            return [#"{"bits":4,"quant_method":"gptq"}"#, #"{"quantization":{"quant_algo":"FP8"}}"#].bytes
        default: return [#"{"peft_type":"LORA","base_model_name_or_path":"gpt2","r":8}"#].bytes
        }
    }
}

/// Small files in the format.
enum Safetensors {
    static let small = file(
        #"{"__metadata__":{"format":"pt"},"x":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
            + #""y":{"dtype":"BF16","shape":[8],"data_offsets":[16,32]}}"#, data: Array(repeating: 7, count: 32))
    static let empty = file("{}", data: [])

    /// A header with its length, then the data.
    static func file(_ header: String, data: [UInt8]) -> [UInt8] {
        let count = UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: count >> UInt64(8 * $0)) } + Array(header.utf8) + data
    }
}

extension [String] {
    var bytes: [[UInt8]] { map { [UInt8]($0.utf8) } }
}

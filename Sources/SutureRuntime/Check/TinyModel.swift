// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// A model of random weights, made from a seed: small enough to check a component in a second, with a byte-level tokenizer
/// that knows a few words as one token. The laws of components and the tests run on it.
package enum TinyModel {
    package static let dModel = 16
    package static let layerCount = 4
    package static let dMLP = 64
    private static let headCount = 2
    package static let contextLength = 96

    /// Architectures that differ in what a method may depend on.
    package enum Family: String, CaseIterable, Sendable, Codable {
        /// Those that methods are tested on.
        package static let allCases = [Family.gpt2, .gptj, .llama]

        /// Serial blocks, learned positions, transposed weights.
        case gpt2
        /// Parallel blocks, rotary positions.
        case gptj
        /// Gated MLP, no biases; queries share keys and values.
        case llama
        /// Parallel blocks, query, key and value of a head next to each other in one tensor.
        case gptNeoX = "gpt_neox"
        /// Norms behind attention and MLP, windows, caps of the logits.
        case gemma2
    }

    /// A model of a family. The folder is gone when this returns.
    package static func load(
        _ family: Family = .gpt2, seed: Int = 7, dtype: DType = .float32
    ) throws -> LanguageModel {
        let place = try TemporaryPlace.make(
            .folder, beside: FileManager.default.temporaryDirectory.appending(path: "suture-tiny").path)
        let folder = URL(fileURLWithPath: place.path)
        defer { withExtendedLifetime(place) { try? FileManager.default.removeItem(at: folder) } }
        try write(family, seed: seed, to: folder)
        return try LanguageModel(folder: folder, dtype: dtype)
    }

    /// Writes the folder of a model.
    ///
    /// - Parameter foreign: another tokenizer, as its tokenizer.json, with the number of ids that the model is to have.
    package static func write(
        _ family: Family = .gpt2, seed: Int = 7, tokenizer foreign: (json: Data, vocabulary: Int)? = nil, to folder: URL
    ) throws {
        try HostTables.install()
        let own = TinyTokenizer()
        let json = try foreign?.json ?? JSONSerialization.data(withJSONObject: own.json)
        try json.write(to: folder.appending(path: "tokenizer.json"))
        let vocabulary = foreign?.vocabulary ?? own.vocabulary.count
        try JSONSerialization.data(withJSONObject: configuration(family, vocabulary))
            .write(to: folder.appending(path: "config.json"))
        let random = try RandomNumbers(seed: seed)
        let tensors = try weights(family, vocabulary).map { weight in
            let (name, shape) = (weight.name, weight.shape)
            // Norm weights near 1, the rest wide enough that predictions differ.
            let isNorm = name.contains("ln_") || name.contains("norm")
            let deviation = isNorm ? 0.1 : shape.count == 1 ? 0.1 : 0.3
            // Gemma adds 1 to the weights of its norms.
            let mean = isNorm && name.hasSuffix("weight") && family != .gemma2 ? 1.0 : 0
            let values = try random.normal(shape, mean: mean, deviation: deviation).scalars(as: Float.self)
            return SafetensorsWriter.Tensor(
                name: name, dtype: .float32, shape: shape,
                bytes: TensorBytes(values.withUnsafeBytes { Array($0) }))
        }
        try SafetensorsWriter.write(tensors, to: folder.appending(path: "model.safetensors"))
    }

    private static func configuration(_ family: Family, _ vocabulary: Int) -> [String: Any] {
        let common: [String: Any] = [
            "model_type": family.rawValue, "vocab_size": vocabulary, "bos_token_id": 0, "eos_token_id": 0,
        ]
        let own: [String: Any] =
            switch family {
            case .gpt2, .gptj:
                (family == .gptj ? ["rotary_dim": 4] : [:] as [String: Any]).merging([
                    "n_embd": dModel, "n_layer": layerCount, "n_head": headCount, "n_positions": contextLength,
                    "n_inner": dMLP, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
                    "tie_word_embeddings": family == .gpt2,
                ]) { $1 }
            case .llama:
                [
                    "hidden_size": dModel, "num_hidden_layers": layerCount, "num_attention_heads": headCount,
                    "num_key_value_heads": 1, "intermediate_size": dMLP, "max_position_embeddings": contextLength,
                    "hidden_act": "silu", "rms_norm_eps": 1e-5, "tie_word_embeddings": false, "rope_theta": 10000.0,
                ]
            case .gptNeoX:
                [
                    "hidden_size": dModel, "num_hidden_layers": layerCount, "num_attention_heads": headCount,
                    "intermediate_size": dMLP, "max_position_embeddings": contextLength, "hidden_act": "gelu",
                    "layer_norm_eps": 1e-5, "tie_word_embeddings": false, "rotary_pct": 0.5, "rotary_emb_base": 10000,
                    "use_parallel_residual": true,
                ]
            case .gemma2:
                [
                    "hidden_size": dModel, "num_hidden_layers": layerCount, "num_attention_heads": headCount,
                    "num_key_value_heads": 1, "head_dim": dModel / headCount, "intermediate_size": dMLP,
                    "max_position_embeddings": contextLength, "hidden_activation": "gelu_pytorch_tanh",
                    "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "rope_theta": 10000.0,
                    "query_pre_attn_scalar": dModel / headCount, "attn_logit_softcapping": 20.0,
                    "final_logit_softcapping": 5.0, "sliding_window": 8,
                    "layer_types": (0..<layerCount).map { $0 % 2 == 0 ? "sliding_attention" : "full_attention" },
                ]
            }
        return common.merging(own) { $1 }
    }

    private struct Weight {
        var name: String
        var shape: [Int]
        init(_ name: String, _ shape: Int...) { (self.name, self.shape) = (name, shape) }
    }

    private static func weights(_ family: Family, _ vocabulary: Int) -> [Weight] {
        let d = dModel
        let m = dMLP
        let ends: (first: [Weight], last: [Weight])
        let prefix: String
        let block: [Weight]
        switch family {
        case .gpt2:
            ends.first = [
                Weight("transformer.wte.weight", vocabulary, d), Weight("transformer.wpe.weight", contextLength, d),
            ]
            ends.last = [Weight("transformer.ln_f.weight", d), Weight("transformer.ln_f.bias", d)]
            prefix = "transformer.h."
            block = [
                Weight("ln_1.weight", d), Weight("ln_1.bias", d), Weight("attn.c_attn.weight", d, 3 * d),
                Weight("attn.c_attn.bias", 3 * d), Weight("attn.c_proj.weight", d, d), Weight("attn.c_proj.bias", d),
                Weight("ln_2.weight", d), Weight("ln_2.bias", d), Weight("mlp.c_fc.weight", d, m),
                Weight("mlp.c_fc.bias", m), Weight("mlp.c_proj.weight", m, d), Weight("mlp.c_proj.bias", d),
            ]
        case .gptj:
            ends.first = [Weight("transformer.wte.weight", vocabulary, d)]
            ends.last = [
                Weight("transformer.ln_f.weight", d), Weight("transformer.ln_f.bias", d),
                Weight("lm_head.weight", vocabulary, d), Weight("lm_head.bias", vocabulary),
            ]
            prefix = "transformer.h."
            block = [
                Weight("ln_1.weight", d), Weight("ln_1.bias", d), Weight("attn.q_proj.weight", d, d),
                Weight("attn.k_proj.weight", d, d), Weight("attn.v_proj.weight", d, d),
                Weight("attn.out_proj.weight", d, d), Weight("mlp.fc_in.weight", m, d), Weight("mlp.fc_in.bias", m),
                Weight("mlp.fc_out.weight", d, m), Weight("mlp.fc_out.bias", d),
            ]
        case .llama:
            let shared = d / headCount
            ends.first = [Weight("model.embed_tokens.weight", vocabulary, d)]
            ends.last = [Weight("model.norm.weight", d), Weight("lm_head.weight", vocabulary, d)]
            prefix = "model.layers."
            block = [
                Weight("input_layernorm.weight", d), Weight("self_attn.q_proj.weight", d, d),
                Weight("self_attn.k_proj.weight", shared, d), Weight("self_attn.v_proj.weight", shared, d),
                Weight("self_attn.o_proj.weight", d, d), Weight("post_attention_layernorm.weight", d),
                Weight("mlp.gate_proj.weight", m, d), Weight("mlp.up_proj.weight", m, d),
                Weight("mlp.down_proj.weight", d, m),
            ]
        case .gptNeoX:
            ends.first = [Weight("gpt_neox.embed_in.weight", vocabulary, d)]
            ends.last = [
                Weight("gpt_neox.final_layer_norm.weight", d), Weight("gpt_neox.final_layer_norm.bias", d),
                Weight("embed_out.weight", vocabulary, d),
            ]
            prefix = "gpt_neox.layers."
            block = [
                Weight("input_layernorm.weight", d), Weight("input_layernorm.bias", d),
                Weight("attention.query_key_value.weight", 3 * d, d), Weight("attention.query_key_value.bias", 3 * d),
                Weight("attention.dense.weight", d, d), Weight("attention.dense.bias", d),
                Weight("post_attention_layernorm.weight", d), Weight("post_attention_layernorm.bias", d),
                Weight("mlp.dense_h_to_4h.weight", m, d), Weight("mlp.dense_h_to_4h.bias", m),
                Weight("mlp.dense_4h_to_h.weight", d, m), Weight("mlp.dense_4h_to_h.bias", d),
            ]
        case .gemma2:
            let shared = d / headCount
            ends.first = [Weight("model.embed_tokens.weight", vocabulary, d)]
            ends.last = [Weight("model.norm.weight", d)]
            prefix = "model.layers."
            block = [
                Weight("input_layernorm.weight", d), Weight("self_attn.q_proj.weight", d, d),
                Weight("self_attn.k_proj.weight", shared, d), Weight("self_attn.v_proj.weight", shared, d),
                Weight("self_attn.o_proj.weight", d, d), Weight("post_attention_layernorm.weight", d),
                Weight("pre_feedforward_layernorm.weight", d), Weight("mlp.gate_proj.weight", m, d),
                Weight("mlp.up_proj.weight", m, d), Weight("mlp.down_proj.weight", d, m),
                Weight("post_feedforward_layernorm.weight", d),
            ]
        }
        let blocks = (0..<layerCount).flatMap { layer in
            block.map { weight in
                var weight = weight
                weight.name = "\(prefix)\(layer).\(weight.name)"
                return weight
            }
        }
        return ends.first + blocks + ends.last
    }
}

// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    static let gemma = form(of: llama) {
        $0.modelType = "gemma"
        $0.keys = ConfigurationKeys(
            dModel: Setting("hidden_size", default: 3072), layerCount: Setting("num_hidden_layers", default: 28),
            headCount: Setting("num_attention_heads", default: 16),
            keyValueHeadCount: Setting("num_key_value_heads", default: 16), dHead: .configuredOr(256),
            dMLP: Setting("intermediate_size", default: 24576), vocabulary: Setting("vocab_size", default: 256_000),
            contextLength: Setting("max_position_embeddings", default: 8192),
            activation: Setting("hidden_act", default: "gelu_pytorch_tanh"), tiesHeadByDefault: true)
        // The first files of this family say "gelu" and mean its approximation.
        $0.otherActivations = ["gelu": .geluTanh]
        $0.norm = .rmsNormAroundOne
        $0.scales.embeddingByRootOfWidth = true
        $0.biases.mlp = .never
        $0.classNames = ["GemmaForCausalLM"]
        // hidden_activation is an older spelling that transformers does not read any more.
        $0.harmlessKeys = ["attention_dropout", "sliding_window", "hidden_activation"]
        $0.restrictions = [Restriction(key: "use_bidirectional_attention", values: ["false", "null"])]
    }

    static let gemma2 = form(of: gemma) {
        $0.modelType = "gemma2"
        $0.keys.dModel = Setting("hidden_size", default: 2304)
        $0.keys.layerCount = Setting("num_hidden_layers", default: 26)
        $0.keys.headCount = Setting("num_attention_heads", default: 8)
        $0.keys.keyValueHeadCount = Setting("num_key_value_heads", default: 4)
        $0.keys.dMLP = Setting("intermediate_size", default: 9216)
        $0.keys.activation = Setting("hidden_activation", default: "gelu_pytorch_tanh")
        $0.otherActivations = [:]
        $0.attentionScale = .root(Setting("query_pre_attn_scalar", default: 256))
        $0.scales.scoreCap = Setting("attn_logit_softcapping", default: 50, allowsNull: true)
        $0.scales.logitCap = Setting("final_logit_softcapping", default: 30, allowsNull: true)
        $0.window = .someLayers(default: 4096, rule: .allButEvery(2))
        $0.names.normAfterAttention = "layers.{}.post_attention_layernorm"
        $0.names.mlpNorm = "layers.{}.pre_feedforward_layernorm"
        $0.names.normAfterMLP = "layers.{}.post_feedforward_layernorm"
        $0.classNames = ["Gemma2ForCausalLM"]
        $0.harmlessKeys = ["attention_dropout", "cache_implementation", "hidden_act"]
    }

    static let gemma3 = form(of: gemma2) {
        $0.modelType = "gemma3_text"
        $0.keys.vocabulary = Setting("vocab_size", default: 262_208)
        $0.keys.contextLength = Setting("max_position_embeddings", default: 131_072)
        $0.positions = .rotary(
            Rotary(defaultBase: 1_000_000, windowBase: Setting("rope_local_base_freq", default: 10_000)))
        // The scores are not capped: transformers reads the key and leaves it unused.
        $0.scales.scoreCap = nil
        $0.scales.logitCap = Setting("final_logit_softcapping", default: nil, allowsNull: true)
        $0.window = .someLayers(default: 4096, rule: .allButEvery(6, key: "sliding_window_pattern"))
        $0.names.queryKeyNorms = QueryKeyNorms(
            query: "layers.{}.self_attn.q_norm", key: "layers.{}.self_attn.k_norm", span: .head)
        $0.classNames = ["Gemma3ForCausalLM"]
        $0.harmlessKeys = [
            "attention_dropout", "cache_implementation", "attn_logit_softcapping", "hidden_act", "image_token_id",
            "mm_tokens_per_image", "vision_config", "_sliding_window_pattern",
        ]
        $0.restrictions.append(Restriction(key: "text_config", values: []))
    }

    /// Gemma 3 as it is published in most sizes: with a part for pictures, which is left out.
    static let gemma3WithPictures = form(of: gemma3) {
        $0.modelType = "gemma3"
        $0.textPart = TextPart(
            section: "text_config", modelType: "gemma3_text",
            outerKeys: ["tie_word_embeddings", "bos_token_id", "eos_token_id", "quantization_config"],
            otherKeys: [
                "model_type", "architectures", "auto_map", "vision_config", "mm_tokens_per_image", "boi_token_index",
                "eoi_token_index", "image_token_index", "boi_token_id", "eoi_token_id", "image_token_id",
            ],
            prefixes: ["language_model.model.", "model.language_model."],
            otherTensors: [
                "vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector.",
            ])
        $0.names.otherHeads = ["language_model.lm_head"]
        $0.classNames = ["Gemma3ForConditionalGeneration"]
        $0.harmlessKeys.append("model_type")
    }
}

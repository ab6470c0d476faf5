// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    /// The names of Llama and of most families after it.
    static let llamaNames = Names(
        embedding: "embed_tokens", attentionNorm: "layers.{}.input_layernorm",
        mlpNorm: "layers.{}.post_attention_layernorm",
        queryKeyValue: .separate(
            query: "layers.{}.self_attn.q_proj", key: "layers.{}.self_attn.k_proj",
            value: "layers.{}.self_attn.v_proj"),
        attentionOutput: "layers.{}.self_attn.o_proj",
        neuronInput: .gated(gate: "layers.{}.mlp.gate_proj", up: "layers.{}.mlp.up_proj"),
        down: "layers.{}.mlp.down_proj", finalNorm: "norm", head: "lm_head")

    static let llama = ArchitectureDescription(
        modelType: "llama", prefix: "model.", keys: ConfigurationKeys(), norm: .rmsNorm,
        positions: .rotary(Rotary()), block: .serial, names: llamaNames,
        biases: Biases(
            queryKeyValue: .ifConfigured(key: "attention_bias", default: false),
            attentionOutput: .ifConfigured(key: "attention_bias", default: false),
            mlp: .ifConfigured(key: "mlp_bias", default: false)),
        classNames: ["LlamaForCausalLM"],
        // Models that were converted from Qwen2 and Mistral keep the keys of windows, which no Llama has.
        harmlessKeys: [
            "attention_dropout", "pretraining_tp", "sliding_window", "use_sliding_window", "max_window_layers",
        ],
        buffers: ["rotary_emb.inv_freq"])

    static let mistral = ArchitectureDescription(
        modelType: "mistral", prefix: "model.",
        keys: ConfigurationKeys(
            keyValueHeadCount: Setting("num_key_value_heads", default: 8),
            dMLP: Setting("intermediate_size", default: 14336),
            contextLength: Setting("max_position_embeddings", default: 4096 * 32)),
        norm: .rmsNorm, positions: .rotary(Rotary()), block: .serial, window: .allLayers(default: 4096),
        names: llamaNames, biases: Biases(), classNames: ["MistralForCausalLM"],
        harmlessKeys: [
            "attention_dropout", "attention_bias", "mlp_bias", "use_sliding_window", "max_window_layers",
        ],
        // transformers takes a Mistral with this key for a Ministral.
        restrictions: [Restriction(key: "layer_types", values: [])],
        buffers: ["rotary_emb.inv_freq"])

    static let smolLM3 = form(of: llama) {
        $0.modelType = "smollm3"
        $0.keys = ConfigurationKeys(
            dModel: Setting("hidden_size", default: 2048), layerCount: Setting("num_hidden_layers", default: 36),
            headCount: Setting("num_attention_heads", default: 16),
            keyValueHeadCount: Setting("num_key_value_heads", default: 4, allowsNull: true),
            vocabulary: Setting("vocab_size", default: 128_256),
            contextLength: Setting("max_position_embeddings", default: 32768), tiesHeadByDefault: true)
        $0.positions = .rotary(
            Rotary(
                defaultBase: 2_000_000,
                skipped: SkippedLayers(
                    listKey: "no_rope_layers", interval: 4, intervalKey: "no_rope_layer_interval")))
        $0.window = .someLayers(default: nil, rule: .withoutPositions)
        $0.classNames = ["SmolLM3ForCausalLM"]
        $0.harmlessKeys = ["attention_dropout", "use_sliding_window", "pretraining_tp", "max_window_layers"]
    }

    static let granite = form(of: llama) {
        $0.modelType = "granite"
        $0.attentionScale = .factor(Setting("attention_multiplier", default: 1))
        $0.scales = Scales(
            embedding: Setting("embedding_multiplier", default: 1),
            residual: Setting("residual_multiplier", default: 1),
            logitDivisor: Setting("logits_scaling", default: 1))
        $0.classNames = ["GraniteForCausalLM"]
        $0.harmlessKeys = ["attention_dropout", "sliding_window"]
    }

    static let phi3 = form(of: llama) {
        $0.modelType = "phi3"
        $0.keys = ConfigurationKeys(
            dModel: Setting("hidden_size", default: 3072), dMLP: Setting("intermediate_size", default: 8192),
            vocabulary: Setting("vocab_size", default: 32064),
            contextLength: Setting("max_position_embeddings", default: 4096),
            epsilon: Setting("rms_norm_eps", default: 1e-5))
        $0.positions = .rotary(
            Rotary(
                width: .fraction(key: "partial_rotary_factor", default: 1), scalings: [.default, .longrope],
                defaultOriginalContext: 4096, otherNames: ["su": .longrope, "yarn": .longrope]))
        $0.window = .allLayers(default: nil)
        $0.names.queryKeyValue = .fusedByPart("layers.{}.self_attn.qkv_proj")
        $0.names.neuronInput = .gatedTogether("layers.{}.mlp.gate_up_proj")
        $0.biases = Biases()
        $0.classNames = ["Phi3ForCausalLM"]
        $0.harmlessKeys = ["attention_dropout", "attention_bias", "mlp_bias", "resid_pdrop", "embd_pdrop"]
    }

    static let olmo2 = form(of: llama) {
        $0.modelType = "olmo2"
        $0.keys = ConfigurationKeys(
            vocabulary: Setting("vocab_size", default: 50304), epsilon: Setting("rms_norm_eps", default: 1e-5))
        $0.names.attentionNorm = nil
        $0.names.normAfterAttention = "layers.{}.post_attention_layernorm"
        $0.names.mlpNorm = nil
        $0.names.normAfterMLP = "layers.{}.post_feedforward_layernorm"
        $0.names.queryKeyNorms = QueryKeyNorms(
            query: "layers.{}.self_attn.q_norm", key: "layers.{}.self_attn.k_norm", span: .allHeads)
        $0.biases.mlp = .never
        $0.classNames = ["Olmo2ForCausalLM"]
        $0.harmlessKeys = ["attention_dropout", "sliding_window"]
    }
}

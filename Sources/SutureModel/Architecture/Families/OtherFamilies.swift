// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    static let starCoder2 = ArchitectureDescription(
        modelType: "starcoder2", prefix: "model.",
        keys: ConfigurationKeys(
            dModel: Setting("hidden_size", default: 3072), layerCount: Setting("num_hidden_layers", default: 30),
            headCount: Setting("num_attention_heads", default: 24),
            keyValueHeadCount: Setting("num_key_value_heads", default: 2),
            dMLP: Setting("intermediate_size", default: 12288), vocabulary: Setting("vocab_size", default: 49152),
            contextLength: Setting("max_position_embeddings", default: 4096),
            activation: Setting("hidden_act", default: "gelu_pytorch_tanh"),
            epsilon: Setting("norm_epsilon", default: 1e-5), tiesHeadByDefault: true),
        norm: .layerNorm, positions: .rotary(Rotary()), block: .serial, window: .allLayers(default: nil),
        names: Names(
            embedding: "embed_tokens", attentionNorm: "layers.{}.input_layernorm",
            mlpNorm: "layers.{}.post_attention_layernorm",
            queryKeyValue: .separate(
                query: "layers.{}.self_attn.q_proj", key: "layers.{}.self_attn.k_proj",
                value: "layers.{}.self_attn.v_proj"),
            attentionOutput: "layers.{}.self_attn.o_proj", neuronInput: .plain("layers.{}.mlp.c_fc"),
            down: "layers.{}.mlp.c_proj",
            finalNorm: "norm", head: "lm_head"),
        biases: Biases(
            queryKeyValue: .ifConfigured(key: "use_bias", default: true),
            attentionOutput: .ifConfigured(key: "use_bias", default: true),
            mlp: .ifConfigured(key: "use_bias", default: true)),
        classNames: ["Starcoder2ForCausalLM"],
        harmlessKeys: [
            "attention_dropout", "residual_dropout", "embedding_dropout", "mlp_type", "norm_type",
            "activation_function",
            "use_sliding_window", "max_window_layers",
        ],
        buffers: ["rotary_emb.inv_freq"])

    static let stableLM = ArchitectureDescription(
        modelType: "stablelm",
        conditions: [Condition(key: "use_parallel_residual", values: ["false"], holdsIfMissing: true)],
        prefix: "model.",
        keys: ConfigurationKeys(
            dModel: Setting("hidden_size", default: 2560),
            keyValueHeadCount: Setting("num_key_value_heads", default: 32), dHead: .derivedOnly,
            dMLP: Setting("intermediate_size", default: 6912), vocabulary: Setting("vocab_size", default: 50304),
            contextLength: Setting("max_position_embeddings", default: 4096),
            epsilon: Setting("layer_norm_eps", default: 1e-5)),
        norm: .layerNorm,
        positions: .rotary(
            Rotary(
                width: .fraction(key: "partial_rotary_factor", default: 0.25), allowsOddWidth: false,
                scalings: RotaryScaling.allCases.filter { $0 != .proportional })),
        block: .serial, names: stableLMNames,
        biases: Biases(queryKeyValue: .ifConfigured(key: "use_qkv_bias", default: false)),
        classNames: ["StableLmForCausalLM"],
        harmlessKeys: ["attention_dropout", "hidden_dropout", "sliding_window", "rotary_scaling_factor", "norm_eps"],
        buffers: ["rotary_emb.inv_freq"])

    static let stableLMParallel = form(of: stableLM) {
        $0.conditions = [Condition(key: "use_parallel_residual", values: ["true"], holdsIfMissing: false)]
        $0.block = .parallel
        $0.names.mlpNorm = nil
    }

    private static var stableLMNames: Names {
        var names = llamaNames
        names.queryKeyNorms = QueryKeyNorms(
            query: "layers.{}.self_attn.q_layernorm.norms", key: "layers.{}.self_attn.k_layernorm.norms",
            span: .ownHead, configuredBy: "qk_layernorm")
        return names
    }
}

// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    // MARK: - New decoder architecture

    /// Attention and MLP side by side, each with a norm of its own.
    static let falcon = ArchitectureDescription(
        modelType: "falcon",
        conditions: [isNew, Condition(key: "num_ln_in_parallel_attn", values: ["2", "null"], holdsIfMissing: true)],
        prefix: "transformer.",
        keys: ConfigurationKeys(
            dModel: Setting("n_embed", "hidden_size", default: 4544),
            headCount: Setting("num_attention_heads", default: 71),
            keyValueHeadCount: Setting("num_kv_heads", default: nil, allowsNull: true), dHead: .derived,
            dMLP: Setting("ffn_hidden_size", default: nil, allowsNull: true),
            vocabulary: Setting("vocab_size", default: 65024), activation: Setting("activation", default: "gelu"),
            epsilon: Setting("layer_norm_epsilon", default: 1e-5), tiesHeadByDefault: true),
        norm: .layerNorm,
        positions: .rotary(Rotary()), block: .parallel,
        names: Names(
            embedding: "word_embeddings", attentionNorm: "h.{}.ln_attn", mlpNorm: "h.{}.ln_mlp",
            queryKeyValue: .fusedByGroup("h.{}.self_attention.query_key_value"),
            attentionOutput: "h.{}.self_attention.dense", neuronInput: .plain("h.{}.mlp.dense_h_to_4h"),
            down: "h.{}.mlp.dense_4h_to_h", finalNorm: "ln_f", head: "lm_head"),
        biases: Biases(
            queryKeyValue: .ifConfigured(key: "bias", default: false),
            attentionOutput: .ifConfigured(key: "bias", default: false), mlp: .ifConfigured(key: "bias", default: false)
        ),
        classNames: ["FalconForCausalLM"],
        harmlessKeys: [
            "attention_dropout", "hidden_dropout", "multi_query", "parallel_attn",
            "apply_residual_connection_post_layernorm",
            "num_ln_in_parallel_attn", "sliding_window", "classifier_dropout", "intermediate_size",
        ],
        restrictions: [
            Restriction(key: "alibi", values: ["false", "null"]), Restriction(key: "head_dim", values: []),
        ], buffers: ["rotary_emb.inv_freq"])

    /// Attention and MLP share a norm.
    static let falconSharedNorm = form(of: falcon) {
        $0.conditions = [isNew, Condition(key: "num_ln_in_parallel_attn", values: ["1"], holdsIfMissing: false)]
        $0.names.attentionNorm = "h.{}.input_layernorm"
        $0.names.mlpNorm = nil
    }

    // MARK: - Old decoder architecture

    /// One key and one value for all heads, attention and MLP side by side.
    static let falconOneKey = form(of: falconSharedNorm) {
        $0.conditions = [isOld, hasOneKey, isParallel]
        $0.keys.keyValueHeadCount = Setting(default: 1)
        $0.harmlessKeys.append("num_kv_heads")
    }

    /// One key and one value for all heads, the MLP behind attention.
    static let falconSerial = form(of: falconOneKey) {
        $0.conditions = [isOld, hasOneKey, isSerial]
        $0.block = .serial
        $0.names.mlpNorm = "h.{}.post_attention_layernorm"
    }

    /// As many keys as heads, attention and MLP side by side.
    static let falconManyKeys = form(of: falconOneKey) {
        $0.conditions = [isOld, hasManyKeys, isParallel]
        $0.keys.keyValueHeadCount = nil
    }

    /// As many keys as heads, the MLP behind attention.
    static let falconManyKeysSerial = form(of: falconSerial) {
        $0.conditions = [isOld, hasManyKeys, isSerial]
        $0.keys.keyValueHeadCount = nil
    }

    // MARK: - Conditions

    private static let isNew = Condition(key: "new_decoder_architecture", values: ["true"], holdsIfMissing: false)
    private static let isOld = Condition(
        key: "new_decoder_architecture", values: ["false", "null"], holdsIfMissing: true)
    private static let hasOneKey = Condition(key: "multi_query", values: ["true"], holdsIfMissing: true)
    private static let hasManyKeys = Condition(key: "multi_query", values: ["false"], holdsIfMissing: false)
    private static let isParallel = Condition(key: "parallel_attn", values: ["true"], holdsIfMissing: true)
    private static let isSerial = Condition(key: "parallel_attn", values: ["false"], holdsIfMissing: false)
}

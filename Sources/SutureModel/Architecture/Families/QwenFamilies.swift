// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    static let qwen2 = ArchitectureDescription(
        modelType: "qwen2", prefix: "model.",
        keys: ConfigurationKeys(
            keyValueHeadCount: Setting("num_key_value_heads", default: 32, allowsNull: true),
            dMLP: Setting("intermediate_size", default: 22016), vocabulary: Setting("vocab_size", default: 151_936),
            contextLength: Setting("max_position_embeddings", default: 32768)),
        norm: .rmsNorm, positions: .rotary(Rotary()), block: .serial,
        window: .someLayers(default: 4096, rule: .from(28), isSwitched: true),
        names: llamaNames, biases: Biases(queryKeyValue: .always), classNames: ["Qwen2ForCausalLM"],
        harmlessKeys: ["attention_dropout", "attention_bias", "mlp_bias", "use_mrope"],
        buffers: ["rotary_emb.inv_freq"])

    static let qwen3 = form(of: qwen2) {
        $0.modelType = "qwen3"
        $0.keys.dHead = .configuredOr(128)
        $0.names.queryKeyNorms = QueryKeyNorms(
            query: "layers.{}.self_attn.q_norm", key: "layers.{}.self_attn.k_norm", span: .head)
        $0.biases = Biases(
            queryKeyValue: .ifConfigured(key: "attention_bias", default: false),
            attentionOutput: .ifConfigured(key: "attention_bias", default: false))
        $0.classNames = ["Qwen3ForCausalLM"]
        $0.harmlessKeys = ["attention_dropout"]
    }
}

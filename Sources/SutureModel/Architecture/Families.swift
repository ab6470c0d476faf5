// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    /// The families that can be read.
    public static let families: [ArchitectureDescription] = [gpt2, llama, mistral, qwen2, gptJ, gptNeoX, starCoder2]

    static let gpt2 = ArchitectureDescription(
        modelType: "gpt2", prefix: "transformer.",
        keys: ConfigurationKeys(
            dModel: ["n_embd"], layerCount: ["n_layer"], headCount: ["n_head"], keyValueHeadCount: ["n_head"],
            dMLP: ["n_inner"], contextLength: ["n_positions", "n_ctx"], activation: ["activation_function"],
            epsilon: ["layer_norm_epsilon"], tiesHeadByDefault: true),
        norm: .layerNorm, positions: .learned("wpe"), block: .serial,
        names: Names(
            embedding: "wte", attentionNorm: "h.{}.ln_1", mlpNorm: "h.{}.ln_2",
            queryKeyValue: .fusedByPart("h.{}.attn.c_attn"), attentionOutput: "h.{}.attn.c_proj",
            up: "h.{}.mlp.c_fc", down: "h.{}.mlp.c_proj", finalNorm: "ln_f", head: "lm_head"),
        biases: Biases(queryKeyValue: .always, attentionOutput: .always, mlp: .always),
        buffers: [".attn.bias", ".attn.masked_bias"], storesTransposed: true)

    private static let llamaNames = Names(
        embedding: "embed_tokens", attentionNorm: "layers.{}.input_layernorm",
        mlpNorm: "layers.{}.post_attention_layernorm",
        queryKeyValue: .separate(
            query: "layers.{}.self_attn.q_proj", key: "layers.{}.self_attn.k_proj",
            value: "layers.{}.self_attn.v_proj"),
        attentionOutput: "layers.{}.self_attn.o_proj", gate: "layers.{}.mlp.gate_proj",
        up: "layers.{}.mlp.up_proj", down: "layers.{}.mlp.down_proj", finalNorm: "norm", head: "lm_head")

    static let llama = ArchitectureDescription(
        modelType: "llama", prefix: "model.", keys: ConfigurationKeys(), norm: .rmsNorm,
        positions: .rotary(Rotary()), block: .serial, names: llamaNames,
        biases: Biases(
            queryKeyValue: .ifConfigured(key: "attention_bias"), attentionOutput: .ifConfigured(key: "attention_bias"),
            mlp: .ifConfigured(key: "mlp_bias")),
        buffers: ["rotary_emb.inv_freq"])

    static let mistral = ArchitectureDescription(
        modelType: "mistral", prefix: "model.", keys: ConfigurationKeys(), norm: .rmsNorm,
        positions: .rotary(Rotary()), block: .serial, names: llamaNames, biases: Biases(),
        buffers: ["rotary_emb.inv_freq"])

    static let qwen2 = ArchitectureDescription(
        modelType: "qwen2", prefix: "model.", keys: ConfigurationKeys(), norm: .rmsNorm,
        positions: .rotary(Rotary()), block: .serial, names: llamaNames, biases: Biases(queryKeyValue: .always),
        buffers: ["rotary_emb.inv_freq"])

    static let gptJ = ArchitectureDescription(
        modelType: "gptj", prefix: "transformer.",
        keys: ConfigurationKeys(
            dModel: ["n_embd"], layerCount: ["n_layer"], headCount: ["n_head"], keyValueHeadCount: ["n_head"],
            dMLP: ["n_inner"], contextLength: ["n_positions"], activation: ["activation_function"],
            epsilon: ["layer_norm_epsilon"]),
        norm: .layerNorm,
        positions: .rotary(Rotary(pairs: .neighbors, width: .count(key: "rotary_dim"))),
        block: .parallelSharedNorm,
        names: Names(
            embedding: "wte", attentionNorm: "h.{}.ln_1",
            queryKeyValue: .separate(
                query: "h.{}.attn.q_proj", key: "h.{}.attn.k_proj", value: "h.{}.attn.v_proj"),
            attentionOutput: "h.{}.attn.out_proj", up: "h.{}.mlp.fc_in", down: "h.{}.mlp.fc_out",
            finalNorm: "ln_f", head: "lm_head"),
        biases: Biases(mlp: .always, head: .always), buffers: [".attn.bias", ".attn.masked_bias"])

    static let gptNeoX = ArchitectureDescription(
        modelType: "gpt_neox", prefix: "gpt_neox.",
        keys: ConfigurationKeys(
            keyValueHeadCount: ["num_attention_heads"], epsilon: ["layer_norm_eps"]),
        norm: .layerNorm,
        positions: .rotary(
            Rotary(
                width: .fraction(key: "rotary_pct", default: 0.25), baseKeys: ["rotary_emb_base", "rope_theta"])),
        block: .parallelOwnNorms(key: "use_parallel_residual"),
        names: Names(
            embedding: "embed_in", attentionNorm: "layers.{}.input_layernorm",
            mlpNorm: "layers.{}.post_attention_layernorm",
            queryKeyValue: .fusedByHead("layers.{}.attention.query_key_value"),
            attentionOutput: "layers.{}.attention.dense", up: "layers.{}.mlp.dense_h_to_4h",
            down: "layers.{}.mlp.dense_4h_to_h", finalNorm: "final_layer_norm", head: "embed_out"),
        biases: Biases(
            queryKeyValue: .ifConfigured(key: "attention_bias"), attentionOutput: .ifConfigured(key: "attention_bias"),
            mlp: .always),
        buffers: [".attention.bias", ".attention.masked_bias", "rotary_emb.inv_freq"])

    static let starCoder2 = ArchitectureDescription(
        modelType: "starcoder2", prefix: "model.",
        keys: ConfigurationKeys(epsilon: ["norm_epsilon"], tiesHeadByDefault: true), norm: .layerNorm,
        positions: .rotary(Rotary()), block: .serial,
        names: Names(
            embedding: "embed_tokens", attentionNorm: "layers.{}.input_layernorm",
            mlpNorm: "layers.{}.post_attention_layernorm",
            queryKeyValue: .separate(
                query: "layers.{}.self_attn.q_proj", key: "layers.{}.self_attn.k_proj",
                value: "layers.{}.self_attn.v_proj"),
            attentionOutput: "layers.{}.self_attn.o_proj", up: "layers.{}.mlp.c_fc", down: "layers.{}.mlp.c_proj",
            finalNorm: "norm", head: "lm_head"),
        biases: Biases(
            queryKeyValue: .ifConfigured(key: "use_bias"), attentionOutput: .ifConfigured(key: "use_bias"),
            mlp: .ifConfigured(key: "use_bias")),
        buffers: ["rotary_emb.inv_freq"])
}

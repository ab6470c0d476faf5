// SPDX-License-Identifier: Apache-2.0

// Names and defaults are those of transformers' configuration classes. Tests/SutureModelTests/Configuration holds a table of
// every key that these classes read, with a probe for each.

extension ArchitectureDescription {
    /// The families that can be read.
    public static let families: [ArchitectureDescription] = [gpt2, llama, mistral, qwen2, gptJ, gptNeoX, starCoder2]

    static let gpt2 = ArchitectureDescription(
        modelType: "gpt2", prefix: "transformer.",
        keys: ConfigurationKeys(
            dModel: Setting("hidden_size", "n_embd", default: 768),
            layerCount: Setting("num_hidden_layers", "n_layer", default: 12),
            headCount: Setting("num_attention_heads", "n_head", default: 12), keyValueHeadCount: nil, dHead: .derived,
            dMLP: Setting("n_inner", default: nil, allowsNull: true), vocabulary: Setting("vocab_size", default: 50257),
            contextLength: Setting("max_position_embeddings", "n_positions", default: 1024),
            activation: Setting("activation_function", default: "gelu_new"),
            epsilon: Setting("layer_norm_epsilon", default: 1e-5), tiesHeadByDefault: true),
        norm: .layerNorm, positions: .learned("wpe"), block: .serial,
        attentionScale: .configured(width: "scale_attn_weights", layer: "scale_attn_by_inverse_layer_idx"),
        names: Names(
            embedding: "wte", attentionNorm: "h.{}.ln_1", mlpNorm: "h.{}.ln_2",
            queryKeyValue: .fusedByPart("h.{}.attn.c_attn"), attentionOutput: "h.{}.attn.c_proj",
            up: "h.{}.mlp.c_fc", down: "h.{}.mlp.c_proj", finalNorm: "ln_f", head: "lm_head"),
        biases: Biases(queryKeyValue: .always, attentionOutput: .always, mlp: .always),
        classNames: ["GPT2LMHeadModel"],
        harmlessKeys: [
            "n_ctx", "resid_pdrop", "embd_pdrop", "attn_pdrop", "summary_type", "summary_use_proj",
            "summary_activation",
            "summary_proj_to_labels", "summary_first_dropout", "summary_last_dropout", "classifier_dropout",
            "hidden_dropout", "reorder_and_upcast_attn", "head_dim", "sliding_window",
        ],
        restrictions: [Restriction(key: "add_cross_attention", values: ["false"])],
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

    static let qwen2 = ArchitectureDescription(
        modelType: "qwen2", prefix: "model.",
        keys: ConfigurationKeys(
            keyValueHeadCount: Setting("num_key_value_heads", default: 32, allowsNull: true),
            dMLP: Setting("intermediate_size", default: 22016), vocabulary: Setting("vocab_size", default: 151_936),
            contextLength: Setting("max_position_embeddings", default: 32768)),
        norm: .rmsNorm, positions: .rotary(Rotary()), block: .serial, window: .someLayers(default: 4096, from: 28),
        names: llamaNames, biases: Biases(queryKeyValue: .always), classNames: ["Qwen2ForCausalLM"],
        harmlessKeys: ["attention_dropout", "attention_bias", "mlp_bias", "use_mrope"],
        buffers: ["rotary_emb.inv_freq"])

    static let gptJ = ArchitectureDescription(
        modelType: "gptj", prefix: "transformer.",
        keys: ConfigurationKeys(
            dModel: Setting("hidden_size", "n_embd", default: 4096),
            layerCount: Setting("num_hidden_layers", "n_layer", default: 28),
            headCount: Setting("num_attention_heads", "n_head", default: 16), keyValueHeadCount: nil, dHead: .derived,
            dMLP: Setting("n_inner", default: nil, allowsNull: true), vocabulary: Setting("vocab_size", default: 50400),
            contextLength: Setting("max_position_embeddings", "n_positions", default: 2048),
            activation: Setting("activation_function", default: "gelu_new"),
            epsilon: Setting("layer_norm_epsilon", default: 1e-5)),
        norm: .layerNorm,
        positions: .rotary(
            Rotary(pairs: .neighbors, width: .count(key: "rotary_dim", default: 64), baseKey: nil)),
        block: .parallelSharedNorm,
        names: Names(
            embedding: "wte", attentionNorm: "h.{}.ln_1",
            queryKeyValue: .separate(
                query: "h.{}.attn.q_proj", key: "h.{}.attn.k_proj", value: "h.{}.attn.v_proj"),
            attentionOutput: "h.{}.attn.out_proj", up: "h.{}.mlp.fc_in", down: "h.{}.mlp.fc_out",
            finalNorm: "ln_f", head: "lm_head"),
        biases: Biases(mlp: .always, head: .always), classNames: ["GPTJForCausalLM"],
        harmlessKeys: [
            "resid_pdrop", "embd_pdrop", "attn_pdrop", "rotary", "scale_attn_weights", "summary_type",
            "summary_use_proj", "summary_activation", "summary_proj_to_labels", "summary_first_dropout", "rope_theta",
            "rope_scaling", "partial_rotary_factor", "head_dim", "sliding_window",
        ],
        buffers: [".attn.bias", ".attn.masked_bias"])

    static let gptNeoX = ArchitectureDescription(
        modelType: "gpt_neox", prefix: "gpt_neox.",
        keys: ConfigurationKeys(
            dModel: Setting("hidden_size", default: 6144), layerCount: Setting("num_hidden_layers", default: 44),
            headCount: Setting("num_attention_heads", default: 64), keyValueHeadCount: nil, dHead: .derivedOnly,
            dMLP: Setting("intermediate_size", default: 24576), vocabulary: Setting("vocab_size", default: 50432),
            activation: Setting("hidden_act", default: "gelu"), epsilon: Setting("layer_norm_eps", default: 1e-5)),
        norm: .layerNorm,
        positions: .rotary(
            Rotary(width: .fraction(key: "rotary_pct", default: 0.25), baseKey: "rotary_emb_base")),
        block: .parallelOwnNorms(key: "use_parallel_residual"),
        names: Names(
            embedding: "embed_in", attentionNorm: "layers.{}.input_layernorm",
            mlpNorm: "layers.{}.post_attention_layernorm",
            queryKeyValue: .fusedByHead("layers.{}.attention.query_key_value"),
            attentionOutput: "layers.{}.attention.dense", up: "layers.{}.mlp.dense_h_to_4h",
            down: "layers.{}.mlp.dense_4h_to_h", finalNorm: "final_layer_norm", head: "embed_out",
            otherHeads: ["lm_head"]),
        biases: Biases(
            queryKeyValue: .ifConfigured(key: "attention_bias", default: true),
            attentionOutput: .ifConfigured(key: "attention_bias", default: true), mlp: .always),
        classNames: ["GPTNeoXForCausalLM"],
        // transformers reads rotary_emb_base and rotary_pct, and leaves rope_theta beside them unread.
        harmlessKeys: [
            "attention_dropout", "hidden_dropout", "classifier_dropout", "is_decoder", "rope_theta",
            "partial_rotary_factor", "sliding_window",
        ],
        buffers: [".attention.bias", ".attention.masked_bias", "rotary_emb.inv_freq"])

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
            attentionOutput: "layers.{}.self_attn.o_proj", up: "layers.{}.mlp.c_fc", down: "layers.{}.mlp.c_proj",
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
}

// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
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
            neuronInput: .plain("h.{}.mlp.c_fc"), down: "h.{}.mlp.c_proj", finalNorm: "ln_f", head: "lm_head"),
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
        block: .parallel,
        names: Names(
            embedding: "wte", attentionNorm: "h.{}.ln_1",
            queryKeyValue: .separate(
                query: "h.{}.attn.q_proj", key: "h.{}.attn.k_proj", value: "h.{}.attn.v_proj"),
            attentionOutput: "h.{}.attn.out_proj", neuronInput: .plain("h.{}.mlp.fc_in"), down: "h.{}.mlp.fc_out",
            finalNorm: "ln_f", head: "lm_head"),
        biases: Biases(mlp: .always, head: .always), classNames: ["GPTJForCausalLM"],
        harmlessKeys: [
            "resid_pdrop", "embd_pdrop", "attn_pdrop", "rotary", "scale_attn_weights", "summary_type",
            "summary_use_proj", "summary_activation", "summary_proj_to_labels", "summary_first_dropout", "rope_theta",
            "rope_scaling", "partial_rotary_factor", "head_dim", "sliding_window",
        ],
        buffers: [".attn.bias", ".attn.masked_bias"])

    static let gptNeoX = ArchitectureDescription(
        modelType: "gpt_neox",
        conditions: [
            Condition(key: "use_parallel_residual", values: ["true"], holdsIfMissing: true)
        ], prefix: "gpt_neox.",
        keys: ConfigurationKeys(
            dModel: Setting("hidden_size", default: 6144), layerCount: Setting("num_hidden_layers", default: 44),
            headCount: Setting("num_attention_heads", default: 64), keyValueHeadCount: nil, dHead: .derivedOnly,
            dMLP: Setting("intermediate_size", default: 24576), vocabulary: Setting("vocab_size", default: 50432),
            activation: Setting("hidden_act", default: "gelu"), epsilon: Setting("layer_norm_eps", default: 1e-5)),
        norm: .layerNorm,
        positions: .rotary(
            Rotary(width: .fraction(key: "rotary_pct", default: 0.25), baseKey: "rotary_emb_base")),
        block: .parallel,
        names: Names(
            embedding: "embed_in", attentionNorm: "layers.{}.input_layernorm",
            mlpNorm: "layers.{}.post_attention_layernorm",
            queryKeyValue: .fusedByGroup("layers.{}.attention.query_key_value"),
            attentionOutput: "layers.{}.attention.dense", neuronInput: .plain("layers.{}.mlp.dense_h_to_4h"),
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

    static let gptNeoXSerial = form(of: gptNeoX) {
        $0.conditions = [Condition(key: "use_parallel_residual", values: ["false"], holdsIfMissing: false)]
        $0.block = .serial
    }
}

// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    static let mixtral = form(of: llama) {
        $0.modelType = "mixtral"
        $0.keys = ConfigurationKeys(
            keyValueHeadCount: Setting("num_key_value_heads", default: 8),
            dMLP: Setting("intermediate_size", default: 14336),
            contextLength: Setting("max_position_embeddings", default: 4096 * 32),
            epsilon: Setting("rms_norm_eps", default: 1e-5))
        $0.positions = .rotary(Rotary(defaultBase: 1_000_000))
        $0.window = .allLayers(default: nil)
        $0.experts = Experts(
            count: Setting("num_experts", "num_local_experts", default: 8),
            perToken: Setting("num_experts_per_tok", default: 2), router: "layers.{}.block_sparse_moe.gate",
            weighting: .normalised,
            storage: .separate(
                gate: "layers.{}.block_sparse_moe.experts.{}.w1", up: "layers.{}.block_sparse_moe.experts.{}.w3",
                down: "layers.{}.block_sparse_moe.experts.{}.w2"))
        $0.biases = Biases()
        $0.classNames = ["MixtralForCausalLM"]
        $0.harmlessKeys = [
            "attention_dropout", "output_router_logits", "router_aux_loss_coef", "router_jitter_noise",
        ]
    }

    private static let qwenExperts = Experts(
        count: Setting("num_experts", default: 60), perToken: Setting("num_experts_per_tok", default: 4),
        width: Setting("moe_intermediate_size", default: 1408),
        layers: .configured(step: "decoder_sparse_step", except: "mlp_only_layers"), router: "layers.{}.mlp.gate",
        weighting: .normalisedIf(key: "norm_topk_prob"),
        storage: .separate(
            gate: "layers.{}.mlp.experts.{}.gate_proj", up: "layers.{}.mlp.experts.{}.up_proj",
            down: "layers.{}.mlp.experts.{}.down_proj"))

    static let qwen2MoE = form(of: qwen2) {
        $0.modelType = "qwen2_moe"
        $0.keys.dModel = Setting("hidden_size", default: 2048)
        $0.keys.layerCount = Setting("num_hidden_layers", default: 24)
        $0.keys.headCount = Setting("num_attention_heads", default: 16)
        $0.keys.keyValueHeadCount = Setting("num_key_value_heads", default: 16)
        $0.keys.dMLP = Setting("intermediate_size", default: 5632)
        $0.window = .someLayers(default: 4096, rule: .evenBelow(28), isSwitched: true)
        $0.biases = Biases(queryKeyValue: .ifConfigured(key: "qkv_bias", default: true))
        $0.experts = qwenExperts
        $0.experts?.shared = Experts.Shared(
            gate: "layers.{}.mlp.shared_expert.gate_proj", up: "layers.{}.mlp.shared_expert.up_proj",
            down: "layers.{}.mlp.shared_expert.down_proj", router: "layers.{}.mlp.shared_expert_gate",
            width: Setting("shared_expert_intermediate_size", default: 5632))
        $0.classNames = ["Qwen2MoeForCausalLM"]
        $0.harmlessKeys = ["attention_dropout", "output_router_logits", "router_aux_loss_coef"]
    }

    static let qwen3MoE = form(of: qwen3) {
        $0.modelType = "qwen3_moe"
        $0.keys.dModel = Setting("hidden_size", default: 2048)
        $0.keys.layerCount = Setting("num_hidden_layers", default: 24)
        $0.keys.keyValueHeadCount = Setting("num_key_value_heads", default: 4)
        $0.keys.dMLP = Setting("intermediate_size", default: 6144)
        $0.keys.dHead = .configured
        $0.window = .allLayers(default: 4096, isSwitched: true)
        $0.experts = qwenExperts
        $0.experts?.count = Setting("num_local_experts", "num_experts", default: 128)
        $0.experts?.perToken = Setting("num_experts_per_tok", default: 8)
        $0.experts?.width = Setting("moe_intermediate_size", default: 768)
        $0.classNames = ["Qwen3MoeForCausalLM"]
        $0.harmlessKeys = ["attention_dropout", "output_router_logits", "router_aux_loss_coef", "max_window_layers"]
    }

    static let gptOSS = form(of: llama) {
        $0.modelType = "gpt_oss"
        $0.keys = ConfigurationKeys(
            dModel: Setting("hidden_size", default: 2880), layerCount: Setting("num_hidden_layers", default: 36),
            headCount: Setting("num_attention_heads", default: 64),
            keyValueHeadCount: Setting("num_key_value_heads", default: 8), dHead: .configuredOr(64),
            dMLP: Setting("intermediate_size", default: 2880), vocabulary: Setting("vocab_size", default: 201_088),
            contextLength: Setting("max_position_embeddings", default: 131_072),
            epsilon: Setting("rms_norm_eps", default: 1e-5))
        $0.positions = .rotary(
            Rotary(
                defaultBase: 150_000,
                defaultParameters: """
                    {"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0, "truncate": false,
                     "original_max_position_embeddings": 4096}
                    """))
        $0.window = .someLayers(default: 128, rule: .allButEvery(2))
        $0.names.attentionSinks = "layers.{}.self_attn.sinks"
        $0.biases = Biases(
            queryKeyValue: .ifConfigured(key: "attention_bias", default: true),
            attentionOutput: .ifConfigured(key: "attention_bias", default: true))
        $0.experts = Experts(
            count: Setting("num_experts", "num_local_experts", default: 128),
            perToken: Setting("num_experts_per_tok", default: 4), router: "layers.{}.mlp.router", routerHasBias: true,
            weighting: .softmaxOfChosen,
            storage: .stackedAndClamped(
                gateAndUp: "layers.{}.mlp.experts.gate_up_proj", down: "layers.{}.mlp.experts.down_proj",
                alpha: Setting("swiglu_alpha", default: 1.702), limit: Setting("swiglu_limit", default: 7)))
        $0.classNames = ["GptOssForCausalLM"]
        $0.harmlessKeys = [
            "attention_dropout", "output_router_logits", "router_aux_loss_coef", "initial_context_length",
            "experts_per_token",
        ]
    }
}

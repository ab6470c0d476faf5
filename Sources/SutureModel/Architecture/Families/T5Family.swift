// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    /// T5 (Raffel et al. 2020): an encoder and a decoder. Version 1.1 has gates in its MLPs and a head of its own.
    static let t5 = t5Family("t5", isGated: false)
    static let t5Gated = t5Family("t5", isGated: true)

    /// mT5 (Xue et al. 2021): T5 1.1 with another vocabulary. It never scales what the decoder writes.
    static let mT5 = t5Family("mt5", isGated: false) { makeMT5(of: &$0) }
    static let mT5Gated = t5Family("mt5", isGated: true) { makeMT5(of: &$0) }

    private static func makeMT5(of family: inout ArchitectureDescription) {
        family.classNames = ["MT5ForConditionalGeneration"]
        family.keys.layerCount = Setting("num_decoder_layers", "num_layers", default: 8, allowsNull: true)
        family.keys.headCount = Setting("num_attention_heads", "num_heads", default: 6)
        family.keys.dMLP = Setting("d_ff", default: 1024)
        family.keys.vocabulary = Setting("vocab_size", default: 250112)
        // The MLP has gates where config.json does not say.
        family.conditions = family.conditions.map { condition in
            Condition(key: condition.key, values: condition.values, holdsIfMissing: !condition.holdsIfMissing)
        }
        family.keys.activation = Setting("dense_act_fn", "feed_forward_proj", default: "gated-gelu")
        family.encoder?.layerCount = Setting("num_hidden_layers", "num_layers", default: 8)
        family.encoder?.startToken = Setting("decoder_start_token_id", default: 0)
        family.encoder?.outputScale = nil
    }

    /// The largest row, source and decoder together. Relative positions have no end, and transformers has no limit; this
    /// one is far beyond the texts that such a model was trained on.
    private static let longestRow = 1 << 15

    private static func t5Family(
        _ modelType: String, isGated: Bool, _ change: (inout ArchitectureDescription) -> Void = { _ in }
    ) -> ArchitectureDescription {
        let activations = ModelConfiguration.Activation.allCases.flatMap { activation in
            activation.names.map { (name: $0, activation: activation) }
        }
        // The name "gated-gelu" means the function with the tanh, "gelu" and "gelu_new" mean what they say.
        var gated = Dictionary(uniqueKeysWithValues: activations.map { ("gated-\($0.name)", $0.activation) })
        gated["gated-gelu"] = .geluTanh
        let forms = isGated ? gated.keys.sorted() : activations.map(\.name)
        var family = ArchitectureDescription(
            modelType: modelType,
            conditions: [
                Condition(
                    key: "feed_forward_proj", values: forms.map { "\"\($0)\"" }, holdsIfMissing: !isGated)
            ], prefix: "",
            keys: ConfigurationKeys(
                dModel: Setting("hidden_size", "d_model", default: 512),
                layerCount: Setting("num_decoder_layers", "num_layers", default: 6, allowsNull: true),
                headCount: Setting("num_attention_heads", "num_heads", default: 8), keyValueHeadCount: nil,
                dHead: .named(Setting("head_dim", "d_kv", default: 64)), dMLP: Setting("d_ff", default: 2048),
                vocabulary: Setting("vocab_size", default: 32128), contextLength: Setting(default: longestRow),
                activation: Setting("dense_act_fn", "feed_forward_proj", default: "relu"),
                epsilon: Setting("layer_norm_epsilon", default: 1e-6), tiesHeadByDefault: true),
            norm: .rmsNorm, positions: .relative, block: .serial, otherActivations: gated,
            names: t5Names("decoder", mlp: 2, isGated: isGated), biases: Biases(),
            classNames: ["T5ForConditionalGeneration"],
            harmlessKeys: [
                "n_positions", "dropout_rate", "classifier_dropout", "initializer_factor", "is_decoder",
                "sliding_window",
            ],
            restrictions: [
                Restriction(key: "is_encoder_decoder", values: ["true"]),
                // It says what feed_forward_proj says.
                Restriction(key: "is_gated_act", values: [isGated ? "true" : "false"]),
            ],
            // Old files hold a table that the attention to the encoder does not use.
            buffers: [".EncDecAttention.relative_attention_bias.weight"])
        let cross = "decoder.block.{}.layer.1.EncDecAttention"
        family.encoder = Encoder(
            layerCount: Setting("num_hidden_layers", "num_layers", default: 6),
            startToken: Setting("decoder_start_token_id", default: nil),
            names: t5Names("encoder", mlp: 1, isGated: isGated), crossNorm: "decoder.block.{}.layer.1.layer_norm",
            crossQueryKeyValue: .separate(query: "\(cross).q", key: "\(cross).k", value: "\(cross).v"),
            crossOutput: "\(cross).o", embeddingCopies: ["encoder.embed_tokens", "decoder.embed_tokens"],
            outputScale: "scale_decoder_outputs",
            positions: RelativePositions(
                bucketCount: Setting("relative_attention_num_buckets", default: 32),
                largestDistance: Setting("relative_attention_max_distance", default: 128),
                encoderTable: "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
                decoderTable: "decoder.block.0.layer.0.SelfAttention.relative_attention_bias"))
        change(&family)
        return family
    }

    /// The names of one of the two stacks. Its MLP is the layer of this number in a block.
    private static func t5Names(_ stack: String, mlp: Int, isGated: Bool) -> Names {
        let attention = "\(stack).block.{}.layer.0.SelfAttention"
        let dense = "\(stack).block.{}.layer.\(mlp).DenseReluDense"
        return Names(
            embedding: "shared", attentionNorm: "\(stack).block.{}.layer.0.layer_norm",
            mlpNorm: "\(stack).block.{}.layer.\(mlp).layer_norm",
            queryKeyValue: .separate(query: "\(attention).q", key: "\(attention).k", value: "\(attention).v"),
            attentionOutput: "\(attention).o",
            neuronInput: isGated ? .gated(gate: "\(dense).wi_0", up: "\(dense).wi_1") : .plain("\(dense).wi"),
            down: "\(dense).wo", finalNorm: "\(stack).final_layer_norm", head: "lm_head")
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What a description says of config.json: keys, what they mean and what counts where they are missing.
extension ArchitectureDescription {
    /// A value of config.json: its names, and what transformers takes where the file does not say.
    public struct Setting<Value: Sendable>: Sendable {
        /// The names; the first that is in the file counts.
        public var names: [String]
        /// Taken where none of the names is in the file. Nil where the value is then derived from others.
        public var fallback: Value?
        /// Null in the file means that the value is derived from others.
        public var allowsNull: Bool

        /// - Parameter names: the first that is in the file counts.
        public init(_ names: String..., default fallback: Value?, allowsNull: Bool = false) {
            self.names = names
            self.fallback = fallback
            self.allowsNull = allowsNull
        }
    }

    /// Where config.json keeps the dimensions, and transformers' defaults.
    public struct ConfigurationKeys: Sendable {
        /// The width of the residual stream.
        public var dModel = Setting("hidden_size", default: 4096)
        /// The number of decoder blocks.
        public var layerCount = Setting("num_hidden_layers", default: 32)
        /// The number of attention heads.
        public var headCount = Setting("num_attention_heads", default: 32)
        /// The number of heads for keys and values; as many as heads where it is derived.
        public var keyValueHeadCount: Setting<Int>? = Setting("num_key_value_heads", default: nil, allowsNull: true)
        /// The width of a head.
        public var dHead = HeadWidth.configured
        /// The number of neurons per layer; 4 · `dModel` where it is derived.
        public var dMLP = Setting("intermediate_size", default: 11008)
        /// The number of rows of the embedding.
        public var vocabulary = Setting("vocab_size", default: 32000)
        /// The largest number of positions.
        public var contextLength = Setting("max_position_embeddings", default: 2048)
        /// The name of the activation function.
        public var activation = Setting("hidden_act", default: "silu")
        /// The number that keeps norms from dividing by zero.
        public var epsilon = Setting("rms_norm_eps", default: 1e-6)
        /// Whether the embedding is the projection to the logits, where config.json does not say.
        public var tiesHeadByDefault = false
    }

    /// What `head_dim` in config.json means.
    public enum HeadWidth: Sendable {
        /// It is the width, which is derived where the key is missing.
        case configured
        /// It is the width, which is this where the key is missing.
        case configuredOr(Int)
        /// It is not read; the heads share the stream.
        case derived
        /// The heads share the stream, and another value is refused, because transformers would mix the two.
        case derivedOnly
        /// It is not read; the width is under other keys.
        case named(Setting<Int>)
    }

    /// How far back attention reaches.
    public enum Window: Sendable {
        /// To the first token.
        case none
        /// As far as `sliding_window` says in all layers. Where it is switched, `use_sliding_window` must be on too.
        case allLayers(default: Int?, isSwitched: Bool = false)
        /// As far as `sliding_window` says in the layers that `layer_types` names, or those that the rule names where
        /// config.json has no such list. Where it is switched, `use_sliding_window` must be on too.
        case someLayers(default: Int?, rule: WindowRule, isSwitched: Bool = false)
    }

    /// Which layers have a window where `layer_types` is missing.
    public enum WindowRule: Sendable {
        /// Those from the number under `max_window_layers` on.
        case from(Int)
        /// All but every n-th; n may stand under the key.
        case allButEvery(Int, key: String? = nil)
        /// The even ones below the number under `max_window_layers`.
        case evenBelow(Int)
        /// Those without rotary positions.
        case withoutPositions
    }

    /// What attention multiplies its scores by.
    public enum AttentionScale: Sendable {
        /// 1 / √`dHead`.
        case width
        /// The same, but config.json may switch the width off and the number of the layer on, which divides then.
        case configured(width: String, layer: String)
        /// 1 / √x, x under the key.
        case root(Setting<Double>)
        /// x, under the key.
        case factor(Setting<Double>)
    }

    /// Numbers that some families multiply values by or keep them below. Nil: the family has no such thing.
    public struct Scales: Sendable {
        /// The embedding is multiplied by √`dModel`, rounded to the type of the weights.
        public var embeddingByRootOfWidth = false
        /// What the embedding is multiplied by.
        public var embedding: Setting<Double>?
        /// What attention and MLP are multiplied by before they are added to the stream.
        public var residual: Setting<Double>?
        /// What the logits are divided by.
        public var logitDivisor: Setting<Double>?
        /// The logits x become c · tanh(x / c).
        public var logitCap: Setting<Double>?
        /// The scores x of attention become c · tanh(x / c).
        public var scoreCap: Setting<Double>?
    }

    /// What a key of config.json must hold for a description to be the model's.
    public struct Condition: Sendable {
        /// The key in config.json.
        public var key: String
        /// The values, as JSON.
        public var values: [String]
        /// A file without the key fulfils the condition.
        public var holdsIfMissing: Bool
    }

    /// A key that the model cannot follow unless it holds one of a few values.
    public struct Restriction: Sendable {
        /// The key in config.json.
        public var key: String
        /// The values that change nothing, as JSON.
        public var values: [String]
    }
}

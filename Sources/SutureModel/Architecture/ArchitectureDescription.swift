// SPDX-License-Identifier: Apache-2.0

/// A family of models as data: where its checkpoint keeps what, and which of the few variants of a decoder block it uses.
///
/// One transformer (``Transformer``) reads it. A new family is a new value in `Families.swift`, not code. Templates such
/// as `"h.{}.mlp.c_proj"` have one slot for the layer; the file adds ".weight" and ".bias".
public struct ArchitectureDescription: Sendable {
    /// `model_type` in config.json.
    public var modelType: String
    /// What checkpoints of this family may put in front of every name; the projection to the logits never has it.
    public var prefix: String
    /// Where config.json keeps the dimensions.
    public var keys: ConfigurationKeys
    /// The normalisation of all norms of the family.
    public var norm: Norm
    /// How the model knows the order of tokens.
    public var positions: Positions
    /// How attention and MLP are put together.
    public var block: Block
    /// How far back attention reaches.
    public var window = Window.none
    /// What attention divides its scores by.
    public var attentionScale = AttentionScale.width
    /// Where the checkpoint keeps the weights.
    public var names: Names
    /// Which projections have a bias.
    public var biases: Biases
    /// Names of the class in `architectures`.
    public var classNames: [String]
    /// Keys of config.json that transformers reads for this family and that change nothing here: training, other heads,
    /// older spellings. Those of all families are in ``commonHarmlessKeys``.
    public var harmlessKeys: [String] = []
    /// Keys of config.json that may hold a few values alone, besides ``commonRestrictions``.
    public var restrictions: [Restriction] = []
    /// Endings of tensors that old checkpoints hold and every model makes for itself: masks and rotary frequencies.
    public var buffers: [String] = []
    /// Projections are stored `[in, out]` (GPT-2's Conv1D), not `[out, in]`.
    public var storesTransposed = false

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
        /// It is not read; the heads share the stream.
        case derived
        /// The heads share the stream, and another value is refused, because transformers would mix the two.
        case derivedOnly
    }

    /// How far back attention reaches.
    public enum Window: Sendable {
        /// To the first token.
        case none
        /// As far as `sliding_window` says in all layers.
        case allLayers(default: Int?)
        /// As far as `sliding_window` says in the layers that `layer_types` names, or from `max_window_layers` on where
        /// `use_sliding_window` is on.
        case someLayers(default: Int, from: Int)
    }

    /// What attention divides its scores by, besides the square root of a head's width.
    public enum AttentionScale: Sendable {
        /// Nothing else.
        case width
        /// config.json may switch the width off and the number of the layer on.
        case configured(width: String, layer: String)
    }

    /// A key that the model cannot follow unless it holds one of a few values.
    public struct Restriction: Sendable {
        /// The key in config.json.
        public var key: String
        /// The values that change nothing, as JSON.
        public var values: [String]
    }

    /// A norm with mean and bias, or one that uses only the root mean square.
    public enum Norm: Sendable { case layerNorm, rmsNorm }

    /// The kinds of positional information.
    public enum Positions: Sendable {
        /// A learned table, added to the embedding.
        case learned(String)
        /// Rotary, on the first components of each head.
        case rotary(Rotary)
    }

    /// Rotary positions: pairs of components of queries and keys turn by an angle that grows with the position
    /// (Su et al. 2021, RoFormer).
    public struct Rotary: Sendable {
        /// Which components turn together: i with i + n/2, or 2i with 2i + 1.
        public enum Pairs: Sendable { case halves, neighbors }
        /// How the pairs lie in a head.
        public var pairs = Pairs.halves
        /// How many components turn: all of them; the fraction `partial_rotary_factor` of the head, which older files
        /// keep under this key; or the number under this key.
        public enum Width: Sendable {
            case whole, fraction(key: String, default: Double), count(key: String, default: Int)
        }
        /// How many components of a head turn.
        public var width = Width.whole
        /// The key of the base of the angles outside of `rope_parameters`. Nil in families whose angles are fixed.
        public var baseKey: String? = "rope_theta"
        /// The base where config.json does not say.
        public var defaultBase = 10_000.0
    }

    /// How attention and MLP are put together.
    public enum Block: Sendable {
        /// Attention, then the MLP on the sum.
        case serial
        /// Both read the same norm of the stream.
        case parallelSharedNorm
        /// Both read the stream, each through a norm of its own, unless `key` in config.json says false.
        case parallelOwnNorms(key: String)
    }

    /// How the projections to queries, keys and values are stored.
    public enum QueryKeyValue: Sendable {
        /// One matrix each.
        case separate(query: String, key: String, value: String)
        /// One matrix; its output is all queries, all keys, all values.
        case fusedByPart(String)
        /// One matrix; its output is query, key and value of head 0, then of head 1 …
        case fusedByHead(String)
    }

    /// Names of modules in the checkpoint, with `{}` for the layer and without ".weight" and ".bias".
    public struct Names: Sendable {
        /// The token embedding, `[vocabulary, dModel]`.
        public var embedding: String
        /// The norm before attention.
        public var attentionNorm: String
        /// Nil where attention and MLP share one.
        public var mlpNorm: String?
        /// The projections that attention reads the stream with.
        public var queryKeyValue: QueryKeyValue
        /// The projection from the heads back to the stream, `[dModel, headCount · dHead]`.
        public var attentionOutput: String
        /// Present in gated MLPs.
        public var gate: String?
        /// The projection into the neurons, `[dMLP, dModel]`.
        public var up: String
        /// The projection out of the neurons, `[dModel, dMLP]`.
        public var down: String
        /// The norm after the last block.
        public var finalNorm: String
        /// The projection to the logits, `[vocabulary, dModel]`; not read where it is tied to the embedding.
        public var head: String
        /// Further names under which checkpoints keep that projection. The first that is in the file counts, after ``head``.
        public var otherHeads: [String] = []
    }

    /// Which projections have a bias.
    public struct Biases: Sendable {
        /// Whether there is a bias: in no model of the family, in all of them, or where the key in config.json says so.
        public enum Rule: Sendable { case never, always, ifConfigured(key: String, default: Bool) }
        /// Of the projections to queries, keys and values.
        public var queryKeyValue = Rule.never
        /// Of the projection from the heads.
        public var attentionOutput = Rule.never
        /// Of all projections of the MLP.
        public var mlp = Rule.never
        /// Of the projection to the logits.
        public var head = Rule.never
    }
}

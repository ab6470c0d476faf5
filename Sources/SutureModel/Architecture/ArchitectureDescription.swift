// SPDX-License-Identifier: Apache-2.0

/// A family of models as data: where its checkpoint keeps what, and which of the few variants of a decoder block it uses.
///
/// One transformer (``Transformer``) reads it. A new family is a new value in `Families.swift`, not code. Templates such
/// as `"h.{}.mlp.c_proj"` have one slot for the layer; the file adds ".weight" and ".bias".
public struct ArchitectureDescription: Sendable {
    /// `model_type` in config.json.
    public var modelType: String
    /// What else config.json must say, in families that have several forms. The first description of a family whose
    /// conditions hold is the model's.
    public var conditions: [Condition] = []
    /// What checkpoints of this family may put in front of every name; the projection to the logits never has it.
    public var prefix: String
    /// The part of the folder that is read, in families that take pictures, too; nil where the folder is all of it.
    public var textPart: TextPart?
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
    /// Names of activations that mean another one in this family.
    public var otherActivations: [String: ModelConfiguration.Activation] = [:]
    /// What attention multiplies its scores by.
    public var attentionScale = AttentionScale.width
    /// Numbers that values are multiplied by or kept below.
    public var scales = Scales()
    /// The experts that MLPs are made of, in families that route each token to a few of many.
    public var experts: Experts?
    /// Where the checkpoint keeps the weights.
    public var names: Names
    /// The encoder, in families that have one; the rest then describes the decoder.
    public var encoder: Encoder?
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

    /// The kinds of norms.
    public enum Norm: Sendable {
        /// With mean and bias.
        case layerNorm
        /// By the root mean square alone.
        case rmsNorm
        /// By the root mean square; the checkpoint keeps the weight's difference from 1.
        case rmsNormAroundOne
    }

    /// The kinds of positional information.
    public enum Positions: Sendable {
        /// A learned table, added to the embedding.
        case learned(String)
        /// Rotary, on the first components of each head.
        case rotary(Rotary)
        /// Numbers that attention adds to its scores; see ``Encoder/positions``.
        case relative
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
        /// An odd number of them is rounded up to pairs.
        public var allowsOddWidth = true
        /// The key of the base of the angles outside of `rope_parameters`. Nil in families whose angles are fixed.
        public var baseKey: String? = "rope_theta"
        /// The base where config.json does not say.
        public var defaultBase = 10_000.0
        /// The base of layers with a window, which have angles of their own and no scaling. Nil in families in which all
        /// layers turn alike.
        public var windowBase: Setting<Double>?
        /// Which layers do not turn.
        public var skipped: SkippedLayers?
        /// The kinds of scaling that the family can have.
        public var scalings = RotaryScaling.allCases
        /// `original_max_position_embeddings` where config.json does not say; nil: `max_position_embeddings`.
        public var defaultOriginalContext: Double?
        /// Names of scalings that mean another one in this family.
        public var otherNames: [String: RotaryScaling] = [:]
        /// `rope_parameters`, as JSON, where config.json has none.
        public var defaultParameters: String?
    }

    /// How rotary angles are stretched for longer texts; the names are those of `rope_type`.
    public enum RotaryScaling: String, Sendable, CaseIterable {
        case `default`, linear, dynamic, yarn, longrope, llama3, proportional
    }

    /// Layers without rotary positions.
    public struct SkippedLayers: Sendable {
        /// The key of a list that has 0 for them and 1 for the others.
        public var listKey: String
        /// Where there is no list, every n-th layer is one; n may stand under `intervalKey`.
        public var interval: Int
        /// The key of n.
        public var intervalKey: String
    }

    /// How attention and MLP are put together.
    public enum Block: Sendable {
        /// Attention, then the MLP on the sum.
        case serial
        /// Both read the stream. Without a norm of its own, the MLP reads that of attention.
        case parallel
    }

    /// How the projections to queries, keys and values are stored.
    public enum QueryKeyValue: Sendable {
        /// One matrix each.
        case separate(query: String, key: String, value: String)
        /// One matrix; its output is all queries, all keys, all values.
        case fusedByPart(String)
        /// One matrix; its output is, for each head of keys, the queries that use it, the key and the value.
        case fusedByGroup(String)

        /// The names of the matrices.
        public var all: [String] {
            switch self {
            case .separate(let query, let key, let value): [query, key, value]
            case .fusedByPart(let name), .fusedByGroup(let name): [name]
            }
        }
    }

    /// Norms of queries and keys, before they turn. Their kind is that of the family, without a bias.
    public struct QueryKeyNorms: Sendable {
        /// What one norm goes over: each head with weights that all heads share; each head with weights of its own, whose
        /// names end in the head's number; all heads together.
        public enum Span: Sendable { case head, ownHead, allHeads }
        /// The norm of queries.
        public var query: String
        /// The norm of keys.
        public var key: String
        /// What it goes over.
        public var span: Span
        /// The key in config.json that switches the norms on. Nil: they are always there.
        public var configuredBy: String?
    }

    /// How the projections into the neurons are stored.
    public enum NeuronInput: Sendable {
        /// No gate.
        case plain(String)
        /// A gate and a value, one matrix each.
        case gated(gate: String, up: String)
        /// One matrix; its output is the gates, then the values.
        case gatedTogether(String)

        /// The names of the matrices.
        public var all: [String] {
            switch self {
            case .plain(let up): [up]
            case .gated(let gate, let up): [gate, up]
            case .gatedTogether(let name): [name]
            }
        }

        /// Whether there is a gate.
        public var isGated: Bool { if case .plain = self { false } else { true } }
    }

    /// Names of modules in the checkpoint, with `{}` for the layer and without ".weight" and ".bias".
    public struct Names: Sendable {
        /// The token embedding, `[vocabulary, dModel]`.
        public var embedding: String
        /// The norm before attention. Nil where attention reads the stream as it is.
        public var attentionNorm: String?
        /// The norm of what attention adds to the stream, where there is one.
        public var normAfterAttention: String?
        /// The norm before the MLP. Nil where it reads the stream as it is, or, in parallel blocks, the norm of attention.
        public var mlpNorm: String?
        /// The norm of what the MLP adds to the stream, where there is one.
        public var normAfterMLP: String?
        /// The projections that attention reads the stream with.
        public var queryKeyValue: QueryKeyValue
        /// The norms of queries and keys, where there are any.
        public var queryKeyNorms: QueryKeyNorms?
        /// A score for each head that takes part in the softmax over the keys and stands for no key, `[headCount]`; nil where
        /// there is none. The whole name of the tensor.
        public var attentionSinks: String?
        /// The projection from the heads back to the stream, `[dModel, headCount · dHead]`.
        public var attentionOutput: String
        /// The projections into the neurons, `[dMLP, dModel]` each.
        public var neuronInput: NeuronInput
        /// The projection out of the neurons, `[dModel, dMLP]`.
        public var down: String
        /// The norm after the last block.
        public var finalNorm: String
        /// The projection to the logits, `[vocabulary, dModel]`; not read where it is tied to the embedding.
        public var head: String
        /// Further names under which checkpoints keep that projection. The first that is in the file counts, after ``head``.
        public var otherHeads: [String] = []

        /// The norms of a block that go over the stream's width.
        public var blockNorms: [String] {
            [attentionNorm, normAfterAttention, mlpNorm, normAfterMLP].compactMap(\.self)
        }
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

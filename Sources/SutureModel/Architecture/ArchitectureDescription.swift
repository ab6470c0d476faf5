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
    /// Where the checkpoint keeps the weights.
    public var names: Names
    /// Which projections have a bias.
    public var biases: Biases
    /// Endings of tensors that old checkpoints hold and every model makes for itself: masks and rotary frequencies.
    public var buffers: [String] = []
    /// Projections are stored `[in, out]` (GPT-2's Conv1D), not `[out, in]`.
    public var storesTransposed = false

    /// Names of dimensions in config.json; the first that is there counts.
    public struct ConfigurationKeys: Sendable {
        /// The width of the residual stream.
        public var dModel = ["hidden_size"]
        /// The number of decoder blocks.
        public var layerCount = ["num_hidden_layers"]
        /// The number of attention heads.
        public var headCount = ["num_attention_heads"]
        /// The number of heads for keys and values; as many as heads where no key is there.
        public var keyValueHeadCount = ["num_key_value_heads"]
        /// The number of neurons per layer; 4 · `dModel` where no key is there.
        public var dMLP = ["intermediate_size"]
        /// The largest number of positions.
        public var contextLength = ["max_position_embeddings"]
        /// The name of the activation function.
        public var activation = ["hidden_act"]
        /// The number that keeps norms from dividing by zero.
        public var epsilon = ["rms_norm_eps"]
        /// Assumed where config.json does not say.
        public var tiesHeadByDefault = false
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
        /// How many components turn: all of them, the fraction of the head under this key, or the number under this
        /// key.
        public enum Width: Sendable { case whole, fraction(key: String, default: Double), count(key: String) }
        /// How many components of a head turn.
        public var width = Width.whole
        /// The keys of the base of the angles; the first that is there counts.
        public var baseKeys = ["rope_theta"]
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
    }

    /// Which projections have a bias.
    public struct Biases: Sendable {
        /// Whether there is a bias: in no model of the family, in all of them, or where the key in config.json says so.
        public enum Rule: Sendable { case never, always, ifConfigured(key: String) }
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

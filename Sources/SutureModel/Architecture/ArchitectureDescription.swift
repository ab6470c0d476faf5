// SPDX-License-Identifier: Apache-2.0

/// A family of models as data: where its checkpoint keeps what, and which of the few variants of a decoder block it uses.
///
/// One transformer (``Transformer``) reads it. A new family is a new value in `Families.swift`, not code. Templates such
/// as `"h.{}.mlp.c_proj"` have one slot for the layer; the file adds ".weight" and ".bias".
public struct ArchitectureDescription: Sendable {
    /// `model_type` in config.json.
    public var modelType: String
    /// What checkpoints of this family may put in front of every name; the head stands outside of it.
    public var prefix: String
    public var keys: ConfigurationKeys
    public var norm: Norm
    public var positions: Positions
    public var block: Block
    public var names: Names
    public var biases: Biases
    /// Projections are stored `[in, out]` (GPT-2's Conv1D), not `[out, in]`.
    public var storesTransposed = false

    /// Names of dimensions in config.json; the first that is there counts.
    public struct ConfigurationKeys: Sendable {
        public var dModel = ["hidden_size"]
        public var layerCount = ["num_hidden_layers"]
        public var headCount = ["num_attention_heads"]
        public var keyValueHeadCount = ["num_key_value_heads"]
        public var dMLP = ["intermediate_size"]
        public var contextLength = ["max_position_embeddings"]
        public var activation = ["hidden_act"]
        public var epsilon = ["rms_norm_eps"]
        /// Assumed where config.json does not say.
        public var tiesHeadByDefault = false
    }

    public enum Norm: Sendable { case layerNorm, rmsNorm }

    public enum Positions: Sendable {
        /// A learned table, added to the embedding.
        case learned(String)
        /// Rotary, on the first components of each head.
        case rotary(Rotary)
    }

    public struct Rotary: Sendable {
        /// How the pairs that turn together lie: component i with i + n/2, or 2i with 2i + 1.
        public enum Pairs: Sendable { case halves, neighbors }
        public var pairs = Pairs.halves
        /// How many components turn: all, a fraction of the head under this key, or a number under this key.
        public enum Width: Sendable { case whole, fraction(key: String, default: Double), count(key: String) }
        public var width = Width.whole
        public var baseKeys = ["rope_theta"]
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

    public enum QueryKeyValue: Sendable {
        case separate(query: String, key: String, value: String)
        /// One matrix; its output is all queries, all keys, all values.
        case fusedByPart(String)
        /// One matrix; its output is query, key and value of head 0, then of head 1 …
        case fusedByHead(String)
    }

    public struct Names: Sendable {
        public var embedding: String
        public var attentionNorm: String
        /// Nil where attention and MLP share one.
        public var mlpNorm: String?
        public var queryKeyValue: QueryKeyValue
        public var attentionOutput: String
        /// Present in gated MLPs.
        public var gate: String?
        public var up: String
        public var down: String
        public var finalNorm: String
        public var head: String
    }

    /// Which projections have a bias.
    public struct Biases: Sendable {
        public enum Rule: Sendable { case never, always, ifConfigured(key: String) }
        public var queryKeyValue = Rule.never
        public var attentionOutput = Rule.never
        public var mlp = Rule.never
        public var head = Rule.never
    }
}

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

    /// The kinds of norms.
    public enum Norm: Sendable {
        /// With mean and bias.
        case layerNorm
        /// By the root mean square alone.
        case rmsNorm
        /// By the root mean square; the checkpoint keeps the weight's difference from 1.
        case rmsNormAroundOne
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

// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    /// The encoder of a model that has one. The rest of the description then tells about the decoder, and about what both
    /// share: widths, the embedding, norms, activations.
    public struct Encoder: Sendable {
        /// How many blocks the encoder has.
        public var layerCount: Setting<Int>
        /// The token that the decoder begins with. It has to be in config.json or in generation_config.json.
        public var startToken: Setting<Int>
        /// The names of the encoder's modules. Those of the embedding and of the head are not read.
        public var names: Names
        /// The norm before the attention with which the decoder looks at the encoder's output.
        public var crossNorm: String
        /// The projections of that attention: the query reads the decoder, key and value the encoder's output.
        public var crossQueryKeyValue: QueryKeyValue
        /// The projection from the heads of that attention.
        public var crossOutput: String
        /// Further names under which checkpoints keep the embedding, one for each of its uses. They must hold the same numbers.
        public var embeddingCopies: [String]
        /// The decoder's output is multiplied by 1 / √`dModel` before the head, where this key says so. Where config.json
        /// does not have the key, it is so unless `tie_word_embeddings` is false. Nil: it is never so.
        public var outputScale: String?
        /// Which positions attention sees.
        public var positions: RelativePositions
    }

    /// Numbers that attention adds to its scores by the distance of two tokens (Raffel et al. 2020, section 2.1).
    ///
    /// The first block of encoder and decoder holds a table for all blocks, with a row for each bucket of distances and a
    /// column for each head.
    public struct RelativePositions: Sendable {
        /// How many buckets there are. The encoder uses one half of them for what comes before a token, and the other half for
        /// what comes after it.
        public var bucketCount: Setting<Int>
        /// The distance from which on all distances share a bucket.
        public var largestDistance: Setting<Int>
        /// The table of the encoder, `[bucketCount, headCount]`.
        public var encoderTable: String
        /// The table of the decoder, `[bucketCount, headCount]`.
        public var decoderTable: String
    }
}

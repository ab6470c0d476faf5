// SPDX-License-Identifier: Apache-2.0

/// How a description says how the model knows the order of tokens.
extension ArchitectureDescription {
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
}

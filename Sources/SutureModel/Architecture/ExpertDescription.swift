// SPDX-License-Identifier: Apache-2.0

extension ArchitectureDescription {
    /// MLPs that are made of experts: a router chooses a few of them for each token, and their outputs are added by weight.
    public struct Experts: Sendable {
        /// How many experts a layer has.
        public var count: Setting<Int>
        /// How many of them a token goes to.
        public var perToken: Setting<Int>
        /// The number of neurons of an expert. Nil: as many as the MLP of a layer without experts.
        public var width: Setting<Int>?
        /// Which layers have experts.
        public var layers = Layers.all
        /// The name of the router, `[count, dModel]`.
        public var router: String
        /// The router has a bias.
        public var routerHasBias = false
        /// How the router's scores become weights.
        public var weighting: Weighting
        /// How the checkpoint keeps the experts.
        public var storage: Storage
        /// An expert that every token goes to.
        public var shared: Shared?

        /// Which layers have experts.
        public enum Layers: Sendable {
            case all
            /// Every n-th, n under `step`, but none of the list under `except`.
            case configured(step: String, except: String)
        }

        /// How the router's scores become weights.
        public enum Weighting: Sendable {
            /// A softmax over all experts; the weights of the chosen ones are divided by their sum.
            case normalised
            /// The same, but the division is switched by the key, which is off where it is missing.
            case normalisedIf(key: String)
            /// A softmax over the chosen experts.
            case softmaxOfChosen
        }

        /// How the checkpoint keeps the experts.
        public enum Storage: Sendable {
            /// Three matrices for each expert, with a second `{}` for its number: gate and value `[width, dModel]`, the way out
            /// `[dModel, width]`.
            case separate(gate: String, up: String, down: String)
            /// All experts in one tensor, `[count, dModel, 2 · width]` with gates and values in turn, and
            /// `[count, width, dModel]`, each with a bias whose name ends in "_bias". Gate g and value u, kept within
            /// the limit, become g · sigmoid(alpha · g) · (u + 1).
            case stackedAndClamped(gateAndUp: String, down: String, alpha: Setting<Double>, limit: Setting<Double>)
        }

        /// An expert that every token goes to.
        public struct Shared: Sendable {
            /// Its gate, value and way out.
            public var gate, up, down: String
            /// Its output is multiplied by the sigmoid of this projection, `[1, dModel]`.
            public var router: String
            /// Its number of neurons.
            public var width: Setting<Int>
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// An experiment file with its overrides: checked, typed, with every default of the file itself filled in.
///
/// The settings of components stay untyped here, because only a component knows them: see ``ArgumentResolver``.
public struct Experiment: Sendable {
    /// The only version of the format so far.
    public static let schema = 1

    public struct Model: Sendable, Hashable {
        /// Absolute path of the model folder.
        public var source: String
        /// The type that the model computes in.
        public var dtype: DType
        public var device: Device
    }

    public struct Dataset: Sendable, Hashable {
        /// The reader: "counterfact".
        public var name: String
        /// Absolute path.
        public var path: String
        /// Number of cases; nil: all.
        public var limit: Int?
        /// Cases to skip.
        public var offset: Int
        /// What records must have to count as cases; all of it.
        public var conditions: [RecordCondition] = []
    }

    /// A component by name, with the settings that the file gives it.
    public struct ComponentRequest: Sendable, Hashable {
        public var name: String
        /// The name of an evaluator's figures; its own, unless the file gives another (`as: …`).
        public var label: String
        /// A mapping of settings, without the name.
        public var settings: ConfigNode
        /// Where the component is named.
        public var place: ConfigNode.Place

        public init(name: String, settings: ConfigNode, place: ConfigNode.Place) {
            self.name = name
            label = name
            self.settings = settings
            self.place = place
        }

        /// Takes `as` out of the settings.
        mutating func takeLabel() throws(RuntimeError) {
            guard let node = settings["as"], case .mapping(let entries) = settings.content else { return }
            guard let text = node.text, !text.isEmpty else {
                throw RuntimeError(
                    .usage, "\(node.place): as must be a text, got \(node.phrase)", hint: "write as: held-out")
            }
            label = text
            settings = ConfigNode(.mapping(entries.filter { $0.key != "as" }), at: settings.place)
        }
    }

    public struct Edit: Sendable, Hashable {
        public enum Mode: String, Sendable, CaseIterable {
            /// Each case alone; the weights are restored after it.
            case single
            /// All cases in one patch, or groups of `size`, each restored after it.
            case batch
            /// Groups of `size`, each on the model that the ones before left.
            case sequential
        }
        public enum Restore: String, Sendable, CaseIterable {
            case afterBatch = "after_batch"
            case never
        }

        public var mode: Mode
        /// Cases in a group; nil: all.
        public var size: Int?
        public var restore: Restore
        /// In mode sequential: what is measured after each group, beside everything at the end.
        public var evaluate = Evaluate.end

        public enum Evaluate: String, Sendable, CaseIterable {
            /// The group's own cases: do they hold right after the edit?
            case batch
            /// All cases edited so far: does the model still know them? The cost grows with the square of the groups.
            case seen
            /// Nothing.
            case end
        }
    }

    /// The text and the budget of second moments.
    public struct Statistics: Sendable, Hashable {
        /// Absolute path of a text file, one passage a line.
        public var path: String
        /// Lines to use; nil: all.
        public var limit: Int?
        /// Tokens to use, over all lines; nil: no bound.
        public var maxTokens: Int?
        /// Tokens of a line; what follows is cut off.
        public var maxLength: Int
        /// Tokens of a forward pass, padding included. Never derived from the model's context.
        public var batchTokens: Int
        /// The type that the sums are kept in: float64 or float32.
        public var dtype: DType
    }

    public struct Limits: Sendable, Hashable {
        /// A worker that gives no sign of life for this long is stopped.
        public var stallSeconds: Double
    }

    public struct Output: Sendable, Hashable {
        /// Absolute path of the folder that run folders go into. It need not exist.
        public var folder: String
    }

    public var name: String
    public var model: Model
    /// Absolute paths of shared libraries or folders of them.
    public var plugins: [String]
    public var dataset: Dataset
    public var locator: ComponentRequest
    public var method: ComponentRequest
    public var edit: Edit
    public var statistics: Statistics?
    public var evaluators: [ComponentRequest]
    public var seed: Int
    public var limits: Limits
    public var output: Output

    /// The absolute path of the file.
    public let file: String
    /// The bytes of the file as they were read; `config.source.yaml` of the run.
    public let source: Data
    /// The overrides as given.
    public let overrides: [String]
    /// For the paths among the settings of components.
    public let paths: PathResolver
}

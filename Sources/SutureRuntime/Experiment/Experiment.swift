// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// Which components of an experiment a command uses. The others need not be in the file.
package enum ExperimentParts: Sendable {
    case all, locator, evaluators, influence
    /// The influence, and whether it is right.
    case validation

    /// Whether the section `influence` is used.
    var tracesInfluence: Bool { self == .influence || self == .validation }
}

/// An experiment file with its overrides: checked, typed, with every default of the file itself filled in.
///
/// The settings of components stay untyped here, because only a component knows them: see ``ArgumentResolver``.
package struct Experiment: Sendable {
    /// The only version of the format so far.
    package static let schema = 1

    package struct Model: Sendable, Hashable {
        /// Absolute path of the model folder.
        package var source: String
        /// The type that the model computes in.
        package var dtype: DType
        package var device: Device
        /// That one operation on the processor uses.
        package var threads: Int
        /// Absolute paths of patches that lie over the model, in their order.
        package var patches: [String] = []
    }

    package struct Dataset: Sendable, Hashable {
        /// The reader: "counterfact".
        package var name: String
        /// Absolute path.
        package var path: String
        /// Number of cases; nil: all.
        package var limit: Int?
        /// Cases to skip.
        package var offset: Int
        /// What records must have to count as cases; all of it.
        package var conditions: [RecordCondition] = []
        /// What is put between a prompt and its object; nil: what the format has.
        package var join: Join?
        /// What happens to a record that cannot be a case of this run.
        package var invalid = Invalid.stop
        /// What the unedited model has to know; nil: nothing. ``limit`` counts the cases that are left then.
        package var known: Known?
        /// How the format `pairs` puts its prompts.
        package var pairs = PairSettings()

        package init(
            name: String, path: String, limit: Int?, offset: Int, conditions: [RecordCondition] = [],
            join: Join? = nil, invalid: Invalid = .stop, known: Known? = nil, pairs: PairSettings = PairSettings()
        ) {
            self.name = name
            self.path = path
            self.limit = limit
            self.offset = offset
            self.conditions = conditions
            self.join = join
            self.invalid = invalid
            self.known = known
            self.pairs = pairs
        }

        /// What the unedited model has to know about a case.
        package struct Known: Sendable, Hashable {
            /// What counts as known.
            package enum Degree: String, Sendable, CaseIterable {
                /// Each token of the true object is the model's first choice after those before it.
                case firstChoice = "first-choice"
                /// The true object is likelier than the new one.
                case likelier
                /// Everything does.
                case any
            }

            /// The object of the prompt. Other cases are left out.
            package var answer: Degree
            /// The object of each neighbour. Other neighbours are left out, and cases that have none left.
            package var neighbors: Degree
        }

        package enum Join: String, Sendable, CaseIterable {
            case space
            /// Nothing, as Chinese has it.
            case none
            /// Nothing, and the prompt is put into the chat template of the model folder.
            case template
        }

        package enum Invalid: String, Sendable, CaseIterable {
            /// It ends the run before it begins.
            case stop
            /// It is left out, counted and listed.
            case skip
        }
    }

    /// A component by name, with the settings that the file gives it.
    package struct ComponentRequest: Sendable, Hashable {
        package var name: String
        /// The name of an evaluator's figures; its own, unless the file gives another (`as: …`).
        package var label: String
        /// A mapping of settings, without the name.
        package var settings: ConfigNode
        /// Where the component is named.
        package var place: ConfigNode.Place

        package init(name: String, settings: ConfigNode, place: ConfigNode.Place) {
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

    package struct Edit: Sendable, Hashable {
        package enum Mode: String, Sendable, CaseIterable {
            /// Each case alone; the weights are restored after it.
            case single
            /// All cases in one patch, or groups of `size`, each restored after it.
            case batch
            /// Groups of `size`, each on the model that the ones before left.
            case sequential
        }
        package enum Restore: String, Sendable, CaseIterable {
            case afterBatch = "after_batch"
            case never
        }

        package var mode: Mode
        /// Cases in a group; nil: all.
        package var size: Int?
        package var restore: Restore
        /// In mode sequential: what is measured after each group, beside everything at the end.
        package var evaluate = Evaluate.end

        package enum Evaluate: String, Sendable, CaseIterable {
            /// The group's own cases: do they hold right after the edit?
            case batch
            /// All cases edited so far: does the model still know them? The cost grows with the square of the groups.
            case seen
            /// Nothing.
            case end
        }
    }

    /// The text and the budget of second moments.
    package struct Statistics: Sendable, Hashable {
        /// Absolute path of a text file, one passage a line; nil: the model writes the text itself.
        package var path: String?
        /// Lines to use, or passages to write; nil: all.
        package var limit: Int?
        /// Tokens to use, over all lines; nil: no bound.
        package var maxTokens: Int?
        /// Tokens of a line or passage; what follows is cut off.
        package var maxLength: Int
        /// Tokens of a forward pass, padding included. Never derived from the model's context.
        package var batchTokens: Int
        /// The type that the sums are kept in: float64 or float32.
        package var dtype: DType
        /// Files of moments that were computed elsewhere, by layer, as absolute paths; empty: they are computed over the text.
        package var moments: [Int: String] = [:]

        package init(
            path: String?, limit: Int?, maxTokens: Int?, maxLength: Int, batchTokens: Int, dtype: DType
        ) {
            (self.path, self.limit, self.maxTokens) = (path, limit, maxTokens)
            (self.maxLength, self.batchTokens, self.dtype) = (maxLength, batchTokens, dtype)
        }

        /// Of files alone, so that nothing is computed.
        package init(moments: [Int: String]) {
            self.init(path: nil, limit: nil, maxTokens: nil, maxLength: 1, batchTokens: 1, dtype: .float64)
            self.moments = moments
        }
    }

    /// What the model was trained on.
    package struct Training: Sendable, Hashable {
        /// Absolute path of a file with one example a line; see ``TrainingFile``.
        package var path: String
        /// Examples that are used, the first ones; nil: all.
        package var limit: Int?
        /// Examples that estimators are fitted on, the first ones at most.
        package var fit: Int
        /// Which examples are traced; nil: all.
        package var candidates: Candidates?

        /// As many as Grosse et al. 2023 (section 5) use at most, and enough: the sums no longer change much.
        static let usualFit = 20_000
    }

    /// Which training examples are traced where they are too many: those that a cheap estimator, ``Experiment/prefilter``, ranks
    /// first, and some at random.
    package struct Candidates: Sendable, Hashable {
        /// For each query.
        package var top = 10_000
        package var random = 10_000
    }

    /// What `suture influence` asks. Its components are ``Experiment/estimator`` and ``Experiment/annotator``.
    package struct Influence: Sendable, Hashable {
        /// Tokens of the model's own response to a query's prompt.
        package var maxNewTokens = 32
        /// What stands against the unwanted texts.
        package var contrast = Contrast.none

        /// Unwanted texts compete with each other. Wanted ones, whose influence is subtracted, cancel that.
        package enum Contrast: String, Sendable, CaseIterable {
            case none
            /// The cases' answers.
            case answer
        }

        /// Examples that are listed at each end, for each query and in all.
        package var top = 10
        /// Whether the texts of listed examples are shown, with their tokens in colours.
        package var showsText = false
        /// Absolute path of a file with the numbers of the lines that are known to be planted.
        package var planted: String?
    }

    /// What `suture influence --validate` does. Its component is ``Experiment/trainer``.
    package struct Validation: Sendable, Hashable {
        /// Absolute path of the folder of the model that training began with.
        package var base: String
        /// Random subsets of the training examples that the model is trained on, for the linear datamodelling score.
        package var subsetCount = 20
        /// The share of the examples in a subset.
        package var share = 0.5
        /// Sizes of the groups that are left out: the most promoting examples, the most counteracting ones, and random ones.
        package var groups: [Int] = []
    }

    package struct Limits: Sendable, Hashable {
        /// A worker that gives no sign of life for this long is stopped.
        package var stallSeconds: Double

        /// Where nobody says otherwise.
        static let usualStallSeconds = 600.0
    }

    package struct Output: Sendable, Hashable {
        /// Absolute path of the folder that run folders go into. It need not exist.
        package var folder: String
    }

    package var name: String
    package var model: Model
    /// Absolute paths of shared libraries or folders of them.
    package var plugins: [String]
    /// Those of them that the file names, and not the command line.
    package var pluginsOfFile: [String]
    package var dataset: Dataset
    /// Nil where the file has none, which suffices for `suture evaluate`.
    package var locator: ComponentRequest?
    /// Nil where the file has none, which suffices for `suture locate` and `suture evaluate`.
    package var method: ComponentRequest?
    package var edit: Edit
    package var statistics: Statistics?
    package var training: Training?
    /// Of the section `training`: says which examples are traced by others.
    package var prefilter: ComponentRequest?
    package var influence: Influence?
    /// Of the section `influence`.
    package var estimator: ComponentRequest?
    /// Of the section `influence`: marks the model's responses that are queries; nil: the cases' answers are.
    package var annotator: ComponentRequest?
    package var validation: Validation?
    /// Of the section `validation`: trains the base model on training examples.
    package var trainer: ComponentRequest?
    package var evaluators: [ComponentRequest]
    package var seed: Int
    package var limits: Limits
    package var output: Output

    /// The absolute path of the file.
    package let file: String
    /// The bytes of the file as they were read; `config.source.yaml` of the run.
    package let source: Data
    /// The overrides as given.
    package let overrides: [String]
    /// For the paths among the settings of components.
    package let paths: PathResolver
}

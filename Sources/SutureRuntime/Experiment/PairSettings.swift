// SPDX-License-Identifier: Apache-2.0

extension Experiment.Dataset {
    /// How the format `pairs` puts its prompts: `dataset.intent` and `dataset.demonstrations`.
    package struct PairSettings: Sendable, Hashable {
        /// What an intent becomes.
        package enum Intent: String, Sendable, CaseIterable {
            /// A comment line: "# sort a list".
            case comment
            /// A line that ends in a colon: "sort a list:".
            case colon
        }

        /// Solved examples before each prompt.
        package struct Demonstrations: Sendable, Hashable {
            /// Absolute path of a file of pairs.
            package var path: String
            /// How many stand before a prompt.
            package var count: Int
        }

        package var intent = Intent.comment
        package var demonstrations: Demonstrations?

        package init(intent: Intent = .comment, demonstrations: Demonstrations? = nil) {
            self.intent = intent
            self.demonstrations = demonstrations
        }
    }
}

extension Experiment.Dataset.PairSettings {
    private static let format = "pairs"

    /// Reads the settings of an experiment file.
    ///
    /// - Parameter format: the name of the dataset's format; no other has such settings.
    init(_ dataset: ConfigReader, format: String, _ paths: PathResolver) throws(RuntimeError) {
        for key in ["intent", "demonstrations"] where format != Self.format {
            guard let node = dataset[key] else { continue }
            throw dataset.mustBe(
                "left out for '\(format)'", key, node, hint: "only '\(Self.format)' has intents and demonstrations")
        }
        try self.init(dataset)
        guard let written = demonstrations, let section = dataset["demonstrations"] else { return }
        let place = section["path"]?.place ?? section.place
        guard let found = paths.existing(written.path) else {
            throw paths.missing(written.path, what: "the file of demonstrations", at: place, kind: .file)
        }
        try PathResolver.checkRepeats(found, what: "the file of demonstrations", at: place)
        demonstrations?.path = found
    }

    /// Reads them from the section `dataset`, of a file of a run as well. Paths stay as they are written.
    init(_ dataset: ConfigReader) throws(RuntimeError) {
        intent = try dataset.choice("intent", of: Intent.allCases.map(\.rawValue)).flatMap(Intent.init) ?? .comment
        guard let node = dataset["demonstrations"] else { return }
        let section = try ConfigReader(
            node, path: dataset.name("demonstrations"), keys: ["path", "count"], kind: dataset.kind)
        demonstrations = Demonstrations(
            path: try section.requiredText("path"), count: try section.integer("count", atLeast: 0) ?? 1)
    }

    /// As files hold them. What is left at its default is not written, so that runs keep their names.
    var members: [(String, ConfigValue)] {
        (intent == .comment ? [] : [("intent", .text(intent.rawValue))])
            + (demonstrations.map {
                [("demonstrations", .mapping([("path", .text($0.path)), ("count", .integer($0.count))]))]
            } ?? [])
    }
}

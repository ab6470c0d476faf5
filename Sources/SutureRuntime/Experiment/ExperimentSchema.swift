// SPDX-License-Identifier: Apache-2.0

/// Which keys an experiment file has, as far as the file alone can tell.
indirect enum ExperimentSchema: Sendable {
    case value
    case section([(key: String, schema: ExperimentSchema)])
    /// A section whose keys are those of the data.
    case table
    /// A component by name; its other keys are its parameters, known when its plugin is. They may be components, too.
    case component

    static let root = section([
        ("schema", .value),
        ("experiment", .value),
        (
            "model",
            section([
                ("source", .value), ("dtype", .value), ("device", .value), ("threads", .value), ("patches", .value),
            ])
        ),
        ("plugins", .value),
        (
            "dataset",
            section([
                ("name", .value), ("path", .value), ("where", .table), ("limit", .value), ("offset", .value),
                ("join", .value), ("invalid", .value),
                ("known", section([("answer", .value), ("neighbors", .value)])),
                ("intent", .value), ("demonstrations", section([("path", .value), ("count", .value)])),
            ])
        ),
        ("locator", .component),
        ("method", .component),
        ("edit", section([("mode", .value), ("size", .value), ("restore", .value), ("evaluate", .value)])),
        (
            "statistics",
            section([
                ("source", .value), ("path", .value), ("limit", .value), ("max_tokens", .value), ("max_length", .value),
                ("batch_tokens", .value), ("dtype", .value), ("moments", .value),
            ])
        ),
        (
            "training",
            section([
                ("path", .value), ("limit", .value), ("fit", .value),
                ("candidates", section([("estimator", .component), ("top", .value), ("random", .value)])),
            ])
        ),
        (
            "influence",
            section([
                ("estimator", .component), ("annotator", .component), ("max_new_tokens", .value), ("top", .value),
                ("text", .value), ("contrast", .value), ("planted", .value),
            ])
        ),
        (
            "validation",
            section([
                ("base", .value), ("trainer", .component), ("subsets", .value), ("share", .value), ("groups", .value),
            ])
        ),
        ("evaluators", .value),
        ("seed", .value),
        ("limits", section([("stall_seconds", .value)])),
        ("output", section([("dir", .value)])),
        ("variants", .value),
        ("sweep", .value),
        ("compare", section([("columns", .value), ("plots", .value), ("mark", .value)])),
    ])

    /// The keys of a section.
    var keys: [String] {
        guard case .section(let members) = self else { return [] }
        return members.map(\.key)
    }

    subscript(_ key: String) -> ExperimentSchema? {
        switch self {
        case .value: nil
        case .section(let members): members.first { $0.key == key }?.schema
        case .table: .table
        case .component: .component
        }
    }

    /// The keys of a top-level section.
    static func keys(of section: String) -> [String] { root[section]?.keys ?? [] }
}

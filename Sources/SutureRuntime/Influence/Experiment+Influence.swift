// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension Experiment.Training {
    /// The section `training`; nil where there is none.
    init?(_ reader: ConfigReader, _ paths: PathResolver) throws(RuntimeError) {
        guard let section = try Experiment.section("training", of: reader) else { return nil }
        path = try section.existing("path", what: "the training file", paths)
        limit = try section.integer("limit", atLeast: 1)
        fit = try section.integer("fit", atLeast: 1) ?? Self.usualFit
    }
}

extension Experiment {
    /// The section `influence`, with its components.
    mutating func readInfluence(
        _ reader: ConfigReader, _ paths: PathResolver, isNeeded: Bool
    ) throws(RuntimeError) {
        guard let section = try Self.section("influence", of: reader) else {
            guard isNeeded else { return }
            throw RuntimeError(
                .usage, "the experiment has no section 'influence'",
                hint: "write influence: {estimator: ekfac}; `suture plugins list` names the estimators")
        }
        estimator = try Self.component(try section.required("estimator"), path: "influence.estimator")
        annotator = try section["annotator"].map { (node) throws(RuntimeError) in
            try Self.component(node, path: "influence.annotator")
        }
        var found = Influence()
        if let count = try section.integer("max_new_tokens", atLeast: 1) { found.maxNewTokens = count }
        found.contrast = try section.choice("contrast") ?? .none
        if let count = try section.integer("top", atLeast: 1) { found.top = count }
        found.showsText = try section.boolean("text") ?? false
        if section["planted"] != nil {
            found.planted = try section.existing("planted", what: "the list of planted lines", paths)
        }
        guard !isNeeded || training != nil else {
            throw RuntimeError(
                .usage, "the experiment names no training file, so there is nothing to trace to",
                hint: "write training: {path: train.jsonl}")
        }
        influence = found
    }
}

extension ConfigReader {
    /// The absolute path of something that is there.
    func existing(_ key: String, what: String, _ paths: PathResolver) throws(RuntimeError) -> String {
        let text = try requiredText(key)
        let place = try required(key).place
        guard let found = paths.existing(text) else { throw paths.missing(text, what: what, at: place, kind: .file) }
        return found
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String) throws(RuntimeError) -> Choice? {
        try choice(key, of: Choice.allCases.map(\.rawValue)).flatMap(Choice.init)
    }

    func boolean(_ key: String) throws(RuntimeError) -> Bool? {
        guard let node = self[key] else { return nil }
        guard let value = node.boolean else { throw mustBe("true or false", key, node) }
        return value
    }
}

// MARK: In config.resolved.yaml

extension Experiment.Training {
    var value: ConfigValue {
        .mapping([("path", .text(path)), ("limit", .optional(limit)), ("fit", .integer(fit))])
    }

    /// As it was resolved.
    init(resolved section: ConfigReader) throws(RuntimeError) {
        path = try section.requiredText("path")
        limit = try section.integer("limit")
        fit = try section.integer("fit") ?? Self.usualFit
    }
}

extension Experiment.Influence {
    /// Without the components.
    var members: [(String, ConfigValue)] {
        [
            ("max_new_tokens", .integer(maxNewTokens)), ("contrast", .text(contrast.rawValue)), ("top", .integer(top)),
            ("text", .boolean(showsText)),
            ("planted", planted.map { .text($0) } ?? .null),
        ]
    }

    /// As it was resolved, without the components.
    init(resolved section: ConfigReader) throws(RuntimeError) {
        maxNewTokens = try section.integer("max_new_tokens") ?? maxNewTokens
        contrast = try section.choice("contrast") ?? contrast
        top = try section.integer("top") ?? top
        showsText = try section.boolean("text") ?? false
        planted = try section.text("planted")
    }
}

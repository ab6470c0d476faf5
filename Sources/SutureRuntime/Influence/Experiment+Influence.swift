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
        if let count = try section.integer("top", atLeast: 1) { found.top = count }
        found.showsText = try section.boolean("text") ?? false
        if section["planted"] != nil {
            found.planted = try section.existing("planted", what: "the list of planted lines", paths)
        }
        if let node = section["validate"] {
            let inner = try ConfigReader(
                node, path: "influence.validate",
                keys: ExperimentSchema.root["influence"]?["validate"]?.keys, kind: reader.kind)
            retrain = try Self.component(try inner.required("retrain"), path: "influence.validate.retrain")
            var validation = Validation(
                base: try inner.existing("base", what: "the model that training began with", paths))
            if let count = try inner.integer("subsets", atLeast: 2) { validation.subsets = count }
            if let share = try inner.number("fraction", above: 0, atMost: 1) { validation.fraction = share }
            if inner["groups"] != nil { validation.groups = try inner.numbers("groups", above: 0, atMost: 1) }
            found.validation = validation
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

    func boolean(_ key: String) throws(RuntimeError) -> Bool? {
        guard let node = self[key] else { return nil }
        guard let value = node.boolean else { throw mustBe("true or false", key, node) }
        return value
    }

    func numbers(_ key: String, above: Double, atMost: Double) throws(RuntimeError) -> [Double] {
        var found: [Double] = []
        for item in try list(key) {
            guard let value = item.number, value > above, value <= atMost else {
                throw mustBe("numbers above \(above) and at most \(atMost)", key, item)
            }
            found.append(value)
        }
        return found
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
        var members: [(String, ConfigValue)] = [
            ("max_new_tokens", .integer(maxNewTokens)), ("top", .integer(top)), ("text", .boolean(showsText)),
            ("planted", planted.map { .text($0) } ?? .null),
        ]
        if let validation {
            members.append(
                (
                    "validate",
                    .mapping([
                        ("base", .text(validation.base)), ("subsets", .integer(validation.subsets)),
                        ("fraction", .number(validation.fraction)),
                        ("groups", .list(validation.groups.map { .number($0) })),
                    ])
                ))
        }
        return members
    }

    /// As it was resolved, without the components.
    init(resolved section: ConfigReader) throws(RuntimeError) {
        maxNewTokens = try section.integer("max_new_tokens") ?? maxNewTokens
        top = try section.integer("top") ?? top
        showsText = try section.boolean("text") ?? false
        planted = try section.text("planted")
        guard let node = section["validate"] else { return }
        let inner = try ConfigReader(
            node, path: "influence.validate", keys: ["base", "subsets", "fraction", "groups"], kind: .file)
        var validation = Experiment.Validation(base: try inner.requiredText("base"))
        validation.subsets = try inner.integer("subsets") ?? validation.subsets
        validation.fraction = try inner.number("fraction", above: 0, atMost: 1) ?? validation.fraction
        validation.groups = try inner.numbers("groups", above: 0, atMost: 1)
        self.validation = validation
    }
}

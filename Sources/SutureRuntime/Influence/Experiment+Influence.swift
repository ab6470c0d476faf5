// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension Experiment {
    /// The section `training`, with its component.
    mutating func readTraining(_ reader: ConfigReader, _ paths: PathResolver) throws(RuntimeError) {
        guard let section = try Self.section("training", of: reader) else { return }
        var found = Training(
            path: try section.existing("path", what: "the training file", paths),
            limit: try section.integer("limit", atLeast: 1),
            fit: try section.integer("fit", atLeast: 1) ?? Training.usualFit)
        if let node = section["candidates"] {
            let inner = try ConfigReader(
                node, path: "training.candidates", keys: Training.candidateKeys, kind: reader.kind)
            prefilter = try Self.component(try inner.required("estimator"), path: "training.candidates.estimator")
            var candidates = Candidates()
            if let count = try inner.integer("top", atLeast: 1) { candidates.top = count }
            if let count = try inner.integer("random", atLeast: 0) { candidates.random = count }
            found.candidates = candidates
        }
        training = found
    }

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
    static let candidateKeys = ["estimator", "top", "random"]

    /// - Parameter prefilter: the component of the candidates.
    func value(prefilter: ConfigValue?) -> ConfigValue {
        var members: [(String, ConfigValue)] = [
            ("path", .text(path)), ("limit", .optional(limit)), ("fit", .integer(fit)),
        ]
        if let candidates, let prefilter {
            members.append(
                (
                    "candidates",
                    .mapping([
                        ("estimator", prefilter), ("top", .integer(candidates.top)),
                        ("random", .integer(candidates.random)),
                    ])
                ))
        }
        return .mapping(members)
    }

    /// As it was resolved, with the component of its candidates.
    static func resolved(
        _ section: ConfigReader
    ) throws(RuntimeError) -> (training: Experiment.Training, prefilter: ResolvedComponent?) {
        var found = Experiment.Training(
            path: try section.requiredText("path"), limit: try section.integer("limit"),
            fit: try section.integer("fit") ?? usualFit)
        guard let node = section["candidates"] else { return (found, nil) }
        let inner = try ConfigReader(node, path: "training.candidates", keys: candidateKeys, kind: .file)
        found.candidates = Experiment.Candidates(
            top: try inner.requiredInteger("top"), random: try inner.requiredInteger("random"))
        let prefilter = try ResolvedComponent(
            inner.required("estimator"), .estimator, path: "training.candidates.estimator")
        return (found, prefilter)
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

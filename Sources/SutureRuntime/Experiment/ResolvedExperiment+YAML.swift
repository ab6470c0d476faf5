// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

extension ResolvedExperiment {
    package static let fileName = "config.resolved.yaml"
    package static let sourceName = "config.source.yaml"

    /// The text of `config.resolved.yaml`. Equal experiments give equal bytes.
    package var yaml: String {
        SealedText.seal(
            "# Written by suture: everything that this run was given, defaults included.\n"
                + ConfigWriter.yaml(members(ofRun: true)))
    }

    /// Reads what ``yaml`` writes.
    ///
    /// - Parameter name: the file's name, for sentences.
    /// - Throws: `file` for a text that was changed so that it is not one of ours any more.
    package init(yaml text: String, name: String = Self.fileName) throws(RuntimeError) {
        try self.init(ConfigNode(yaml: Data(text.utf8), name: name, kind: .file))
    }

    /// Reads the configuration of a run folder.
    ///
    /// - Parameter isToBeContinued: refuses a file of before files had checksums: what the run has read is not known.
    /// - Throws: `file` for what is no run folder, and for a file that something else has changed since.
    package init(runFolder folder: String, isToBeContinued: Bool = false) throws(RuntimeError) {
        let path = URL(fileURLWithPath: folder).appendingPathComponent(Self.fileName).path
        let read = try RuntimeError.wrapping { try SmallFile.contents(atPath: path, limit: ConfigNode.largestFile) }
        guard let data = read else {
            throw RuntimeError(
                .file, "'\(folder)' is not a run folder: it has no readable \(Self.fileName)",
                hint: "give the folder that a run has written")
        }
        switch SealedText.state(of: data) {
        case .whole: break
        case .changed:
            throw RuntimeError(
                .file, "'\(path)' is not as suture wrote it: its checksum differs",
                hint: "put it back; for other settings, change the experiment file and start a new run")
        case .unsealed where isToBeContinued:
            throw RuntimeError(
                .file, "'\(path)' has no checksum: an older suture wrote it, or it was changed",
                hint: "start the run anew from its experiment file")
        case .unsealed: break
        }
        try self.init(ConfigNode(yaml: data, name: path, kind: .file))
    }

    /// Writes `config.resolved.yaml` and, as a byte copy of the experiment file, `config.source.yaml`. Each file
    /// appears whole or not at all.
    ///
    /// - Parameter source: ``Experiment/source``; nil writes the resolved file alone.
    package func write(to folder: String, source: Data?) throws(RuntimeError) {
        let folder = URL(fileURLWithPath: folder, isDirectory: true)
        do {
            if let source { try OutputFile.replace(folder.appendingPathComponent(Self.sourceName), by: source) }
            try OutputFile.replace(folder.appendingPathComponent(Self.fileName), by: Data(yaml.utf8))
        } catch {
            throw RuntimeError(error)
        }
    }

    // MARK: Writing

    /// - Parameter ofRun: includes what does not decide about the numbers: where the run came from and where it goes.
    func members(ofRun: Bool) -> [(String, ConfigValue)] {
        var members: [(String, ConfigValue)] = [
            ("schema", .integer(Experiment.schema)),
            ("experiment", .text(name)),
            (
                "model",
                .mapping(
                    [
                        ("source", .text(model.source)), ("dtype", .text(model.dtype.description)),
                        ("device", .text(model.device.description)), ("threads", .integer(model.threads)),
                    ] + (model.patches.isEmpty ? [] : [("patches", .texts(model.patches))]))
            ),
            (
                "dataset",
                .mapping(
                    [
                        ("name", .text(dataset.name)), ("path", .text(dataset.path)),
                        ("where", dataset.conditions.value), ("limit", .optional(dataset.limit)),
                        ("offset", .integer(dataset.offset)),
                        ("join", dataset.join.map { .text($0.rawValue) } ?? .null),
                        ("invalid", .text(dataset.invalid.rawValue)),
                    ] + (dataset.known.map { [("known", $0.value)] } ?? []) + dataset.pairs.members)
            ),
            ("locator", locator?.value(ofRun: ofRun) ?? .null),
            ("method", method?.value(ofRun: ofRun) ?? .null),
            (
                "edit",
                .mapping([
                    ("mode", .text(edit.mode.rawValue)), ("size", .optional(edit.size)),
                    ("restore", .text(edit.restore.rawValue)), ("evaluate", .text(edit.evaluate.rawValue)),
                ])
            ),
            ("statistics", statistics?.value ?? .null),
        ]
        if let training {
            members.append(("training", training.value(prefilter: prefilter?.value(ofRun: ofRun))))
        }
        if let influence {
            members.append(
                (
                    "influence",
                    .mapping(
                        influence.settings.members
                            + [
                                ("estimator", influence.estimator.value(ofRun: ofRun)),
                                ("annotator", influence.annotator?.value(ofRun: ofRun) ?? .null),
                            ])
                ))
        }
        if let validation { members.append(("validation", validation.value(ofRun: ofRun))) }
        members += [
            ("evaluators", .list(evaluators.map { $0.value(ofRun: ofRun) })),
            ("seed", .integer(seed)),
            ("versions", .table(versions)),
            ("digests", .table(digests)),
        ]
        if ofRun {
            members += [
                ("plugins", .texts(plugins)),
                ("limits", .mapping([("stall_seconds", .number(limits.stallSeconds))])),
                ("output", .mapping([("dir", .text(output.folder))])),
                ("source", .text(source)),
                ("overrides", .texts(overrides)),
            ]
        }
        return members
    }

    // MARK: Reading

    init(_ root: ConfigNode) throws(RuntimeError) {
        let keys = [
            "schema", "experiment", "model", "dataset", "locator", "method", "edit", "statistics", "training",
            "influence", "validation",
            "evaluators", "seed", "versions", "digests", "plugins", "limits", "output", "source", "overrides",
            SealedText.key,
        ]
        let reader = try ConfigReader(root, path: "", keys: keys, kind: .file)
        func section(_ key: String) throws(RuntimeError) -> ConfigReader {
            try ConfigReader(try reader.required(key), path: key, keys: ExperimentSchema.keys(of: key), kind: .file)
        }
        guard try reader.integer("schema") == Experiment.schema else {
            throw reader.mustBe("\(Experiment.schema)", "schema", try reader.required("schema"))
        }
        name = try reader.requiredText("experiment")
        let model = try section("model")
        self.model = Experiment.Model(
            source: try model.requiredText("source"), dtype: try model.dtype("dtype"),
            device: try model.named("device", Device.init(named:)),
            // Older runs do not say this.
            threads: try model.integer("threads", atLeast: 1, atMost: Processor.mostThreads)
                ?? Processor.defaultThreads, patches: try model.texts("patches"))
        let dataset = try section("dataset")
        self.dataset = Experiment.Dataset(
            name: try dataset.requiredText("name"), path: try dataset.requiredText("path"),
            limit: try dataset.integer("limit"), offset: try dataset.requiredInteger("offset"),
            conditions: try dataset["where"].map { (node) throws(RuntimeError) in
                try [RecordCondition](node, path: "dataset.where", kind: .file)
            } ?? [],
            // Older runs do not say these two. They joined as the format has it, and stopped.
            join: try dataset["join"] == nil
                ? DatasetReaders.named(dataset.requiredText("name")).join
                : dataset.named("join", Experiment.Dataset.Join.init),
            invalid: try dataset["invalid"] == nil ? .stop : dataset.named("invalid", Experiment.Dataset.Invalid.init),
            known: try dataset["known"].map { (node) throws(RuntimeError) in
                try Experiment.Dataset.Known(node, path: "dataset.known", kind: .file)
            }, pairs: try Experiment.Dataset.PairSettings(dataset))
        locator = try reader["locator"].map { (node) throws(RuntimeError) in
            try ResolvedComponent(node, .locator, path: "locator")
        }
        method = try reader["method"].map { (node) throws(RuntimeError) in
            try ResolvedComponent(node, .patcher, path: "method")
        }
        let edit = try section("edit")
        self.edit = Experiment.Edit(
            mode: try edit.named("mode", Experiment.Edit.Mode.init), size: try edit.integer("size"),
            restore: try edit.named("restore", Experiment.Edit.Restore.init),
            // Runs of the first version do not say this. They measured only at the end.
            evaluate: try edit["evaluate"] == nil ? .end : edit.named("evaluate", Experiment.Edit.Evaluate.init))
        statistics = nil
        if reader["statistics"] != nil {
            let statistics = try section("statistics")
            if statistics["moments"] != nil {
                self.statistics = Experiment.Statistics(moments: try MomentFiles.byLayer(in: statistics))
            } else {
                self.statistics = Experiment.Statistics(
                    path: try statistics.text("source") == "model" ? nil : statistics.requiredText("path"),
                    limit: try statistics.integer("limit"),
                    maxTokens: try statistics.integer("max_tokens"),
                    maxLength: try statistics.requiredInteger("max_length"),
                    batchTokens: try statistics.requiredInteger("batch_tokens"), dtype: try statistics.dtype("dtype"))
            }
        }
        if reader["training"] != nil {
            let (found, component) = try Experiment.Training.resolved(section("training"))
            (training, prefilter) = (found, component)
        }
        influence = try reader["influence"].map { (node) throws(RuntimeError) in
            let section = try ConfigReader(
                node, path: "influence",
                keys: ["max_new_tokens", "contrast", "top", "text", "planted", "estimator", "annotator"],
                kind: .file)
            func component(_ key: String, _ kind: ComponentKind) throws(RuntimeError) -> ResolvedComponent? {
                try section[key].map { (node) throws(RuntimeError) in
                    try ResolvedComponent(node, kind, path: section.name(key))
                }
            }
            guard let estimator = try component("estimator", .estimator) else {
                throw section.mustBe("a component", "estimator", node)
            }
            return ResolvedInfluence(
                settings: try Experiment.Influence(resolved: section), estimator: estimator,
                annotator: try component("annotator", .annotator))
        }
        validation = try reader["validation"].map { (node) throws(RuntimeError) in
            try ResolvedValidation(resolved: node)
        }
        evaluators = []
        for (index, item) in try reader.list("evaluators").enumerated() {
            evaluators.append(try ResolvedComponent(item, .evaluator, path: "evaluators[\(index)]"))
        }
        seed = try reader.requiredInteger("seed")
        versions = try reader.table("versions")
        digests = try reader.table("digests")
        plugins = try reader.texts("plugins")
        let limits = try section("limits")
        guard
            let seconds = try limits.number("stall_seconds", above: 0, atMost: WorkerProcess.Limits.largestStallSeconds)
        else {
            throw limits.mustBe("a number", "stall_seconds", try limits.required("stall_seconds"))
        }
        self.limits = Experiment.Limits(stallSeconds: seconds)
        output = Experiment.Output(folder: try section("output").requiredText("dir"))
        source = try reader.requiredText("source")
        overrides = try reader.texts("overrides")
    }
}

extension ResolvedExperiment: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(yaml: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(yaml)
    }
}

extension ConfigReader {
    func requiredInteger(_ key: String) throws(RuntimeError) -> Int {
        let node = try required(key)
        guard let value = node.integer else { throw mustBe("a whole number", key, node) }
        return value
    }

    fileprivate func dtype(_ key: String) throws(RuntimeError) -> DType { try named(key, DType.init(named:)) }

    fileprivate func named<Value>(_ key: String, _ make: (String) -> Value?) throws(RuntimeError) -> Value {
        let text = try requiredText(key)
        guard let value = make(text) else { throw mustBe("a known name", key, try required(key)) }
        return value
    }
}

extension Experiment.Statistics {
    fileprivate var value: ConfigValue {
        guard moments.isEmpty else {
            return .mapping([
                ("moments", .mapping(moments.sorted { $0.key < $1.key }.map { (String($0.key), .text($0.value)) }))
            ])
        }
        return .mapping([
            path.map { ("path", .text($0)) } ?? ("source", .text("model")), ("limit", .optional(limit)),
            ("max_tokens", .optional(maxTokens)), ("max_length", .integer(maxLength)),
            ("batch_tokens", .integer(batchTokens)), ("dtype", .text(dtype.description)),
        ])
    }
}

extension ResolvedComponent {
    /// - Parameter ofRun: includes where the library lies; its digest says enough about what it does.
    func value(ofRun: Bool) -> ConfigValue {
        var plugin: [(String, ConfigValue)] = [
            ("id", .text(pluginID)), ("version", .text(pluginVersion)), ("digest", .text(digest)),
        ]
        if ofRun { plugin.append(("file", .text(file))) }
        return .mapping([
            ("name", .text(id)),
            ("as", .text(label)),
            ("version", .text(version)),
            ("plugin", .mapping(plugin)),
            ("parameters", .mapping(settings.map { ($0.name, $0.value.value(ofRun: ofRun)) })),
            // The value does not show which type an empty list has, or whether 1.0 is a number.
            ("types", .mapping(settings.map { ($0.name, .text($0.type)) })),
        ])
    }

    init(_ node: ConfigNode, _ kind: ComponentKind, path: String) throws(RuntimeError) {
        let reader = try ConfigReader(
            node, path: path, keys: ["name", "as", "version", "plugin", "parameters", "types"], kind: .file)
        let plugin = try ConfigReader(
            try reader.required("plugin"), path: "\(path).plugin", keys: ["id", "version", "digest", "file"],
            kind: .file)
        let parameters = try ConfigReader(
            try reader.required("parameters"), path: "\(path).parameters", keys: nil, kind: .file)
        let types = try reader.table("types")
        var settings: [Setting] = []
        for entry in parameters.entries {
            let type = types[entry.key] ?? ""
            if let kind = ComponentKind.allCases.first(where: { $0.name == type }) {
                let inner = try ResolvedComponent(entry.value, kind, path: "\(path).parameters.\(entry.key)")
                settings.append(Setting(name: entry.key, value: .component(inner)))
                continue
            }
            guard let setting = Setting(name: entry.key, entry.value, type: type) else {
                throw parameters.mustBe("of type '\(type)'", entry.key, entry.value)
            }
            settings.append(setting)
        }
        let id = try reader.requiredText("name")
        self.init(
            id: id, label: try reader.text("as") ?? id, kind: kind, version: try reader.text("version") ?? "",
            pluginID: try plugin.text("id") ?? "", pluginVersion: try plugin.text("version") ?? "",
            file: try plugin.text("file") ?? "", digest: try plugin.text("digest") ?? "", settings: settings)
    }
}

extension ResolvedComponent.Setting {
    /// A text that names something that the run reads has the type of what it names: "file", "folders".
    fileprivate var type: String {
        guard let names else { return value.type }
        if case .texts = value { return names.rawValue + "s" }
        return names.rawValue
    }

    fileprivate init?(name: String, _ node: ConfigNode, type: String) {
        let form = RunInput.Form.allCases.first { type == $0.rawValue || type == $0.rawValue + "s" }
        let plain = form.map { type == $0.rawValue ? "text" : "texts" } ?? type
        guard let value = ArgumentValue(node, type: plain) else { return nil }
        self.init(name: name, value: value, names: form)
    }
}

extension ArgumentValue {
    fileprivate var type: String {
        switch self {
        case .null: "null"
        case .integer: "integer"
        case .number: "number"
        case .boolean: "boolean"
        case .text: "text"
        case .integers: "integers"
        case .numbers: "numbers"
        case .texts: "texts"
        case .textGroups: "text_groups"
        case .component(let component): component.kind.name
        }
    }

    fileprivate func value(ofRun: Bool) -> ConfigValue {
        switch self {
        case .null: .null
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .boolean(let value): .boolean(value)
        case .text(let value): .text(value)
        case .integers(let values): .list(values.map { .integer($0) })
        case .numbers(let values): .list(values.map { .number($0) })
        case .texts(let values): .texts(values)
        case .textGroups(let groups): .list(groups.map { .texts($0) })
        case .component(let component): component.value(ofRun: ofRun)
        }
    }

    fileprivate init?(_ node: ConfigNode, type: String) {
        func all<Value>(_ make: (ConfigNode) -> Value?) -> [Value]? {
            guard case .list(let items) = node.content else { return nil }
            let values = items.compactMap(make)
            return values.count == items.count ? values : nil
        }
        func texts(_ node: ConfigNode) -> [String]? {
            guard case .list(let items) = node.content else { return nil }
            let texts = items.compactMap(\.text)
            return texts.count == items.count ? texts : nil
        }
        let value: ArgumentValue? =
            switch type {
            case "null": node.isNull ? .null : nil
            case "integer": node.integer.map { .integer($0) }
            case "number": node.number.map { .number($0) }
            case "boolean": node.boolean.map { .boolean($0) }
            case "text": node.text.map { .text($0) }
            case "integers": all(\.integer).map { .integers($0) }
            case "numbers": all(\.number).map { .numbers($0) }
            case "texts": all(\.text).map { .texts($0) }
            case "text_groups": all(texts).map { .textGroups($0) }
            default: nil
            }
        guard let value else { return nil }
        self = value
    }
}

extension ResolvedValidation {
    func value(ofRun: Bool) -> ConfigValue {
        .mapping([
            ("base", .text(settings.base)), ("trainer", trainer.value(ofRun: ofRun)),
            ("subsets", .integer(settings.subsetCount)), ("share", .number(settings.share)),
            ("groups", .list(settings.groups.map { .integer($0) })),
        ])
    }

    init(resolved node: ConfigNode) throws(RuntimeError) {
        let section = try ConfigReader(
            node, path: "validation", keys: ["base", "trainer", "subsets", "share", "groups"], kind: .file)
        var settings = Experiment.Validation(base: try section.requiredText("base"))
        settings.subsetCount = try section.requiredInteger("subsets")
        settings.share = try section.number("share", above: 0) ?? settings.share
        settings.groups = try section.positiveIntegers("groups")
        self.settings = settings
        trainer = try ResolvedComponent(section.required("trainer"), .patcher, path: "validation.trainer")
    }
}

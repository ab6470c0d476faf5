// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

extension Experiment {
    /// Reads an experiment file, applies overrides and checks everything that needs neither plugin nor data.
    ///
    /// - Parameters:
    ///   - overrides: in Hydra's grammar, `method.v_lr=0.1`, `+key=value`, `++key=value`, `~key`; see ``Override``.
    ///   - currentFolder: where relative paths begin.
    /// - Throws: `usage`, with file, line and column, for what the file says wrong; `file` for a model, dataset or text
    ///   that is not there; `plugin` for a plugin file that is not there.
    package init(
        file: String, overrides: [String] = [], currentFolder: String = FileManager.default.currentDirectoryPath
    ) throws(RuntimeError) {
        let read = try ExperimentFile(file, overrides: overrides, currentFolder: currentFolder)
        for key in ["variants", "sweep"] {
            guard let node = read.root[key], !node.isNull else { continue }
            throw RuntimeError(
                .usage, "\(node.place): '\(key)' makes this the file of several runs, and one was asked for",
                hint: "use `suture run`, which does them all")
        }
        try self.init(read)
    }

    init(_ read: ExperimentFile) throws(RuntimeError) {
        try self.init(
            read.root, file: read.path, source: read.source, overrides: read.overrides, paths: read.paths)
    }

    /// - Parameter parts: what the file has to have.
    init(
        _ root: ConfigNode, file: String, source: Data, overrides: [String], paths: PathResolver,
        parts: ExperimentParts = .all
    ) throws(RuntimeError) {
        let reader = try ConfigReader(root, path: "", keys: ExperimentSchema.root.keys)
        let schema = try reader.required("schema")
        guard schema.integer == Self.schema else {
            throw reader.mustBe(
                "\(Self.schema)", "schema", schema,
                hint: "this version reads experiment files of schema \(Self.schema)")
        }
        name = try Self.name(reader)
        model = try Self.model(reader, paths)
        (plugins, pluginsOfFile) = try Self.plugins(reader, paths)
        dataset = try Self.dataset(reader, paths)
        func component(_ key: String, isNeeded: Bool) throws(RuntimeError) -> ComponentRequest? {
            let node = isNeeded ? try reader.required(key) : reader[key]
            return try node.map { (node) throws(RuntimeError) in try Self.component(node, path: key) }
        }
        locator = try component("locator", isNeeded: parts == .all || parts == .locator)
        method = try component("method", isNeeded: parts == .all)
        edit = try Self.edit(reader)
        statistics = try Self.statistics(reader, paths)
        evaluators = try Self.evaluators(reader)
        guard parts != .evaluators || !evaluators.isEmpty else {
            throw RuntimeError(
                .usage, "\(file) has no evaluators, so there is nothing to measure",
                hint: "list some: evaluators: [counterfact]; `suture plugins list` names them")
        }
        seed = try reader.integer("seed", atLeast: 0) ?? 0
        limits = Limits(
            stallSeconds: try Self.section("limits", of: reader)?.number(
                "stall_seconds", above: 0, atMost: WorkerProcess.Limits.largestStallSeconds)
                ?? Limits.usualStallSeconds)
        let folder = try Self.section("output", of: reader)?.text("dir") ?? "runs"
        output = Output(folder: paths.absolute(folder))
        self.file = file
        self.source = source
        self.overrides = overrides
        self.paths = paths
        try readTraining(reader, paths)
        try readInfluence(reader, paths, isNeeded: parts.tracesInfluence)
        try readValidation(reader, paths, isNeeded: parts == .validation)
    }

    /// The reader of a section; nil where it is missing or null.
    static func section(_ key: String, of reader: ConfigReader) throws(RuntimeError) -> ConfigReader? {
        guard let node = reader[key] else { return nil }
        return try ConfigReader(node, path: key, keys: ExperimentSchema.keys(of: key), kind: reader.kind)
    }

    private static func requiredSection(_ key: String, of reader: ConfigReader) throws(RuntimeError) -> ConfigReader {
        let node = try reader.required(key)
        return try ConfigReader(node, path: key, keys: ExperimentSchema.keys(of: key), kind: reader.kind)
    }

    private static func name(_ reader: ConfigReader) throws(RuntimeError) -> String {
        let name = try reader.requiredText("experiment")
        let isPlain = name.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "._-".unicodeScalars.contains($0))
        }
        guard isPlain, !name.hasPrefix("."), name.count <= 100 else {
            throw RuntimeError(
                .usage,
                "\(try reader.required("experiment").place): experiment must be a name for a folder, got \"\(name)\"",
                hint: "use letters, digits, '-', '_' and '.', at most 100")
        }
        return name
    }

    private static func model(_ reader: ConfigReader, _ paths: PathResolver) throws(RuntimeError) -> Model {
        let section = try requiredSection("model", of: reader)
        let source = try section.requiredText("source")
        let place = try section.required("source").place
        guard let found = paths.existing(source) else {
            throw paths.missing(source, what: "the model folder", at: place, kind: .file)
        }
        let dtypes: [DType] = [.float32, .float64, .float16, .bfloat16]
        let dtype = try section.choice("dtype", of: dtypes.map(\.description)).flatMap(DType.init(named:)) ?? .float32
        var device = Device.cpu
        if let node = section["device"] {
            guard let named = node.text.flatMap(Device.init(named:)) else {
                throw section.mustBe("cpu, cuda or cuda:N", "device", node)
            }
            device = named
        }
        let threads = try section.integer("threads", atLeast: 1, atMost: Processor.mostThreads)
        var patches: [String] = []
        for (item, text) in zip(try section.list("patches"), try section.texts("patches")) {
            guard let path = paths.existing(text) else {
                throw paths.missing(text, what: "the patch", at: item.place, kind: .file)
            }
            patches.append(path)
        }
        return Model(
            source: found, dtype: dtype, device: device, threads: threads ?? Processor.defaultThreads, patches: patches)
    }

    private static func plugins(
        _ reader: ConfigReader, _ paths: PathResolver
    ) throws(RuntimeError) -> (all: [String], ofFile: [String]) {
        var found: [String] = []
        var ofFile: [String] = []
        for (item, text) in zip(try reader.list("plugins"), try reader.texts("plugins")) {
            guard let path = paths.existing(text) else {
                throw paths.missing(text, what: "the plugin", at: item.place, kind: .plugin)
            }
            found.append(path)
            if !item.place.isCommandLine { ofFile.append(path) }
        }
        return (found, ofFile)
    }

    private static func dataset(_ reader: ConfigReader, _ paths: PathResolver) throws(RuntimeError) -> Dataset {
        let section = try requiredSection("dataset", of: reader)
        _ = try section.required("name")
        let name = try section.choice("name", of: DatasetReaders.names) ?? ""
        let path = try section.requiredText("path")
        let place = try section.required("path").place
        guard let found = paths.existing(path) else {
            throw paths.missing(path, what: "the dataset", at: place, kind: .file)
        }
        try PathResolver.checkRepeats(found, what: "the dataset", at: place)
        let invalid = try section.choice("invalid", of: Dataset.Invalid.allCases.map(\.rawValue))
        return Dataset(
            name: name, path: found, limit: try section.integer("limit", atLeast: 1),
            offset: try section.integer("offset", atLeast: 0) ?? 0,
            conditions: try section["where"].map { (node) throws(RuntimeError) in
                try [RecordCondition](node, path: section.name("where"))
            } ?? [],
            join: try join(section, format: name), invalid: invalid.flatMap(Dataset.Invalid.init) ?? .stop,
            known: try section["known"].map { (node) throws(RuntimeError) in
                try Dataset.Known(node, path: section.name("known"), format: name)
            }, pairs: try Dataset.PairSettings(section, format: name, paths))
    }

    /// What is between a prompt and its object, by the file or else by the format.
    private static func join(_ section: ConfigReader, format: String) throws(RuntimeError) -> Dataset.Join? {
        let own = try DatasetReaders.named(format).join
        guard let node = section["join"] else { return own }
        guard own != nil else {
            throw section.mustBe(
                "left out for '\(format)'", "join", node, hint: "its prompts have no objects that follow them")
        }
        return try section.choice("join", of: Dataset.Join.allCases.map(\.rawValue)).flatMap(Dataset.Join.init)
    }

    /// `{name: memit, v_lr: 0.5}`, or `memit` for one without settings.
    static func component(_ node: ConfigNode, path: String) throws(RuntimeError) -> ComponentRequest {
        if case .scalar = node.content, let text = node.text, !text.isEmpty {
            return ComponentRequest(name: text, settings: ConfigNode(.mapping([]), at: node.place), place: node.place)
        }
        let reader = try ConfigReader(node, path: path, keys: nil)
        let name = try reader.requiredText("name")
        let settings = ConfigNode(.mapping(reader.entries.filter { $0.key != "name" }), at: node.place)
        return ComponentRequest(name: name, settings: settings, place: try reader.required("name").place)
    }

    private static func evaluators(_ reader: ConfigReader) throws(RuntimeError) -> [ComponentRequest] {
        var evaluators: [ComponentRequest] = []
        for (index, item) in try reader.list("evaluators").enumerated() {
            var evaluator = try component(item, path: "evaluators[\(index)]")
            try evaluator.takeLabel()
            guard !evaluators.contains(where: { $0.label == evaluator.label }) else {
                throw RuntimeError(
                    .usage, "\(evaluator.place): the evaluator '\(evaluator.label)' is listed twice",
                    hint: "keep one, or give one another name for its figures: as: …")
            }
            evaluators.append(evaluator)
        }
        return evaluators
    }

    private static func edit(_ reader: ConfigReader) throws(RuntimeError) -> Edit {
        guard let section = try section("edit", of: reader) else {
            return Edit(mode: .batch, size: nil, restore: .afterBatch, evaluate: .end)
        }
        let mode = try section.choice("mode", of: Edit.Mode.allCases.map(\.rawValue)).flatMap(Edit.Mode.init) ?? .batch
        let size = try section.integer("size", atLeast: 1)
        let asked = try section.choice("restore", of: Edit.Restore.allCases.map(\.rawValue)).flatMap(Edit.Restore.init)
        let restore: Edit.Restore = mode == .sequential ? .never : .afterBatch
        if mode == .single, let size, size != 1, let node = section["size"] {
            throw section.mustBe("1 in mode single", "size", node, hint: "use mode: batch for larger groups")
        }
        if let asked, asked != restore, let node = section["restore"] {
            let other = asked == .never ? "mode: sequential" : "mode: batch"
            throw section.mustBe("\(restore.rawValue) in mode \(mode.rawValue)", "restore", node, hint: "use \(other)")
        }
        let evaluate = try section.choice("evaluate", of: Edit.Evaluate.allCases.map(\.rawValue))
        if let node = section["evaluate"], mode != .sequential {
            throw section.mustBe("left out in mode \(mode.rawValue)", "evaluate", node, hint: "use mode: sequential")
        }
        return Edit(
            mode: mode, size: size ?? (mode == .batch ? nil : 1), restore: restore,
            evaluate: evaluate.flatMap(Edit.Evaluate.init) ?? (mode == .sequential ? .batch : .end))
    }

    private static func statistics(
        _ reader: ConfigReader, _ paths: PathResolver
    ) throws(RuntimeError) -> Statistics? {
        guard let section = try section("statistics", of: reader) else { return nil }
        if let node = section["moments"] {
            for other in section.entries where other.key != "moments" && !other.value.isNull {
                throw section.mustBe(
                    "left out with moments", other.key, other.value,
                    hint: "moments of files were computed over a text already")
            }
            return Statistics(moments: try MomentFiles.byLayer(node, of: section, paths))
        }
        let isSampled = try section.choice("source", of: ["file", "model"]) == "model"
        let dtypes: [DType] = [.float64, .float32]
        let limit = try section.integer("limit", atLeast: 1)
        return Statistics(
            path: try statisticsPath(section, paths, isSampled: isSampled),
            limit: limit ?? (isSampled ? sampledPassages : nil),
            maxTokens: try section.integer("max_tokens", atLeast: 1),
            maxLength: try section.integer("max_length", atLeast: 1) ?? (isSampled ? sampledTokens : 1024),
            batchTokens: try section.integer("batch_tokens", atLeast: 1) ?? 4096,
            dtype: try section.choice("dtype", of: dtypes.map(\.description)).flatMap(DType.init(named:)) ?? .float64)
    }

    /// What a model writes for statistics unless the file says otherwise: 500 passages of 64 tokens.
    private static let sampledPassages = 500
    private static let sampledTokens = 64

    /// The text for statistics; nil where the model writes it.
    private static func statisticsPath(
        _ section: ConfigReader, _ paths: PathResolver, isSampled: Bool
    ) throws(RuntimeError) -> String? {
        if isSampled {
            guard let node = section["path"] else { return nil }
            throw section.mustBe(
                "left out with source: model", "path", node,
                hint: "the model writes the text then; use source: file for one")
        }
        let path = try section.requiredText("path")
        let place = try section.required("path").place
        guard let found = paths.existing(path) else {
            throw paths.missing(path, what: "the text for statistics", at: place, kind: .file)
        }
        try PathResolver.checkRepeats(found, what: "the text for statistics", at: place)
        return found
    }
}

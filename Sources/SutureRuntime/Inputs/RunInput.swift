// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Something that a run reads and that decides about its numbers, under the setting that names it.
///
/// The one rule for all of them: an input is digested when the run is planned, its digest is a part of what the run is, and
/// ``InputWatch`` compares it whenever it is read again.
package struct RunInput: Sendable, Hashable {
    /// What it is made of.
    package enum Form: String, Sendable, Codable, CaseIterable {
        case file
        /// Every file in it, at any depth.
        case folder
        /// The weights and the JSON files of a model folder.
        case model
        /// A plugin's shared library. Its digest is recorded with its components.
        case plugin
    }

    /// "dataset.path", "method.base.path", "evaluators.perplexity.path"; the name of a plugin.
    package var setting: String
    /// Absolute.
    package var path: String
    package var form: Form

    /// Tells the inputs of a run apart.
    var key: String { form == .plugin ? path : setting }

    /// The files that it is made of by their names in it, in order. A file by itself has the empty name.
    ///
    /// - Throws: what is wrong with the folder.
    func files() throws(RuntimeError) -> [(name: String, path: String)] {
        switch form {
        case .file, .plugin: return [("", path)]
        case .model:
            return try names { try FileManager.default.contentsOfDirectory(atPath: path) }
                .filter { name in [".safetensors", ".json", ".jinja"].contains { name.hasSuffix($0) } }
                .map { ($0, "\(path)/\($0)") }
        case .folder:
            // A link to a folder would be taken for a file.
            let folder = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            return try names { try FileManager.default.subpathsOfDirectory(atPath: folder) }
                .map { ($0, "\(path)/\($0)") }
                .filter { FileStamp.isRegularFile($0.1) }
        }
    }

    private func names(_ list: () throws -> [String]) throws(RuntimeError) -> [String] {
        do {
            return try list().sorted()
        } catch {
            throw RuntimeError(
                kind, "the folder '\(path)' of \(setting) cannot be read", hint: "check the path and its permissions")
        }
    }

    /// What a fault in it counts as.
    var kind: RuntimeError.Kind { form == .plugin ? .plugin : .file }

    /// The sentence for an input that is not what it was.
    ///
    /// - Parameter names: of the files that differ, where that is known.
    func hasChanged(_ names: [String]) -> RuntimeError {
        let inside = names.first { !$0.isEmpty }
        let subject =
            switch form {
            case .plugin: "the plugin \(setting) (\(path))"
            case .file: "the file '\(path)' of \(setting)"
            case .folder, .model: inside.map { "'\(path)/\($0)' of \(setting)" } ?? "the folder '\(path)' of \(setting)"
            }
        return RuntimeError(
            kind, "\(subject) has changed since the run began", hint: "put it back, or start the run anew")
    }
}

extension ResolvedExperiment {
    /// Everything that the run reads.
    package var inputs: [RunInput] {
        var inputs = [
            RunInput(setting: "model.source", path: model.source, form: .model),
            RunInput(setting: "dataset.path", path: dataset.path, form: .file),
        ]
        if let demonstrations = dataset.pairs.demonstrations {
            inputs.append(
                RunInput(setting: "dataset.demonstrations.path", path: demonstrations.path, form: .file))
        }
        inputs += model.patches.enumerated().map {
            RunInput(setting: "model.patches[\($0)]", path: $1, form: .folder)
        }
        if let path = statistics?.path {
            inputs.append(RunInput(setting: "statistics.path", path: path, form: .file))
        }
        for (layer, path) in (statistics?.moments ?? [:]).sorted(by: { $0.key < $1.key }) {
            inputs.append(RunInput(setting: "statistics.moments.\(layer)", path: path, form: .file))
        }
        if let training { inputs.append(RunInput(setting: "training.path", path: training.path, form: .file)) }
        if let prefilter { inputs += prefilter.inputs(at: "training.candidates.estimator") }
        if let influence {
            if let path = influence.settings.planted {
                inputs.append(RunInput(setting: "influence.planted", path: path, form: .file))
            }
            for (name, component) in influence.components { inputs += component.inputs(at: name) }
        }
        if let validation {
            inputs.append(RunInput(setting: ResolvedValidation.baseName, path: validation.settings.base, form: .model))
            inputs += validation.trainer.inputs(at: ResolvedValidation.trainerName)
        }
        if let locator { inputs += locator.inputs(at: "locator") }
        if let method { inputs += method.inputs(at: "method") }
        for evaluator in evaluators { inputs += evaluator.inputs(at: "evaluators.\(evaluator.label)") }
        var libraries: Set<String> = []
        for component in components where libraries.insert(component.file).inserted {
            inputs.append(RunInput(setting: component.pluginID, path: component.file, form: .plugin))
        }
        return inputs
    }

    /// What an input was when the run was planned; nil where that is not recorded.
    package func digest(of input: RunInput) -> String? {
        guard input.form == .plugin else { return digests[input.setting] }
        return components.first { $0.file == input.path }?.digest
    }

    /// Of the files of the model.
    package var modelDigest: String { digests["model.source"] ?? "" }

    /// Of the files of the model and of the patches that lie over it.
    package var editedModelDigest: String {
        guard !model.patches.isEmpty else { return modelDigest }
        let patches = model.patches.indices.map { digests["model.patches[\($0)]"] ?? "" }
        return Digest.of(Data(([modelDigest] + patches).joined(separator: "\n").utf8))
    }
}

extension ResolvedComponent {
    /// The files and folders that its settings name, and those of the components among its settings.
    fileprivate func inputs(at place: String) -> [RunInput] {
        settings.flatMap { setting -> [RunInput] in
            let name = "\(place).\(setting.name)"
            if case .component(let inner) = setting.value { return inner.inputs(at: name) }
            guard let form = setting.names else { return [] }
            switch setting.value {
            case .text(let path): return [RunInput(setting: name, path: path, form: form)]
            case .texts(let paths):
                return paths.enumerated().map { RunInput(setting: "\(name)[\($0)]", path: $1, form: form) }
            default: return []
            }
        }
    }
}

extension ParameterDeclaration {
    /// What its texts name; nil where they name nothing that is read.
    ///
    /// Only the declaration decides: its type or its unit. A component needs no rule of its own.
    var namedInput: RunInput.Form? {
        switch (kind, unit) {
        case (.path, _), (.text, Self.fileUnit), (.texts, Self.fileUnit), (.text, Self.libraryUnit): .file
        case (.text, Self.folderUnit), (.texts, Self.folderUnit): .folder
        default: nil
        }
    }

    /// What a checked value names. An empty text names nothing, and a library without a path is the system's to find.
    func input(namedBy value: ArgumentValue) -> RunInput.Form? {
        switch value {
        case .text(let text): unit == Self.libraryUnit && !text.contains("/") || text.isEmpty ? nil : namedInput
        case .texts: namedInput
        default: nil
        }
    }
}

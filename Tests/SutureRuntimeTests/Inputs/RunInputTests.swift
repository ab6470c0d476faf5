// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("What a run reads")
struct RunInputTests {
    private static let reader: [ParameterDeclaration] = [
        .make("path", .path, optional: true),
        .make("script", .text, optional: true, unit: ParameterDeclaration.fileUnit),
        .make("scripts", .texts, default: "[]", unit: ParameterDeclaration.fileUnit),
        .make("folder", .text, optional: true, unit: ParameterDeclaration.folderUnit),
        .make("library", .text, optional: true, unit: ParameterDeclaration.libraryUnit),
        .make("word", .text, default: "\"a.txt\""),
    ]

    /// The standard experiment with two texts and a folder; `outer` has a component in its setting `inner`.
    private func workspace() throws -> Workspace {
        let workspace = try Workspace.withExperiment()
        try workspace.write("world/model/model.safetensors", "weights")
        try workspace.write("a.txt", "one\n")
        try workspace.write("b.txt", "two\n")
        try workspace.write("folder/inner/c.txt", "three\n")
        return workspace
    }

    private func resolved(
        _ workspace: Workspace, _ overrides: [String]
    ) throws -> (experiment: ResolvedExperiment, stamps: InputWatch.Stamps) {
        let experiment = try Experiment(
            file: workspace.path("quickstart.yaml"), overrides: overrides, currentFolder: workspace.path)
        var inner = ParameterDeclaration.make("inner", .component, optional: true)
        inner.componentKind = ComponentKind.annotator.rawValue
        var resolved = try experiment.resolve { (kind, request) throws(RuntimeError) in
            switch request.name {
            case "outer": .make(request.name, kind, [inner])
            case "reader": .make(request.name, kind, Self.reader)
            default:
                .make(
                    request.name, kind,
                    [.make("layers", .integers, default: "[]"), .make("v_num_grad_steps", .integer, default: "1")])
            }
        }
        let stamps = try InputReadings().record(in: &resolved)
        return (resolved, stamps)
    }

    private func settings(_ experiment: ResolvedExperiment) -> [String] {
        experiment.inputs.filter { $0.form != .plugin }.map(\.setting).filter { !Self.always.contains($0) }
    }

    private static let always: Set<String> = ["model.source", "dataset.path", "statistics.path"]

    @Test("the chat template is one of the model's files: evaluators may ask in its words")
    func chatTemplate() throws {
        let workspace = try workspace()
        func files() throws -> [String] {
            let inputs = try resolved(workspace, []).experiment.inputs
            return try #require(inputs.first { $0.form == .model }).files().map(\.name)
        }
        #expect(try !files().contains("chat_template.jinja"))
        try workspace.write("world/model/chat_template.jinja", "{{ messages[0].content }}")
        #expect(try files().contains("chat_template.jinja"))
    }

    @Test(
        "a setting names an input by its type or its unit alone, wherever the component is",
        arguments: [
            ("evaluators=[{name: reader, path: a.txt}]", ["evaluators.reader.path"]),
            ("evaluators=[{name: reader, as: far, path: a.txt}]", ["evaluators.far.path"]),
            ("evaluators=[{name: reader, script: a.txt}]", ["evaluators.reader.script"]),
            (
                "evaluators=[{name: reader, scripts: [a.txt, b.txt]}]",
                ["evaluators.reader.scripts[0]", "evaluators.reader.scripts[1]"]
            ),
            ("evaluators=[{name: reader, folder: folder}]", ["evaluators.reader.folder"]),
            ("evaluators=[{name: reader, library: ./a.txt}]", ["evaluators.reader.library"]),
            ("evaluators=[{name: reader, library: libm.so.6}]", []),
            ("evaluators=[{name: reader, word: a.txt}]", []),
            ("evaluators=[{name: outer, inner: {name: reader, path: a.txt}}]", ["evaluators.outer.inner.path"]),
            (
                "method={name: outer, inner: {name: outer, inner: {name: reader, path: a.txt}}}",
                ["method.inner.inner.path"]
            ),
            ("locator={name: reader, path: a.txt}", ["locator.path"]),
        ])
    func declared(override: String, expected: [String]) throws {
        let workspace = try workspace()
        let (experiment, _) = try resolved(
            workspace, ["evaluators=[]", override].suffix(override.hasPrefix("ev") ? 1 : 2))
        #expect(settings(experiment) == expected)
        for setting in expected { #expect(experiment.digests[setting]?.count == 64) }
        #expect(try ResolvedExperiment(yaml: experiment.yaml) == experiment, "and it reads back exactly")
    }

    @Test(
        "the content of every input is a part of what the run is",
        arguments: [
            "a.txt", "b.txt", "folder/inner/c.txt", "world/facts.json", "world/corpus.txt", "world/model/config.json",
            "world/model/model.safetensors",
        ])
    func identity(file: String) throws {
        let workspace = try workspace()
        let overrides = [
            "method={name: outer, inner: {name: reader, path: a.txt}}",
            "evaluators=[{name: reader, scripts: [b.txt], folder: folder}]",
        ]
        let before = try resolved(workspace, overrides).experiment
        #expect(try resolved(workspace, overrides).experiment.runID == before.runID)
        try workspace.write(file, "other\n")
        #expect(try resolved(workspace, overrides).experiment.runID != before.runID)
    }

    @Test("the build of the host and every version are a part of it, too, and a run of others is not resumed")
    func versions() throws {
        let versions = Versions.current
        #expect(versions["build"]?.count == 16 && versions["suture"] != nil && versions["libtorch"] != nil)
        try Versions.check(versions, of: "runs/x")
        for name in versions.keys {
            var others = versions
            others[name] = "else"
            let error = try failure { try Versions.check(others, of: "runs/x") }
            #expect(error.kind == .file)
            #expect(error.message.hasPrefix("the run in 'runs/x' was begun with \(name) else, and this is \(name) "))
            others[name] = nil
            #expect(throws: RuntimeError.self) { try Versions.check(others, of: "runs/x") }
        }
    }

    @Test(
        "what a setting names must be what its declaration says",
        arguments: [
            ("script: folder", "script: the file '", "is a folder; give the path of a file in it"),
            ("folder: a.txt", "folder: the folder '", "is a file; give the path of a folder"),
            ("folder: nowhere", "folder: the folder 'nowhere' does not exist", "relative paths begin"),
            ("script: nowhere", "script: the file 'nowhere' does not exist", "relative paths begin"),
            ("library: ./nowhere", "library: the file './nowhere' does not exist", "relative paths begin"),
            (
                "path: pipe", "path: the file '",
                "is a pipe or a device, and a run reads it more than once; put its content"
            ),
        ])
    func wrong(setting: String, start: String, end: String) throws {
        let workspace = try workspace()
        #expect(mkfifo(workspace.path("pipe"), 0o600) == 0)
        let error = try failure { try resolved(workspace, ["evaluators=[{name: reader, \(setting)}]"]) }
        #expect(error.kind == .file)
        #expect(error.description.contains("reader: \(start)") && error.description.contains(end), "\(error)")
    }

    @Test(
        "what can be read only once is refused at once, and nothing waits for it", arguments: ["dataset", "statistics"])
    func pipes(section: String) throws {
        let workspace = try workspace()
        #expect(mkfifo(workspace.path("pipe"), 0o600) == 0)
        let error = try failure { try resolved(workspace, ["\(section).path=pipe"]) }
        #expect(error.kind == .file)
        #expect(
            error.message.hasSuffix(
                "'\(workspace.path("pipe"))' is a pipe or a device, and a run reads it more than once"))
    }

    // MARK: The watch

    /// A change of the file `a.txt`, which holds "one\n".
    struct Change: CustomTestStringConvertible {
        var name: String
        var isChange: Bool
        var make: @Sendable (Workspace) throws -> Void
        var testDescription: String { name }
    }

    static let changes: [Change] = [
        Change(name: "nothing", isChange: false) { _ in },
        Change(name: "rewritten in place, as long as before", isChange: true) { workspace in
            let handle = try FileHandle(forWritingTo: workspace.folder.appendingPathComponent("a.txt"))
            try handle.write(contentsOf: Data("two\n".utf8))
            try handle.close()
        },
        Change(name: "rewritten, and its time put back", isChange: true) { workspace in
            let path = workspace.path("a.txt")
            let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
            try Data("two\n".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.modificationDate: date as Any], ofItemAtPath: path)
        },
        Change(name: "replaced by rename", isChange: true) { workspace in
            let other = try workspace.write("other", "two\n")
            #expect(rename(other, workspace.path("a.txt")) == 0)
        },
        Change(name: "replaced by the same content", isChange: false) { workspace in
            let other = try workspace.write("other", "one\n")
            #expect(rename(other, workspace.path("a.txt")) == 0)
        },
        Change(name: "cut short", isChange: true) { workspace in #expect(truncate(workspace.path("a.txt"), 2) == 0) },
        Change(name: "made longer", isChange: true) { workspace in
            let handle = try FileHandle(forWritingTo: workspace.folder.appendingPathComponent("a.txt"))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("two\n".utf8))
            try handle.close()
        },
        Change(name: "removed", isChange: true) { try FileManager.default.removeItem(atPath: $0.path("a.txt")) },
        Change(name: "touched", isChange: false) { workspace in
            try FileManager.default.setAttributes([.modificationDate: Date.now], ofItemAtPath: workspace.path("a.txt"))
        },
        Change(name: "with other permissions", isChange: false) { #expect(chmod($0.path("a.txt"), 0o600) == 0) },
        Change(name: "a pipe in its place", isChange: true) { workspace in
            try FileManager.default.removeItem(atPath: workspace.path("a.txt"))
            #expect(mkfifo(workspace.path("a.txt"), 0o600) == 0)
        },
    ]

    @Test("a file that is not what it was is named with its setting, however it was changed", arguments: changes)
    func files(change: Change) throws {
        let workspace = try workspace()
        let (experiment, stamps) = try resolved(workspace, ["evaluators=[{name: reader, path: a.txt}]"])
        // With what the host saw, without (as in a resumed run), and with a look before.
        let watches = try [stamps, [:], stamps].map { InputWatch(try withoutPlugins(experiment), stamps: $0) }
        try watches[2].check()
        try change.make(workspace)
        for watch in watches {
            guard change.isChange else {
                try watch.check()
                continue
            }
            let error = try failure { try watch.check() }
            #expect(
                error
                    == RuntimeError(
                        .file,
                        "the file '\(workspace.path("a.txt"))' of evaluators.reader.path has changed since the run began",
                        hint: "put it back, or start the run anew"))
        }
    }

    @Test(
        "of a folder and of a model, the file that has changed is named",
        arguments: [
            ("folder/inner/c.txt", "folder/inner/c.txt' of evaluators.reader.folder"),
            ("folder/new.txt", "folder/new.txt' of evaluators.reader.folder"),
            ("world/model/model.safetensors", "world/model/model.safetensors' of model.source"),
            ("world/model/config.json", "world/model/config.json' of model.source"),
            ("world/model/generation_config.json", "world/model/generation_config.json' of model.source"),
        ])
    func foldersAndModels(file: String, subject: String) throws {
        let workspace = try workspace()
        let (experiment, _) = try resolved(workspace, ["evaluators=[{name: reader, folder: folder}]"])
        let watch = InputWatch(try withoutPlugins(experiment))
        try watch.check()
        try workspace.write(file, "other\n")
        let error = try failure { try watch.check() }
        #expect(error.message == "'\(workspace.path)/\(subject) has changed since the run began")
    }

    @Test("a file of the model's folder that no number depends on may come and go")
    func others() throws {
        let workspace = try workspace()
        let watch = InputWatch(try withoutPlugins(try resolved(workspace, []).experiment))
        try watch.check()
        try workspace.write("world/model/README.md", "A model.")
        try watch.check()
    }

    @Test("a plugin that has changed is named with its file")
    func plugins() throws {
        let workspace = try workspace()
        let (experiment, stamps) = try resolved(workspace, [])
        let error = try failure { try InputWatch(experiment, stamps: stamps).check() }
        #expect(
            error
                == RuntimeError(
                    .plugin, "the plugin test (/plugins/libtest.so) has changed since the run began",
                    hint: "put it back, or start the run anew"))
    }

    /// With a library that is there, so that the others are looked at.
    private func withoutPlugins(_ experiment: ResolvedExperiment) throws -> ResolvedExperiment {
        let library = URL(fileURLWithPath: experiment.source).deletingLastPathComponent().appending(path: "lib.so")
        try Data("library".utf8).write(to: library)
        let digest = try Digest.ofFile(library.path)
        func moved(_ component: ResolvedComponent) -> ResolvedComponent {
            var component = component
            (component.file, component.digest) = (library.path, digest)
            for index in component.settings.indices {
                if case .component(let inner) = component.settings[index].value {
                    component.settings[index].value = .component(moved(inner))
                }
            }
            return component
        }
        var experiment = experiment
        experiment.locator = experiment.locator.map(moved)
        experiment.method = experiment.method.map(moved)
        experiment.evaluators = experiment.evaluators.map(moved)
        return experiment
    }
}

// SPDX-License-Identifier: Apache-2.0

import CSuture
import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("The catalogue of plugins", .serialized, .endsWhatHangs)
struct PluginCatalogueTests {
    @Test("A component is described without its plugin in this process")
    func describes() async throws {
        let catalogue = try await Build.scan("native")
        #expect(catalogue.problems.isEmpty)
        let echo = try catalogue.find(kind: .evaluator, id: "echo")
        #expect(echo.version == "1.0.0")
        #expect(echo.summary == "Hands back its arguments.")
        #expect(echo.requires == [.prompt, .subject])
        #expect(echo.isNative)
        #expect(echo.pluginID == "fault.native")
        #expect(echo.pluginVersion == "1.2.3")
        #expect(echo.file == Build.library("native"))
        #expect(echo.digest.count == 64)
        #expect(echo.parameters.map(\.name) == ["number", "integer", "boolean", "text"])
        #expect(echo.parameters.map(\.kind) == [.number, .integer, .boolean, .text])
        #expect(echo.parameters.map(\.defaultJSON) == ["0.5", "3", "true", nil])
        #expect(echo.parameters[0].range.maximum == 1e9)
        #expect(echo.parameters[3].isOptional)
    }

    @Test("A Swift component's declarations arrive as they were written")
    func describesSwift() async throws {
        let filler = try await Build.scan("swift").find(kind: .patcher, id: "filler")
        #expect(!filler.isNative)
        #expect(filler.version == "2.0.0")
        #expect(filler.parameters.map(\.name) == ["parameter", "left", "right", "scale", "groups"])
        #expect(filler.parameters[0].isRequired)
        #expect(filler.parameters[3].range == .positive)
        #expect(filler.parameters[3].unit == "ratio")
        #expect(filler.parameters[4].defaultJSON == "[[\"a\"], [], [\"b\", \"c\"]]")
    }

    @Test("A library that crashes or hangs while it is loaded is a problem of its file, and the others are found")
    func survivesBadLibraries() throws {
        // The clock moves when the library that hangs is loaded, and not before: a slow machine cannot make others look stuck.
        let clock = HandClock()
        let catalogue = try PluginCatalogue.scanBlocking(
            Build.path(["load", "native", "hang", "swift"].map { Build.library($0) }), executable: Build.executable,
            loadSeconds: 2, now: { clock.now },
            onEvent: { event in
                if case .enter(let call) = event, call.file == Build.library("hang") { clock.advance(by: .seconds(3)) }
            })
        #expect(Set(catalogue.components.map(\.pluginID)) == ["fault.native", "fault.swift"])
        #expect(
            catalogue.problems == [
                PluginProblem(
                    file: Build.library("load"),
                    sentence:
                        "\(Build.library("load")) crashed in load: SIGSEGV, it read or wrote memory that is not its "
                        + "own, or its stack overflowed",
                    hint: "move the file out of the plugin folders, and report this to its author"),
                PluginProblem(
                    file: Build.library("hang"),
                    sentence: "\(Build.library("hang")) never returned from load: no sign of life for 2 s",
                    hint: "move the file out of the plugin folders, and report this to its author"),
            ])
    }

    @Test("A library without an entry, one of another major version and one that is no library are problems")
    func unusableLibraries() async throws {
        try await Build.withFolder { folder in
            let text = folder + "/text.so"
            try "not a library".write(toFile: text, atomically: true, encoding: .utf8)
            let catalogue = try await PluginCatalogue.scan(
                Build.path([Build.library("entry"), Build.library("major"), text]), executable: Build.executable)
            #expect(catalogue.components.isEmpty)
            #expect(
                catalogue.problems == [
                    PluginProblem(
                        file: Build.library("entry"),
                        sentence:
                            "\(Build.library("entry")) is not a Suture plugin: it does not export suture_plugin_entry",
                        hint: "export that function (suture/plugin.h), or move the file out of the plugin folder"),
                    PluginProblem(
                        file: Build.library("major"),
                        sentence:
                            "\(Build.library("major")) speaks version \(SUTURE_ABI_MAJOR + 1).4 of the plugin ABI, and this host speaks "
                            + "version \(SUTURE_ABI_MAJOR).\(SUTURE_ABI_MINOR)",
                        hint: "rebuild it with this host's headers, or use the host that it was made for"),
                    PluginProblem(
                        file: text, sentence: "\(text) cannot be loaded: file too short",
                        hint: "build it for this machine, and install the libraries that it needs (ldd shows them)"),
                ])
        }
    }

    @Test("Declarations that contradict themselves are problems that name file, component and field")
    func invalidDeclarations() async throws {
        let catalogue = try await Build.scan("declarations")
        let file = Build.library("declarations")
        #expect(catalogue.components.map(\.id) == ["sound"])
        #expect(
            catalogue.problems.map(\.sentence)
                == [
                    "the patcher \"bad_default\": parameter \"strength\": default_json \"strong\" is not a number",
                    "the patcher \"bad_type\": parameter \"strength\": type 99 is not one that this host knows",
                    "the patcher \"outside\": parameter \"strength\": default_json 2: 2.0 is outside its own range",
                    "the patcher \"no_default\": parameter \"steps\": it has no default, and neither flag "
                        + "SUTURE_PARAMETER_REQUIRED nor SUTURE_PARAMETER_OPTIONAL is set",
                    "the patcher \"choice\": parameter \"colour\": default_json \"blue\": \"blue\" is not among its own "
                        + "choices",
                    "the patcher \"twice\": parameter \"strength\": it is declared twice",
                    "the patcher \"null_parameter\": parameters and parameter_count: an element is NULL",
                    "the patcher \"letters\": signature \"e(ppppd)\" does not fit its declared parameters, which need "
                        + "\"e(ppppl)\"",
                    "the patcher \"grammar\": signature: the signature \"e(pppp\" cannot be read: it must end in \")\"",
                    "the patcher \"no_entry\": it is native and entry is NULL",
                    "the patcher \"native_list\": parameter \"layers\": a native component cannot take a list of whole "
                        + "numbers",
                    "component 12: \"odd\": kind 77 is not one that this host knows",
                    "component 13: id is empty",
                    "the patcher \"sound\": it is declared twice",
                ].map { "\(file): \($0)" })
        #expect(
            throws: RuntimeError(
                .plugin,
                "\(file): the patcher \"outside\": parameter \"strength\": default_json 2: 2.0 is outside its own range",
                hint: "report this to its author")
        ) { try catalogue.find(kind: .patcher, id: "outside") }
    }

    @Test("Structs that end before their first fields are problems that name the struct; longer ones are read")
    func otherLengths() async throws {
        let catalogue = try await Build.scan("short", "long")
        #expect(catalogue.components.map(\.id) == ["empty", "terse", "future"])
        #expect(
            catalogue.problems.map(\.sentence)
                == [
                    "the locator \"brief\": parameters and parameter_count: struct_size of suture_parameter is 32, and its "
                        + "first fields take 104 bytes",
                    "component 2: suture_plugin.component_at: struct_size of suture_component is 48, and its first fields "
                        + "take 80 bytes",
                ].map { "\(Build.library("short")): \($0)" })
        let future = try catalogue.find(kind: .evaluator, id: "future")
        #expect(future.parameters[0].range == .nonNegative)
        #expect(future.parameters[0].unit == "layers")
    }

    @Test("One id in two files is a problem that names both, and an error where it is asked for")
    func duplicates() async throws {
        let catalogue = try await Build.scan("native", "twin")
        let sentence =
            "the evaluator \"echo\" is offered by more than one plugin: \(Build.library("native")), "
            + Build.library("twin")
        let hint = "remove all but one of these files from where plugins are looked for"
        #expect(
            catalogue.problems == [
                PluginProblem(
                    file: Build.library("twin"), sentence: sentence, hint: hint, kind: .evaluator, component: "echo")
            ])
        #expect(throws: RuntimeError(.plugin, sentence, hint: hint)) {
            try catalogue.find(kind: .evaluator, id: "echo")
        }
        #expect(try catalogue.find(kind: .evaluator, id: "lengths").file == Build.library("native"))
    }

    @Test("An unknown id names what there is, where was looked, and the nearest name")
    func unknownIDs() async throws {
        let catalogue = try await Build.scan("native", "entry")
        let where_ = "looked in \(Build.library("native")), \(Build.library("entry")), /nonexistent (not there)"
        #expect(
            throws: RuntimeError(
                .plugin, "there is no evaluator \"ehco\"; evaluators: echo, lengths; \(where_)",
                hint: "did you mean \"echo\"?")
        ) { try catalogue.find(kind: .evaluator, id: "ehco") }
        #expect(
            throws: RuntimeError(
                .plugin, "there is no patcher \"echo\"; patchers: mislabel, refuse; \(where_)",
                hint: "\"echo\" is an evaluator; use it as one")
        ) { try catalogue.find(kind: .patcher, id: "echo") }
        #expect(
            throws: RuntimeError(
                .plugin, "there is no locator \"tracing\"; no locator was found; \(where_)",
                hint: "some libraries could not be used: \(Build.library("entry")) is not a Suture plugin: it does "
                    + "not export suture_plugin_entry")
        ) { try catalogue.find(kind: .locator, id: "tracing") }
    }

    @Test("The plugins beside the executable are found, are sound, and are no test libraries")
    func ownPlugins() async throws {
        let path = PluginSearchPath(environment: [:], executableFolder: Build.folder)
        let catalogue = try await PluginCatalogue.scan(path, executable: Build.executable)
        #expect(catalogue.problems.isEmpty)
        #expect(catalogue.components.contains { $0.kind == .locator })
        #expect(catalogue.components.contains { $0.kind == .patcher && !$0.isNative })
        #expect(catalogue.components.contains { $0.kind == .evaluator })
        #expect(!catalogue.components.contains { $0.pluginID.hasPrefix("fault.") })
    }

    @Test("A name that is near is suggested, one that is not is not")
    func nearestNames() {
        let names = ["memit", "rome", "emmet", "causal_tracing"]
        #expect(NearestName.of("memti", in: names) == "memit")
        #expect(NearestName.of("ROME", in: names) == "rome")
        #expect(NearestName.of("casual_tracing", in: names) == "causal_tracing")
        #expect(NearestName.of("grace", in: names) == nil)
        #expect(NearestName.of("x", in: []) == nil)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// `suture plugins check`, as an author of a plugin starts it.
@Suite("The check of a plugin", .serialized, .endsWhatHangs)
struct PluginCheckTests {
    private let scratch: ScratchFolder
    private let weight = "transformer.h.1.mlp.c_proj.weight"

    init() throws { scratch = try ScratchFolder() }

    private func check(_ file: String, _ arguments: String...) throws -> CommandLineRun {
        try CommandLineRun(["plugins", "check", file] + arguments, cache: scratch.url)
    }

    /// The rows of a table, header and line below it left out, each as its cells.
    private func rows(_ run: CommandLineRun) -> [[String]] {
        run.output.split(separator: "\n").dropFirst(2).map { line in
            line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        }
    }

    // MARK: Laws

    @Test("A component that keeps its laws has a line for each, and the exit code is 0")
    func keeps() throws {
        let run = try check(Build.library("swift"), "--component", "meter")
        #expect(run.code == 0, "\(run.errors)")
        let rows = rows(run)
        #expect(
            rows.map { $0[1] }
                == ["description", "parameters", "answers", "models", "own-cases", "repeats", "split", "order"])
        #expect(rows.allSatisfy { $0[0] == "evaluator meter" && $0[2] == "kept" })
        #expect(rows[6][3] == "Its scores do not depend on how the cases are split into calls.")
    }

    @Test("Bundled plugins keep the laws of their kinds on every architecture", arguments: TinyModel.Family.allCases)
    func bundled(family: TinyModel.Family) throws {
        for library in family == .gpt2 ? ["memit", "native"] : ["memit"] {
            let run = try check(Build.library(library, prefix: "suture"), "--family", family.rawValue)
            #expect(run.code == 0, "\(run.output)\(run.errors)")
        }
    }

    @Test("A broken law has a sentence, and the exit code is that of plugins")
    func breaks() throws {
        let run = try check(Build.library("native"), "--component", "lengths")
        #expect(run.code == 3)
        #expect(
            rows(run).filter { $0[2] == "broken" } == [
                [
                    "evaluator lengths", "own-cases", "broken",
                    "lengths: asked about cases, it gives the score \"done\" to none of them",
                ],
                [
                    "evaluator lengths", "split", "broken",
                    "lengths: its score \"index\" depends on how the cases are split into calls",
                ],
            ])
    }

    @Test("A component that crashes is a broken law, and the others of its library are checked")
    func crashes() throws {
        let run = try check(Build.library("swift"))
        #expect(run.code == 3)
        let rows = rows(run)
        let answer = try #require(rows.first { $0.prefix(2) == ["patcher trapper", "answers"] })
        #expect(answer[2] == "broken")
        #expect(answer[3].contains("crashed in patch (3 cases, the first is \"100\"): SIGILL"))
        #expect(
            rows.contains([
                "patcher trapper", "repeats", "not applicable", "the check did not come to an end",
            ]))
        #expect(
            rows.contains([
                "patcher thrower", "answers", "broken", "thrower: patch throws: thrower: an error of the plugin's own",
            ]))
        #expect(
            rows.contains([
                "patcher extender", "nothing", "broken",
                "extender: without cases it hands out an extension \"org.example.vector/1\"",
            ]))
        #expect(rows.contains { $0.prefix(3) == ["annotator finder", "independence", "kept"] })
        #expect(
            rows.contains([
                "patcher filler", "not checked",
                "the command line: filler: parameter is missing; it must be a text: The weight.; check it alone with "
                    + "--component, and give its settings with --set",
            ]))
    }

    @Test("A component that never returns is ended after the limit, which is a broken law")
    func hangs() throws {
        // The clock moves when the plugin is called, and not before.
        let clock = HandClock()
        let check = try PluginCheck(
            .init(file: Build.library("crash"), component: "loop", stallSeconds: 60), executable: Build.executable,
            forwardsSignals: false, now: { clock.now },
            onEvent: { _, event in
                if case .enter(let call) = event, call.operation == "patch" { clock.advance(by: .seconds(61)) }
            })
        #expect(check.failure == .plugin)
        let laws = try #require(check.components.first).laws
        #expect(laws.map(\.outcome) == laws.map { $0.law == "answers" ? .broken : .notApplicable })
        #expect(
            laws.first { $0.outcome == .broken }?.sentences.first?.contains(
                "the patcher \"loop\" of \(Build.library("crash")) never returned from patch") == true)
    }

    // MARK: Settings

    @Test("A component that needs a setting gets it from --set; without it, the message names the setting")
    func settings() throws {
        let missing = try check(Build.library("swift"), "--component", "counter")
        #expect(missing.code == 2)
        #expect(
            missing.errors
                == "suture: the command line: counter: parameter is missing; it must be a text: The weight.\n")

        let given = try check(Build.library("swift"), "--component", "counter", "--set", "parameter=\(weight)")
        #expect(given.code == 3)
        #expect(
            rows(given).filter { $0[2] == "broken" } == [
                ["patcher counter", "nothing", "broken", "counter: without cases it changes \(weight)"]
            ])
    }

    @Test("Components in settings come from the plugins that there are")
    func components() throws {
        let ime = try check(
            Build.library("ime", prefix: "suture"), "--set", "base={name: memit, v_num_grad_steps: 2}", "--set",
            "iterations=2")
        #expect(ime.code == 0, "\(ime.output)\(ime.errors)")
    }

    @Test("The locator of a patcher comes from the plugins that there are, and finds what the patcher needs")
    func locator() throws {
        let star = Build.library("star", prefix: "suture")
        let alone = try check(star, "--component", "mint")
        #expect(alone.code == 3)
        #expect(alone.output.contains("mint needs single neurons"))
        let located = try check(star, "--component", "mint", "--locator", "{name: neuron-attribution, count: 10}")
        #expect(located.code == 0, "\(located.output)\(located.errors)")
    }

    @Test("Settings that a component does not have are refused with what it has")
    func unknownSetting() throws {
        let run = try check(Build.library("swift"), "--component", "filler", "--set", "parametr=a")
        #expect(run.code == 2)
        #expect(run.errors.contains("filler: unknown parameter 'parametr'; did you mean 'parameter'?"))
        let many = try check(Build.library("swift"), "--set", "parameter=a")
        #expect(many.code == 2)
        #expect(many.errors.contains("offers 11; name the component with --component"))
    }

    // MARK: Wrong input

    @Test("A file that is not there, a folder and an unknown component are mistakes of the command line")
    func usage() throws {
        let missing = try check("/nonexistent/libmine.so")
        #expect(missing.code == 2)
        #expect(
            missing.errors
                == "suture: there is no plugin file /nonexistent/libmine.so; name the shared library of the plugin\n")
        let folder = try check(Build.folder)
        #expect(folder.code == 2)
        #expect(folder.errors == "suture: \(Build.folder) is a folder; name the shared library in it: libNAME.so\n")
        let unknown = try check(Build.library("swift"), "--component", "metre")
        #expect(unknown.code == 2)
        #expect(
            unknown.errors
                == "suture: \(Build.library("swift")) offers no component \"metre\"; did you mean \"meter\"?\n")
    }

    @Test(
        "A file that is no plugin, or crashes while it is loaded, has one sentence and the exit code of plugins",
        arguments: [
            ("entry", "is not a Suture plugin: it does not export suture_plugin_entry"),
            ("load", "crashed in load: SIGSEGV"), ("major", "of the plugin ABI, and this host speaks version"),
        ])
    func unusable(library: String, words: String) throws {
        let run = try check(Build.library(library))
        #expect(run.code == 3)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains(words))
    }

    @Test("Components that the host cannot use are warnings, and the exit code is that of plugins")
    func problems() throws {
        let run = try check(Build.library("declarations"), "--component", "sound")
        #expect(run.code == 3)
        #expect(run.errors.contains("warning: \(Build.library("declarations")): the patcher \"bad_default\""))
    }

    // MARK: JSON

    @Test("--json gives each law with its outcome and sentences")
    func json() throws {
        let run = try check(Build.library("native"), "--component", "lengths", "--json")
        #expect(run.code == 3)
        let json = try JSONValue(run.output, name: "the answer")
        guard case .list(let components)? = json["components"], components.count == 1,
            case .list(let laws)? = components[0]["laws"]
        else { throw CocoaError(.fileReadCorruptFile) }
        #expect(components[0]["id"] == .text("lengths"))
        #expect(components[0]["kind"] == .text("evaluator"))
        #expect(laws.count { $0["outcome"] == .text("kept") } == 6)
        let split = try #require(laws.first { $0["law"] == .text("split") })
        #expect(split["outcome"] == .text("broken"))
        #expect(
            split["sentences"]
                == .list([.text("lengths: its score \"index\" depends on how the cases are split into calls")]))
    }

    // MARK: The small model's cases

    @Test("The cases of the check have every field that a component may need")
    func fields() {
        for editCase in TinyCases.complete {
            #expect(editCase.fields.names == EditCase.Fields.named.map(\.name))
        }
    }
}

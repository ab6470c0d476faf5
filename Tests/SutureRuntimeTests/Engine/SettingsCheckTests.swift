// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SutureRuntime

/// What a component itself says of its settings, before a model is loaded.
@Suite("Settings that a component refuses", .serialized)
struct SettingsCheckTests {
    private func command(_ command: String, _ experiment: SmallExperiment, _ more: [String] = []) throws
        -> CommandLineRun
    {
        try CommandLineRun([command, experiment.file.path] + more, cache: experiment.scratch.url)
    }

    private static func annotated(_ annotator: String) -> [String: String] {
        ["evaluators": "[{name: negatives, annotator: {\(annotator)}}]"]
    }

    @Test(
        "Plan refuses them with their place in the file, and run does so before it leaves a folder",
        arguments: [
            (
                annotated(#"name: regex, pattern: '(a)\1'"#),
                #"experiment.yaml:9:50: regex: the pattern "(a)\1" has a back-reference"#
            ),
            (
                annotated("name: regex, pattern: a, group: 2"),
                "experiment.yaml:9:50: regex: the pattern \"a\" has 0 groups"
            ),
            (annotated("name: word-list, words: ['']"), "experiment.yaml:9:50: word-list: there is an empty word"),
            (annotated("name: marks-file, path: experiment.yaml"), "experiment.yaml:9:50: marks-file: line 1 of"),
            (
                ["method": "{name: memit, context_template_length_params: [3]}"],
                "experiment.yaml:6:16: memit: context_template_length_params needs pairs"
            ),
            (
                ["method": "{name: ime, base: {name: memit, context_templates: [['Yes. {}']]}}"],
                "experiment.yaml:6:34: memit: context_templates must begin with"
            ),
        ])
    func refused(lines: [String: String], sentence: String) throws {
        let experiment = try SmallExperiment(lines)
        for name in ["plan", "run"] {
            let run = try command(name, experiment)
            #expect(run.code == 2 && run.errors.contains(sentence), "\(name): \(run.errors)")
            #expect(run.output.isEmpty)
        }
        #expect(!FileManager.default.fileExists(atPath: experiment.runs.path))
    }

    @Test("Each combination of a sweep is asked, and the one that is refused is named")
    func sweep() throws {
        let experiment = try SmallExperiment([
            "plugins":
                "[]\nsweep: {method.v_num_grad_steps: [3, 4], method.context_template_length_params: [[5, 1], [5]]}"
        ])
        let run = try command("plan", experiment)
        #expect(run.code == 2, "\(run.errors)")
        #expect(run.errors.contains("v_num_grad_steps=3 context_template_length_params=[5]: "), "\(run.errors)")
        #expect(run.errors.contains("needs pairs"), "\(run.errors)")
        let typed = try command(
            "plan", SmallExperiment(),
            ["-m", "method.v_num_grad_steps=3,4", "method.context_templates=[['{}']],[['Yes']]"])
        #expect(typed.code == 2 && typed.errors.contains("must begin with the plain prompt"), "\(typed.errors)")
    }

    @Test("Locating asks the locator alone")
    func locate() throws {
        let experiment = try SmallExperiment(Self.annotated(#"name: regex, pattern: '(a)\1'"#))
        #expect(try command("locate", experiment).code == 0)
        let other = try SmallExperiment([
            "locator": "{name: causal-trace, kinds: [mlp_output], select_kind: attention_output}"
        ])
        let run = try command("locate", other)
        #expect(
            run.code == 2 && run.errors.contains("experiment.yaml:5:17: causal-trace: select_kind is attention_output"),
            "\(run.errors)")
    }

    @Test("A function that a library lacks is named before a model is loaded")
    func function() throws {
        let experiment = try SmallExperiment(
            Self.annotated("name: native-function, library: libc.so.6, symbol: no_such_function"))
        let run = try command("plan", experiment, ["--allow-code"])
        #expect(run.code == 2 && run.errors.contains("no_such_function"), "\(run.errors)")
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SutureKit
@testable import SutureRuntime

@Suite("Settings of components")
struct ArgumentResolverTests {
    static let memit = ComponentDescription.make(
        "memit", .patcher,
        [
            .make("layers", .integers, required: true, range: .nonNegative),
            .make("v_lr", .number, default: "0.5", range: .positive),
            .make("v_num_grad_steps", .integer, default: "25", range: .atLeast(1)),
            .make("clamp_norm_factor", .number, default: "4", range: .positive),
            .make("mom2_adjustment", .boolean, default: "true"),
            .make("fact_token", .text, default: "\"subject_last\"", choices: ["subject_last", "last"]),
            .make("v_loss_layer", .integer, optional: true),
            .make("context_templates", .textGroups, default: "[[\"{}\"]]"),
            .make("words", .texts, default: "[\"a\", \"\\u00e9\"]"),
            .make(
                "weights", .numbers, default: "[]",
                range: ParameterRange(minimum: 0, maximum: 1, excludesMaximum: true)
            ),
            .make("file", .path, optional: true),
        ])

    func resolve(
        _ yaml: String, _ component: ComponentDescription = memit, in folder: String = "/"
    ) throws -> [ArgumentValue] {
        let node = try ConfigNode(yaml: Data(yaml.utf8), name: "x.yaml")
        return try ArgumentResolver.resolve(
            node, for: component, paths: PathResolver(currentFolder: folder, fileFolder: folder))
    }

    @Test("Defaults fill what the file leaves out, in declaration order")
    func defaults() throws {
        #expect(
            try resolve("{layers: [3, 4]}") == [
                .integers([3, 4]), .number(0.5), .integer(25), .number(4), .boolean(true), .text("subject_last"), .null,
                .textGroups([["{}"]]), .texts(["a", "é"]), .numbers([]), .null,
            ])
    }

    @Test("Values of the file are taken by the declared types")
    func values() throws {
        let yaml = """
            layers: []
            v_lr: 5e-1
            v_num_grad_steps: 25.0
            clamp_norm_factor: 1
            mom2_adjustment: false
            fact_token: last
            v_loss_layer: null
            context_templates: [["{}"], ["On {}", 'no']]
            words: [on, 5, true]
            weights: [0, 0.5]
            """
        #expect(
            try resolve(yaml) == [
                .integers([]), .number(0.5), .integer(25), .number(1), .boolean(false), .text("last"), .null,
                .textGroups([["{}"], ["On {}", "no"]]), .texts(["on", "5", "true"]), .numbers([0, 0.5]), .null,
            ])
    }

    static let mistakes = [
        ("clamp_norm_factor: -1", "x.yaml:1:34: memit: clamp_norm_factor must be > 0, got -1"),
        ("v_num_grad_steps: many", "x.yaml:1:33: memit: v_num_grad_steps must be a whole number, got \"many\""),
        ("v_num_grad_steps: 2.5", "x.yaml:1:33: memit: v_num_grad_steps must be a whole number, got 2.5"),
        (
            "v_num_grad_steps: 9223372036854775807",
            "x.yaml:1:33: memit: v_num_grad_steps must be a whole number between -2^53 and 2^53, got 9223372036854775807"
        ),
        ("v_num_grad_steps: 0", "x.yaml:1:33: memit: v_num_grad_steps must be >= 1, got 0"),
        ("v_lr: \"0.5\"", "x.yaml:1:21: memit: v_lr must be a number, got \"0.5\""),
        ("v_lr: .nan", "x.yaml:1:21: memit: v_lr must be a finite number, got .nan"),
        ("v_lr: .inf", "x.yaml:1:21: memit: v_lr must be a finite number, got .inf"),
        ("v_lr: 1e400", "x.yaml:1:21: memit: v_lr must be a finite number, got 1e400"),
        (
            "v_lr: null",
            "x.yaml:1:21: memit: v_lr must be a number, got null; leave the key out for its default 0.5"
        ),
        ("v_lr: [1]", "x.yaml:1:21: memit: v_lr must be a number, got a list of 1"),
        ("mom2_adjustment: on", "x.yaml:1:32: memit: mom2_adjustment must be true or false, got \"on\""),
        (
            "fact_token: subject_lst",
            "x.yaml:1:27: memit: fact_token must be one of subject_last, last, got \"subject_lst\"; did you mean "
                + "'subject_last'?"
        ),
        ("v_lrr: 1", "x.yaml:1:15: memit: unknown parameter 'v_lrr'; did you mean 'v_lr'?"),
        ("weights: [0.5, 1]", "x.yaml:1:30: memit: weights[1] must be >= 0 and < 1, got 1"),
        (
            "weights: 0.5",
            "x.yaml:1:24: memit: weights must be a list of numbers, got 0.5; write [0.5] for a list of one"
        ),
        ("words: [a, null]", "x.yaml:1:26: memit: words[1] must be a text, got null"),
        (
            "context_templates: [a]",
            "x.yaml:1:35: memit: context_templates[0] must be a list of texts, got \"a\"; a group is a list: "
                + "[[\"{}\"], [\"First. {}\", \"Second. {}\"]]"
        ),
        (
            "file: no.txt",
            "x.yaml:1:21: memit: file: the file 'no.txt' does not exist, at '/no.txt'; relative paths begin at the "
                + "current folder or at the experiment file's"
        ),
    ]

    @Test("A wrong setting is one sentence that names component, parameter and value", arguments: mistakes)
    func mistake(_ setting: String, _ sentence: String) throws {
        let error = try failure { try resolve("{layers: [1], \(setting)}") }
        #expect(error.description == sentence)
        #expect(error.kind == (setting.hasPrefix("file") ? .file : .usage))
    }

    @Test("A required setting that is missing is named")
    func missing() throws {
        let error = try failure { try resolve("{v_lr: 1}") }
        #expect(error.description == "x.yaml:1:1: memit: layers is missing; it must be a list of whole numbers")
    }

    @Test("A component without parameters says so")
    func none() throws {
        let error = try failure { try resolve("{a: 1}", .make("drift", .evaluator)) }
        #expect(error.description == "x.yaml:1:2: drift: unknown parameter 'a'; it has none")
    }

    @Test("Text groups may come from a JSON file")
    func groupsFile() throws {
        let workspace = try Workspace()
        try workspace.write("templates.json", "[[\"{}\"], [\"First. {}\", \"Zwölf. {}\"]]")
        let values = try resolve("{layers: [], context_templates: templates.json}", in: workspace.path)
        #expect(values[7] == .textGroups([["{}"], ["First. {}", "Zwölf. {}"]]))
    }

    @Test(
        "A wrong file of text groups is a file's fault",
        arguments: [
            ("[\"{}\"]", "does not hold a list of lists of texts"), ("{}", "does not hold a list of lists of texts"),
            ("[[1]]", "does not hold a list of lists of texts"), ("[[\"{}\"", "is not JSON"),
        ])
    func wrongGroupsFile(_ content: String, _ part: String) throws {
        let workspace = try Workspace()
        let path = try workspace.write("templates.json", content)
        let error = try failure {
            try resolve("{layers: [], context_templates: templates.json}", in: workspace.path)
        }
        #expect(error.kind == .file)
        #expect(error.message.hasPrefix("memit: the file '\(path)' of context_templates \(part)"))
    }

    @Test("A path becomes absolute and must be a file")
    func paths() throws {
        let workspace = try Workspace()
        let path = try workspace.write("a/text.txt", "x")
        #expect(try resolve("{layers: [], file: a/../a/text.txt}", in: workspace.path).last == .text(path))
        let error = try failure { try resolve("{layers: [], file: a}", in: workspace.path) }
        #expect(error.message == "x.yaml:1:20: memit: file: the file '\(workspace.path("a"))' is a folder")
    }

    @Test("A default that breaks its own declaration is the plugin's fault", arguments: ["\"x\"", "-1", "{", "null"])
    func wrongDefault(_ json: String) throws {
        let component = ComponentDescription.make(
            "odd", .patcher, [.make("rate", .number, default: json, range: .positive)])
        let error = try failure { try resolve("{}", component) }
        #expect(error.message.contains("rate"))
        #expect(error.kind == .plugin)
    }
}

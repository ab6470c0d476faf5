// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// Texts of strangers in everything that is written for people. A sign that carries a combining mark is one Character with it, and
/// still is that sign to whoever reads scalars.
@Suite("Foreign text")
struct ForeignTextTests {
    @Test(
        "Markdown: a text means itself, in a line and in a cell",
        arguments: [
            ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"), ("a|b", "a\\|b"), ("a\\|b", "a\\\\\\|b"),
            ("|\u{301}", "\\|\u{301}"), ("<\u{338}b", "&lt;\u{338}b"), ("\u{600}<b>", "\u{600}&lt;b&gt;"),
            ("[a](b)", "\\[a\\](b)"), ("`x` *y* ~z~", "\\`x\\` \\*y\\* \\~z\\~"), ("_a_ b_c_d", "\\_a_ b_c_d"),
            ("a\nb\u{1B}[31m\u{202E}", "a␊b␛\\[31m&lt;U+202E&gt;"), ("score (%)", "score (%)"),
        ])
    func markdown(text: String, expected: String) {
        #expect(Markdown.escaped(text).unicodeScalars.elementsEqual(expected.unicodeScalars))
    }

    @Test(
        "CSV: a text is one cell, and computes nothing",
        arguments: [
            ("a", "a"), ("a,b", "\"a,b\""), ("\"", "\"\"\"\""), ("\"\u{301},x", "\"\"\"\u{301},x\""),
            ("a\nb", "\"a\nb\""),
            ("=1+1", "'=1+1"), ("=\u{301}1", "'=\u{301}1"), ("@SUM(A1)", "'@SUM(A1)"), ("-a", "'-a"), ("-1.5", "-1.5"),
            ("=", "="), ("+", "+"), ("-1e-05", "-1e-05"), ("\u{1B}[31m", "␛[31m"),
        ])
    func csv(text: String, expected: String) {
        #expect(CSV.cell(text).unicodeScalars.elementsEqual(expected.unicodeScalars))
    }

    @Test("JSON: what would do something to a terminal is escaped, and the value is the same")
    func json() throws {
        let texts = ["a\u{1B}[31m\u{9B}m\u{202E}\u{7F}\u{2028}é😀\n", "\u{600}\"\u{301}"]
        let json = String(decoding: try JSON.encode(texts, layout: .page), as: UTF8.self)
        let shown = DisplayText.escapedInJSON(json)
        #expect(!shown.unicodeScalars.contains { $0 != "\n" && DisplayText.isControl($0) })
        #expect(shown.contains("\\u009b") && shown.contains("\\u202e") && shown.contains("é😀"))
        #expect(try JSONDecoder().decode([String].self, from: Data(shown.utf8)) == texts)
    }

    /// In labels, names, paths, settings and data.
    private static let hostile = "x\u{1B}[31m\u{9B}m\u{202E}\u{7}"

    private func isClean(_ text: String) -> Bool {
        !text.unicodeScalars.contains { $0 != "\n" && $0 != "\t" && DisplayText.isControl($0) }
    }

    @Test("Commands do nothing to the terminal, whatever names, paths, keys and values there are")
    func terminal() throws {
        let scratch = try ScratchFolder()
        let folder = scratch.url.appending(path: Self.hostile)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let quoted = "\"" + Self.hostile.unicodeScalars.map { String(format: "\\u%04x", $0.value) }.joined() + "\""
        let experiment = try SmallExperiment([
            "evaluators": "[{name: counterfact, as: \(quoted)}]",
            "method": "{name: rome, v_num_grad_steps: 2, context_templates: [['{}']]}",
        ])
        let file = folder.appending(path: "experiment.yaml")
        try FileManager.default.copyItem(at: experiment.file, to: file)
        let output = "output.dir=\(folder.path)/runs"
        let world = Repository.world.path
        let name = Self.hostile
        let place = folder.path
        let yaml = file.path
        let commands: [[String]] = [
            ["run", yaml, output], ["run", yaml, output, "--json"], ["plan", yaml, output],
            ["plan", yaml, "seed=" + name],
            ["plan", yaml, "+\(name)=1"], ["plan", yaml, "method=" + name], ["plan", place], ["plugins", "info", name],
            ["model", "inspect", place], ["patch", "show", place], ["compare", place],
            ["patch", "apply", world + "/model", place, "--output", place], ["run", "--resume", place],
            ["plan", yaml, "--plugin", place + ".so"], [name], ["--" + name],
        ]
        for arguments in commands {
            let run = try CommandLineRun(arguments, cache: scratch.url)
            #expect(isClean(run.output) && isClean(run.errors), "\(arguments.prefix(2))")
            #expect(!(run.output + run.errors).isEmpty)
        }
    }
}

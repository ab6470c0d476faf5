// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SutureRuntime

/// Keys of YAML files are texts, whatever they look like, and aliases cannot make them anything else.
@Suite("Keys and aliases of YAML")
struct YAMLKeyTests {
    private func node(_ text: String) throws(RuntimeError) -> ConfigNode {
        try ConfigNode(yaml: Data(text.utf8), name: "e.yaml")
    }

    private func keys(_ node: ConfigNode) -> [String] {
        guard case .mapping(let entries) = node.content else { return [] }
        return entries.map(\.key)
    }

    @Test("What looks like a number, a truth or nothing is a key as it is written")
    func written() throws {
        let text = "1: a\n1.0: b\n0x1: c\ntrue: d\nTrue: e\nnull: f\n~: g\n.nan: h\n2001-01-01: i\n"
        let keys = ["1", "1.0", "0x1", "true", "True", "null", "~", ".nan", "2001-01-01"]
        #expect(self.keys(try node(text)) == keys)
    }

    @Test(
        "A key that is written twice is refused, in quotes too",
        arguments: [
            "1: a\n1: b\n", "1: a\n'1': b\n", "true: a\n\"true\": b\n", "null: a\nnull: b\n", ".nan: a\n.nan: b\n",
        ])
    func duplicates(_ text: String) throws {
        let error = try failure { try node(text) }
        #expect(error.message.hasSuffix("is given more than once"), "\(error)")
    }

    @Test("A key that is a tree of aliases of aliases is refused at once", .endsWhatHangs)
    func laughs() throws {
        var text = "a0: &a0 [x]\n"
        for level in 1..<60 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        for key in ["? *a59\n: 1\n", "? [*a59]\n: 1\n", "[*a59, x]: 1\n", "? {*a59 : 1}\n: 1\n", "*a59 : 1\n"] {
            let error = try failure { try node(text + key) }
            #expect(
                error.message.hasPrefix("e.yaml:6") && error.message.hasSuffix("a key must be a plain text"), "\(error)"
            )
        }
    }

    @Test("Aliases and merges mean what they did, and a star elsewhere is a star")
    func aliases() throws {
        let read = try node(
            "a: &a {x: 1, y: '*a'}\nb: *a\nc: {<<: *a, x: 2}\nd: [*a, \"* b\", 2*3]\ne: |\n  *text\nf: {<<: [*a]}\n")
        #expect(read["b"]?["x"]?.integer == 1)
        #expect(read["b"]?["y"]?.text == "*a")
        #expect(read["c"]?["x"]?.integer == 2)
        #expect(read["c"]?["y"]?.text == "*a")
        #expect(read["e"]?.text == "*text\n")
        #expect(read["f"]?["x"]?.integer == 1)
        guard case .list(let items)? = read["d"]?.content else { return #expect(Bool(false)) }
        #expect(items[0]["x"]?.integer == 1)
        #expect(items.dropFirst().map(\.text) == ["* b", "2*3"])
    }

    @Test("A fault beside an alias is told in the file's own words, at its place")
    func sentences() throws {
        let twice = try failure { try node("a: &a 1\n'*b': *a\n'*b': 2\n") }
        #expect(twice.message == "e.yaml:2:1: the key '*b' is given more than once")
        let missing = try failure { try node("a: *b\n") }
        #expect(missing.message.hasPrefix("e.yaml:1:4:"), "\(missing)")
    }
}

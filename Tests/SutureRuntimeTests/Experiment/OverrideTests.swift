// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SutureRuntime

@Suite("Overrides")
struct OverrideTests {
    func tree(_ yaml: String, _ overrides: String...) throws -> ConfigNode {
        var root = try ConfigNode(yaml: Data(yaml.utf8), name: "x.yaml")
        for text in overrides { try Override(text).apply(to: &root) }
        return root
    }

    static let yaml = """
        seed: 0
        method: {name: memit, v_lr: 0.5, layers: [1, 2]}
        evaluators: [{name: drift}]
        """

    @Test("A key of the file is set")
    func set() throws {
        #expect(try tree(Self.yaml, "method.v_lr=0.1")["method"]?["v_lr"]?.number == 0.1)
        #expect(try tree(Self.yaml, "seed=7")["seed"]?.integer == 7)
    }

    @Test("A key that experiment files have is set although the file leaves it out")
    func setKnown() throws {
        let root = try tree(Self.yaml, "statistics.limit=5", "model.device=cuda:1")
        #expect(root["statistics"]?["limit"]?.integer == 5)
        #expect(root["model"]?["device"]?.text == "cuda:1")
    }

    @Test("+ adds, ++ adds or changes, ~ removes")
    func operations() throws {
        #expect(try tree(Self.yaml, "+method.kl_factor=1")["method"]?["kl_factor"]?.integer == 1)
        #expect(try tree(Self.yaml, "++method.v_lr=1")["method"]?["v_lr"]?.integer == 1)
        #expect(try tree(Self.yaml, "++method.kl_factor=1")["method"]?["kl_factor"]?.integer == 1)
        #expect(try tree(Self.yaml, "~method.v_lr")["method"]?["v_lr"] == nil)
        #expect(try tree(Self.yaml, "~method.v_lr=5e-1")["method"]?["v_lr"] == nil)
        #expect(try tree(Self.yaml, "~evaluators")["evaluators"] == nil)
    }

    @Test("A later override wins")
    func order() throws {
        #expect(try tree(Self.yaml, "seed=1", "seed=2")["seed"]?.integer == 2)
    }

    @Test("Values are null, numbers, texts, lists and sections")
    func values() throws {
        #expect(try tree(Self.yaml, "seed=null")["seed"]?.isNull == true)
        let list = try tree(Self.yaml, "method.layers=[3, 4,5]")["method"]?["layers"]
        guard case .list(let items)? = list?.content else {
            Issue.record("no list")
            return
        }
        #expect(items.map(\.integer) == [3, 4, 5])
        let section = try tree(Self.yaml, "method={name:rome,v_lr:1,words:[a,'b,c']}")["method"]
        #expect(section?["name"]?.text == "rome")
        #expect(section?["v_lr"]?.integer == 1)
        guard case .list(let words)? = section?["words"]?.content else {
            Issue.record("no list")
            return
        }
        #expect(words.map(\.text) == ["a", "b,c"])
    }

    @Test(
        "Texts are plain, quoted, or empty",
        arguments: [
            ("experiment=a b", "a b"), ("experiment=\"a,b\"", "a,b"), ("experiment='it\\'s'", "it's"),
            ("experiment='null'", "null"), ("experiment=", ""), ("experiment=a\\,b", "a,b"), ("experiment=a=b", "a=b"),
            ("experiment= x ", "x"), ("experiment=\"C:\\temp\"", "C:\\temp"),
        ])
    func texts(_ text: String, _ value: String) throws {
        #expect(try tree(Self.yaml, text)["experiment"]?.text == value)
    }

    @Test("A quoted number is a text")
    func quoted() throws {
        #expect(try tree(Self.yaml, "seed='1'")["seed"]?.integer == nil)
    }

    static let mistakes: [(String, String?)] = [
        ("sede=1", "command line, 'sede=1': unknown key 'sede'; did you mean 'seed'?"),
        ("model.dtpye=x", "command line, 'model.dtpye=x': unknown key 'dtpye' in model; did you mean 'dtype'?"),
        (
            "+seed=1",
            "command line, '+seed=1': the file already has the key 'seed'; leave out the + to change it, or write ++ "
                + "to set it either way"
        ),
        (
            "method.layers.0=3",
            "command line, 'method.layers.0=3': 'method.layers' is a list, and lists are replaced whole; write "
                + "method.layers=[a,b,…] with all of its elements"
        ),
        (
            "evaluators.0.name=x",
            "command line, 'evaluators.0.name=x': 'evaluators' is a list, and lists are replaced whole; write "
                + "evaluators=[a,b,…] with all of its elements"
        ),
        (
            "method.words.0=x",
            "command line, 'method.words.0=x': '0' would be an index of a list, and lists are replaced whole; write "
                + "method.words=[a,b,…] with all of its elements"
        ),
        ("~speed", "command line, '~speed': the file has no key 'speed' to remove; did you mean 'seed'?"),
        (
            "~seed=3",
            "command line, '~seed=3': 'seed' is 0, not 3; leave out the value to remove the key whatever it holds"
        ),
        ("seed", "command line, 'seed': an override needs a value; write key=value, or ~key to remove a key"),
        (
            "seed=1,2",
            "command line, 'seed=1,2': several values separated by commas are a sweep, and a run has one value; write "
                + "[a,b] for a list, or quote a text that has a comma: 'key=\"a,b\"'"
        ),
        ("seed=range(1,3)", nil),
        (
            "seed=choice(1)",
            "command line, 'seed=choice(1)': 'choice(1)' is a sweep, and a run has one value; give one value"
        ),
        (
            "seed=[1,2",
            "command line, 'seed=[1,2': a list is not closed by ']'; quote texts that hold , [ ] { } or quotes"
        ),
        (
            "seed='1",
            "command line, 'seed='1': a quoted text is not closed by '; quote texts that hold , [ ] { } or quotes"
        ),
        (
            "seed=[1]2",
            "command line, 'seed=[1]2': '2' is left over after the value; quote texts that hold , [ ] { } or quotes"
        ),
        (
            "method.\(String(repeating: "a.", count: 40))b=1",
            "command line, 'method.\(String(repeating: "a.", count: 40))b=1': a key of 42 names nests too deep; write it as in "
                + "method.v_lr=0.1"
        ),
        ("seed.x=1", "command line, 'seed.x=1': 'seed' has no keys of its own; write seed=value"),
        ("a..b=1", "command line, 'a..b=1': 'a..b' is not a key; write it as in method.v_lr=0.1"),
        (
            "seed=${x}",
            "command line, 'seed=${x}': interpolations such as ${…} are not resolved here; quote texts that hold "
                + ", [ ] { } or quotes"
        ),
    ]

    @Test("What an override does wrong is one sentence that names it", arguments: mistakes)
    func mistake(_ text: String, _ sentence: String?) throws {
        let error = try failure { try tree(Self.yaml, text) }
        #expect(error.kind == .usage)
        if let sentence { #expect(error.description == sentence) }
    }

    @Test("A key that is added but has no meaning is refused by the schema")
    func addedUnknown() throws {
        let workspace = try Workspace.withExperiment()
        let error = try failure { try workspace.experiment("+sede=1") }
        #expect(error.description == "command line, '+sede=1': unknown key 'sede'; did you mean 'seed'?")
    }
}

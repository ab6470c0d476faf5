// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import Testing

@testable import SutureRuntime

extension Experiment.Dataset {
    fileprivate static func plain(_ path: String, limit: Int? = nil, offset: Int = 0) -> Self {
        Self(name: "counterfact", path: path, limit: limit, offset: offset)
    }
}

@Suite("CounterFact records")
struct CounterFactReaderTests {
    static func sample(
        id: String = "7", rewrite: String? = nil, prompt: String = "\"The capital of {} is\"",
        subject: String = "\"France\"", new: String = "{\"str\": \"Rome\", \"id\": \"Q220\"}"
    ) -> String {
        let standard = """
            {"prompt": \(prompt), "relation_id": "P36", "target_new": \(new), \
            "target_true": {"str": "Paris"}, "subject": \(subject)}
            """
        return """
            {"case_id": \(id), "requested_rewrite": \(rewrite ?? standard),
             "paraphrase_prompts": ["France's capital is"],
             "neighborhood_prompts": ["The capital of Spain is", "Spain's capital is"], "attribute_prompts": [],
             "generation_prompts": ["France is known for"],
             "neighborhood_samples": [
                 {"subject": "Spain", "prompt": "The capital of {} is"}, {"subject": "Spain"},
                 {"subject": "Spain", "prompt": "Spain's capital is", "target": {"str": " Madrid"}},
                 {"subject": "Spain", "prompt": "Portugal's capital is"}]}
            """
    }

    func read(_ text: String, limit: Int? = nil, offset: Int = 0) throws -> [EditCase] {
        let workspace = try Workspace()
        let path = try workspace.write("facts.json", text)
        return try CounterFactReader().read(.plain(path, limit: limit, offset: offset))
    }

    @Test("A record becomes a case with all of its prompts")
    func record() throws {
        let cases = try read("[\(Self.sample())]")
        #expect(
            cases == [
                EditCase(
                    index: 0, id: "7", prompt: "The capital of {} is", subject: "France", targetNew: "Rome",
                    targetTrue: "Paris", answer: " Rome", paraphrasePrompts: ["France's capital is"],
                    neighborhoodPrompts: ["The capital of Spain is", "Spain's capital is"],
                    generationPrompts: ["France is known for"],
                    neighborSamples: [
                        Neighbor(prompt: "The capital of {} is", subject: "Spain", target: "Paris"),
                        Neighbor(prompt: "{}'s capital is", subject: "Spain", target: "Madrid"),
                    ])
            ])
    }

    @Test("Limit and offset choose records, and indices count from 0")
    func range() throws {
        let text = "[\((0..<5).map { Self.sample(id: "\($0)") }.joined(separator: ","))]"
        #expect(try read(text, limit: 2, offset: 1).map(\.id) == ["1", "2"])
        #expect(try read(text, limit: 2, offset: 1).map(\.index) == [0, 1])
        #expect(try read(text, limit: 9, offset: 4).map(\.id) == ["4"])
        #expect(try read(text).count == 5)
    }

    @Test("A prompt that names its subject once becomes a template")
    func filledPrompt() throws {
        let cases = try read("[\(Self.sample(prompt: "\"The capital of France is\""))]")
        #expect(cases[0].prompt == "The capital of {} is")
    }

    @Test("A subject is found by its bytes, combining marks and all")
    func combining() throws {
        let cases = try read("[\(Self.sample(prompt: "\"In Zu\\u0308rich e\"", subject: "\"Zu\\u0308rich\""))]")
        #expect(cases[0].prompt == "In {} e")
    }

    @Test("Targets lose their leading space and may be plain texts")
    func targets() throws {
        #expect(try read("[\(Self.sample(new: "{\"str\": \" Rome\"}"))]")[0].targetNew == "Rome")
        #expect(try read("[\(Self.sample(new: "\"Rome\""))]")[0].targetNew == "Rome")
    }

    static let mistakes: [(String, String)] = [
        (sample(subject: "\"\""), "case 7 of 'FILE' has an empty 'requested_rewrite.subject'"),
        (sample(subject: "null"), "case 7 of 'FILE' has no 'requested_rewrite.subject'"),
        (
            sample(rewrite: "{\"prompt\": \"{} is\", \"target_new\": {\"str\": \"a\"}}"),
            "case 7 of 'FILE' has no 'requested_rewrite.subject'"
        ),
        (sample(subject: "5"), "case 7 of 'FILE' has 5 for 'requested_rewrite.subject' instead of a text"),
        (
            sample(prompt: "\"The capital of Spain is\""),
            "case 7 of 'FILE' has the subject \"France\" which is not in its 'requested_rewrite.prompt': \"The "
                + "capital of Spain is\"; write {} where the subject belongs"
        ),
        (
            sample(prompt: "\"France is France\""),
            "case 7 of 'FILE' has the subject \"France\" 2 times in its 'requested_rewrite.prompt': \"France is "
                + "France\"; name it once"
        ),
        (
            sample(prompt: "\"{} and {}\""),
            "case 7 of 'FILE' has 2 '{}' in 'requested_rewrite.prompt': \"{} and {}\"; keep the one that stands for "
                + "the subject, and write {{}} for braces that are meant as they are"
        ),
        (sample(prompt: "\"\""), "case 7 of 'FILE' has an empty 'requested_rewrite.prompt'"),
        (sample(new: "null"), "case 7 of 'FILE' has no 'requested_rewrite.target_new'"),
        (sample(new: "{}"), "case 7 of 'FILE' has no 'requested_rewrite.target_new.str'"),
        (sample(new: "{\"str\": \" \"}"), "case 7 of 'FILE' has an empty 'requested_rewrite.target_new.str'"),
        ("{\"case_id\": 3}", "case 3 of 'FILE' has no 'requested_rewrite'"),
        ("{\"requested_rewrite\": []}", "case #0 of 'FILE' has a list for 'requested_rewrite' instead of a record"),
        ("5", "case #0 of 'FILE' is not a record but 5"),
        (
            "{\"case_id\": 3, \"requested_rewrite\": {\"prompt\": \"{}\", \"subject\": \"a\", \"target_new\": \"b\"}, "
                + "\"paraphrase_prompts\": \"x\"}",
            "case 3 of 'FILE' has \"x\" for 'paraphrase_prompts' instead of a list of texts"
        ),
        (
            "{\"case_id\": 3, \"requested_rewrite\": {\"prompt\": \"{}\", \"subject\": \"a\", \"target_new\": \"b\"}, "
                + "\"neighborhood_prompts\": [\"x\", 1]}",
            "case 3 of 'FILE' has 1 at 'neighborhood_prompts[1]' instead of a text"
        ),
        (
            "{\"case_id\": 3, \"requested_rewrite\": {\"prompt\": \"{}\", \"subject\": \"a\", \"target_new\": \"b\"}, "
                + "\"neighborhood_samples\": [{}, \"x\"]}",
            "case 3 of 'FILE' has \"x\" at 'neighborhood_samples[1]' instead of a record"
        ),
    ]

    @Test("A wrong record is one sentence that names file, case and field", arguments: mistakes)
    func mistake(_ record: String, _ sentence: String) throws {
        let workspace = try Workspace()
        let path = try workspace.write("facts.json", "[\(record)]")
        let error = try failure { try CounterFactReader().read(.plain(path)) }
        #expect(error.kind == .file)
        #expect(error.description == sentence.replacing("FILE", with: path))
    }

    @Test("A file that is missing, cut off, no JSON or no list is one sentence")
    func files() throws {
        let workspace = try Workspace()
        let path = workspace.path("facts.json")
        func error(_ text: String?) throws -> RuntimeError {
            if let text { try workspace.write("facts.json", text) }
            return try failure { try CounterFactReader().read(.plain(path)) }
        }
        #expect(try error(nil).message == "the dataset '\(path)' cannot be read")
        #expect(try error("").message == "\(path) is empty")
        let whole = "[\(Self.sample())]"
        #expect(
            try error(String(whole.prefix(100))).message
                == "\(path) is cut off: its JSON does not end within 100 bytes")
        #expect(try error("[1,\n 2 3]").message == "\(path):2:4: this is not JSON: a ',' is missing")
        #expect(try error("{\n}").message == "the dataset '\(path)' is not a JSON list of cases but an object")
        #expect(try error("[]").message == "the dataset '\(path)' has 0 cases, so none is left after offset 0")
        #expect(try error("[]").kind == .file)
    }

    @Test("Cutting a file off anywhere is refused")
    func truncation() throws {
        let bytes = Array("[\(Self.sample())]".utf8)
        for count in 1..<bytes.count {
            #expect(throws: ModelError.self) { try JSONValue(Data(bytes[..<count]), name: "x") }
        }
    }
}

@Suite("Requirements")
struct CaseRequirementsTests {
    static let dataset = Experiment.Dataset(name: "counterfact", path: "/facts.json", limit: nil, offset: 0)

    private static func needs(
        _ component: ComponentDescription, _ arguments: [ArgumentValue] = []
    ) -> [CaseRequirements.Need] {
        CaseRequirements.needs(of: component, arguments)
    }

    @Test("A setting may need a field, or need it while it is left out; the sentence names the setting")
    func settings() throws {
        func need(_ parameter: ParameterDeclaration, _ value: ArgumentValue) throws -> String {
            let cases = [EditCase(index: 0, id: "7")]
            return try failure {
                try CaseRequirements.check(
                    cases, dataset: Self.dataset, needs: Self.needs(.make("m", .patcher, [parameter]), [value]))
            }.description
        }
        var neighbors = Parameter(wrappedValue: 0, "neighbors", needs: .attributes, help: "").declaration
        #expect(
            try need(neighbors, .integer(2))
                == "the patcher 'm' with its setting neighbors needs 'attribute_prompts', which case 7 of '/facts.json' "
                + "does not have; leave neighbors out, add it to the record, or leave the case out")
        #expect(throws: Never.self) {
            try CaseRequirements.check(
                [EditCase(index: 0, id: "7")], dataset: Self.dataset,
                needs: Self.needs(.make("m", .patcher, [neighbors]), [.integer(0)]))
        }
        neighbors.needs = []
        neighbors.needsOtherwise = .attributes
        #expect(try need(neighbors, .null).hasPrefix("the patcher 'm' without its setting neighbors needs"))
    }

    @Test("Cases that have what the components need pass")
    func pass() throws {
        let cases = [EditCase(index: 0, id: "1", prompt: "{}", subject: "a", targetNew: "b")]
        try CaseRequirements.check(
            cases, dataset: Self.dataset, needs: Self.needs(.make("memit", .patcher, requires: [.prompt, .subject])))
    }

    @Test("A missing field names component, field, the first case without it, and what to do")
    func missing() throws {
        let cases = [
            EditCase(index: 0, id: "1", subject: "a", paraphrasePrompts: ["x"]),
            EditCase(index: 1, id: "2", subject: "a"),
        ]
        let error = try failure {
            try CaseRequirements.check(
                cases, dataset: Self.dataset,
                needs: Self.needs(.make("counterfact", .evaluator, requires: [.subject, .paraphrases])))
        }
        let others = DatasetReaders.supplying(.paraphrases).filter { $0 != "counterfact" }.joined(separator: ", ")
        #expect(error.kind == .usage)
        #expect(
            error.description
                == "the evaluator 'counterfact' needs 'paraphrase_prompts', which case 2 of '/facts.json' does not "
                + "have; add it to the record, leave the case out, or use a dataset that supplies it: \(others)"
        )
    }

    @Test(
        "The hint names the keys that a record of the format has for a field",
        arguments: [
            ("counterfact", EditCase.Fields.probes, "add 'portability' or 'locality' to the record"),
            ("counterfact", .targetTrue, "add 'requested_rewrite.target_true' to the record"),
            ("counterfact", .generation, "add it to the record"),
            ("knowedit", .paraphrases, "add 'rephrase' or 'rephrase_prompt' to the record"),
            ("knowedit", .neighborSamples, "add 'locality_prompt' to the record"),
            ("zsre", .neighbors, "add 'loc' to the record"),
            ("marked-generations", .generations, "add 'marks' to the record"),
        ])
    func keys(format: String, field: EditCase.Fields, hint: String) throws {
        var dataset = Self.dataset
        dataset.name = format
        let error = try failure {
            try CaseRequirements.check(
                [EditCase(index: 0, id: "7")], dataset: dataset,
                needs: Self.needs(.make("e", .evaluator, requires: field)))
        }
        #expect(error.hint.contains(hint))
    }

    @Test("A field that another dataset supplies names that dataset")
    func otherDataset() throws {
        let other = Experiment.Dataset(name: "zsre", path: "/zsre.json", limit: nil, offset: 0)
        let error = try failure {
            try CaseRequirements.check(
                [EditCase(index: 0, id: "1")], dataset: other,
                needs: Self.needs(.make("memit", .patcher, requires: .targetTrue)))
        }
        #expect(error.hint == "use a dataset that supplies it: counterfact, knowedit")
        let text = Experiment.Dataset(name: "text", path: "/prompts.txt", limit: nil, offset: 0)
        let answer = try failure {
            try CaseRequirements.check(
                [EditCase(index: 0, id: "1")], dataset: text,
                needs: Self.needs(.make("star", .patcher, requires: .answer)))
        }
        #expect(
            answer.hint
                == "use a dataset that supplies it: \(DatasetReaders.supplying(.answer).joined(separator: ", "))")
        #expect(DatasetReaders.supplying(.answer).contains("pairs"))
        #expect(!DatasetReaders.supplying(.answer).contains("text"))
    }

    @Test("An unknown dataset format names the nearest")
    func unknownFormat() throws {
        let error = try failure { try DatasetReaders.named("counterfect") }
        #expect(error.description == "there is no dataset format 'counterfect'; did you mean 'counterfact'?")
    }
}

@Suite("Text files")
struct TextFileTests {
    @Test("Lines are read without their ends, empty ones skipped, up to the limit")
    func lines() throws {
        let workspace = try Workspace()
        let path = try workspace.write("text.txt", "\u{FEFF}first\r\n\n  \nsecond \n third")
        #expect(try TextFile(path).lines == ["first", "second ", " third"])
        #expect(try TextFile(path, limit: 2).lines == ["first", "second "])
    }

    @Test("The digest is that of the lines that were read")
    func digest() throws {
        let workspace = try Workspace()
        let short = try TextFile(try workspace.write("a.txt", "a\nb\n"))
        let long = try workspace.write("b.txt", "a\n\nb\nc")
        #expect(try TextFile(long, limit: 2).digest == short.digest)
        #expect(try TextFile(long).digest != short.digest)
        #expect(short.digest == Digest.of(Data("a\nb\n".utf8)))
        #expect(try Digest.ofFile(short.path) == short.digest)
        #expect(Digest.of(Data()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("A text that is missing, empty or not UTF-8 is one sentence")
    func mistakes() throws {
        let workspace = try Workspace()
        let path = workspace.path("text.txt")
        #expect(try failure { try TextFile(path) }.message == "the text '\(path)' cannot be read")
        try workspace.write("text.txt", "\n \n")
        #expect(try failure { try TextFile(path) }.message == "the text '\(path)' has no lines")
        try workspace.write("text.txt", Data([0x61, 0x0A, 0xFF, 0x0A]))
        let error = try failure { try TextFile(path) }
        #expect(error.message == "line 2 of the text '\(path)' is not UTF-8")
        #expect(error.kind == .file)
        // What comes after the limit is not read.
        #expect(try TextFile(path, limit: 1).lines == ["a"])
    }
}

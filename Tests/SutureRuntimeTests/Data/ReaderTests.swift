// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

/// Writes a dataset and reads it.
private struct Reading {
    let workspace: Workspace
    let name: String

    init(_ name: String) throws {
        workspace = try Workspace()
        self.name = name
    }

    var path: String { workspace.path("data") }

    func callAsFunction(
        _ text: String, limit: Int? = nil, offset: Int = 0, where conditions: String? = nil
    ) throws -> [EditCase] {
        try workspace.write("data", text)
        var dataset = Experiment.Dataset(name: name, path: path, limit: limit, offset: offset)
        if let conditions {
            let node = try ConfigNode(yaml: Data(conditions.utf8), name: "e.yaml")
            dataset.conditions = try [RecordCondition](node, path: "dataset.where")
        }
        return try dataset.read()
    }

    /// The sentence of a text that cannot be read, with FILE for its path.
    func failure(_ text: String, offset: Int = 0, where conditions: String? = nil) throws -> String {
        let error = try SutureRuntimeTests.failure { try self(text, offset: offset, where: conditions) }
        return error.description.replacing(path, with: "FILE")
    }
}

@Suite("zsRE records")
struct ZsREReaderTests {
    static let record = """
        {"subject": "Lake Anna", "src": "Which river feeds Lake Anna?", "pred": "Potomac", "rephrase": "What feeds \
        Lake Anna?", "alt": "York River", "answers": ["North Anna River", "the North Anna"], "loc": "nq question: who \
        wrote the book", "loc_ans": "Jane Doe", "cond": "x"}
        """

    @Test("A record becomes a case: the first answer is the target, nothing is the old object")
    func record() throws {
        let cases = try Reading("zsre")("[\(Self.record)]")
        #expect(
            cases == [
                EditCase(
                    index: 0, id: "#0", prompt: "Which river feeds {}?", subject: "Lake Anna",
                    targetNew: "North Anna River", answer: " North Anna River",
                    paraphrasePrompts: ["What feeds Lake Anna?"],
                    neighborhoodPrompts: ["nq question: who wrote the book?"],
                    neighborSamples: [
                        Neighbor(prompt: "nq question: who wrote the book?", subject: "", target: "Jane Doe")
                    ])
            ])
    }

    @Test("Neighbour samples name the subject of the unrelated question")
    func samples() throws {
        let sample = #""neighborhood_samples": [{"subject": "the book", "prompt": "nq question: who wrote {}?"}]"#
        let text = Self.record.replacing(#""cond": "x""#, with: sample)
        #expect(
            try Reading("zsre")("[\(text)]")[0].neighborSamples
                == [Neighbor(prompt: "nq question: who wrote {}?", subject: "the book", target: "Jane Doe")])
    }

    @Test("The other tradition writes the alternative answer")
    func alternative() throws {
        #expect(try Reading("zsre-alt")("[\(Self.record)]")[0].targetNew == "York River")
    }

    @Test("A subject that is named twice has its slot at the first place")
    func repeated() throws {
        let text = Self.record.replacing("Which river feeds Lake Anna?", with: "Is Lake Anna fed by Lake Anna?")
        let editCase = try Reading("zsre")("[\(text)]")[0]
        #expect(editCase.prompt == "Is {} fed by Lake Anna?")
        #expect(editCase.filledPrompt == "Is Lake Anna fed by Lake Anna?")
    }

    @Test(
        "A wrong record is one sentence that names file, case and field",
        arguments: [
            (#""answers": ["North Anna River", "the North Anna"]"#, #""answers": []"#, "has no 'answers'"),
            (#""subject": "Lake Anna""#, #""subject": """#, "has an empty 'subject'"),
            (
                #""subject": "Lake Anna""#, #""subject": "Anna Lake""#,
                "has the subject \"Anna Lake\" which is not in its 'src': \"Which river feeds Lake Anna?\"; write {} "
                    + "where the subject belongs"
            ),
            (#""rephrase": "What feeds Lake Anna?""#, #""rephrase": 5"#, "has 5 for 'rephrase' instead of a text"),
        ])
    func mistake(_ part: String, _ replacement: String, _ sentence: String) throws {
        let text = Self.record.replacing(part, with: replacement)
        #expect(try Reading("zsre").failure("[\(text)]") == "case #0 of 'FILE' \(sentence)")
    }
}

@Suite("Pairs of prompt and answer")
struct PairsReaderTests {
    @Test("Prompt and answer are taken as they are, braces and white space included")
    func pair() throws {
        let cases = try Reading("pairs")(
            #"[{"prompt": "a {} of {}\n", "answer": " f({})", "paraphrase_prompts": ["b"], "#
                + #""neighborhood_prompts": ["c"]}]"#)
        #expect(
            cases == [
                EditCase(
                    index: 0, id: "#0", prompt: "a {} of {}\n", answer: " f({})", paraphrasePrompts: ["b"],
                    neighborhoodPrompts: ["c"])
            ])
        #expect(cases[0].filledPrompt == "a {} of {}\n")
    }

    @Test("Neighbours may have answers of their own, and are prompts to keep")
    func neighbors() throws {
        let editCase = try Reading("pairs")(
            #"[{"prompt": "a", "answer": "b", "neighborhood_samples": [{"prompt": "c {}", "answer": "d"}]}]"#)[0]
        #expect(editCase.neighborSamples == [Neighbor(prompt: "c {}", subject: "", target: "d")])
        #expect(editCase.neighborhoodPrompts == ["c {}"])
    }

    @Test("An intent becomes a comment line")
    func intent() throws {
        let cases = try Reading("pairs")(#"[{"intent": "add\r\nup", "code": "sum(x)"}]"#)
        #expect(cases[0].prompt == "# add\r up\n" && cases[0].answer == "sum(x)")
    }

    @Test("A list and one record a line give the same cases")
    func lines() throws {
        let records = [#"{"id": "x", "prompt": "a", "answer": "b"}"#, #"{"prompt": "c", "answer": "d"}"#]
        let list = try Reading("pairs")("[\(records.joined(separator: ",\n"))]")
        #expect(list.map(\.id) == ["x", "#1"])
        #expect(try Reading("pairs")(records.joined(separator: "\r\n\n") + "\n") == list)
        #expect(try Reading("pairs")("\u{FEFF}" + records.joined(separator: "\n")) == list)
    }

    @Test(
        "A wrong file is one sentence",
        arguments: [
            (
                #"[{"prompt": "a", "answer": "b", "neighborhood_samples": [5]}]"#,
                "case #0 of 'FILE' has 5 at 'neighborhood_samples[0]' instead of a record"
            ),
            (
                #"[{"prompt": "a", "answer": "b", "neighborhood_samples": [{"prompt": "c"}]}]"#,
                "case #0 of 'FILE' has no 'neighborhood_samples[0].answer'"
            ),
            (#"[{"prompt": "a"}]"#, "case #0 of 'FILE' has no 'answer'"),
            (#"[{"intent": "a"}]"#, "case #0 of 'FILE' has no 'code'"),
            (#"[{"answer": "a"}]"#, "case #0 of 'FILE' has no 'prompt'"),
            (#"[{"prompt": "a", "answer": " "}]"#, "case #0 of 'FILE' has an empty 'answer'"),
            (
                #"{"prompt": "a", "answer": "b"}"# + "\n{\"prompt\"}",
                "line 2 of 'FILE':1:10: this is not JSON: a ':' is missing; copy it again from its source"
            ),
            (
                "5",
                "the dataset 'FILE' is not a JSON list of cases but 5; each record has 'prompt' and 'answer'"
            ),
        ])
    func mistake(_ text: String, _ sentence: String) throws {
        #expect(try Reading("pairs").failure(text) == sentence)
    }
}

@Suite("Generations with marks")
struct MarkedGenerationsReaderTests {
    @Test("Marks count characters in the file and bytes in a case; equal prompts are one case")
    func grouping() throws {
        let cases = try Reading("marked-generations")(
            """
            {"id": "x", "prompt": "Say: ", "text": "né né", "marks": [[3, 5]]}
            {"prompt": "Other", "text": "fine"}
            {"prompt": "Say: ", "text": "👩‍🚀!", "marks": [[3, 4], [0, 1]]}
            """)
        #expect(
            cases == [
                EditCase(
                    index: 0, id: "x", prompt: "Say: ",
                    generations: [
                        MarkedText(prompt: "Say: ", text: "né né", marks: [4..<7]),
                        MarkedText(prompt: "Say: ", text: "👩‍🚀!", marks: [0..<4, 11..<12]),
                    ]),
                EditCase(index: 1, id: "#1", prompt: "Other", generations: [MarkedText(prompt: "Other", text: "fine")]),
            ])
    }

    @Test("Offset and limit count cases, and conditions choose generations")
    func range() throws {
        let text = (0..<6).map { #"{"prompt": "p\#($0 % 3)", "text": "t\#($0)", "n": \#($0)}"# }.joined(separator: "\n")
        let cases = try Reading("marked-generations")(text, limit: 1, offset: 1, where: "{n: [1, 5]}")
        #expect(cases.map(\.prompt) == ["p2"])
        #expect(cases[0].generations.map(\.text) == ["t2", "t5"])
    }

    @Test(
        "A wrong mark is one sentence",
        arguments: [
            ("[[1, 5]]", "has the mark [1, 5] in a text of 4 characters"),
            ("[[2, 2]]", "has the mark [2, 2] in a text of 4 characters"),
            ("[[0, 2], [1, 3]]", "has marks that overlap: [0, 2] and [1, 3]"),
            ("[[1]]", "has a list at 'marks[0]' instead of two whole numbers"),
            ("[1]", "has 1 at 'marks[0]' instead of two whole numbers"),
            ("1", "has 1 for 'marks' instead of a list"),
        ])
    func mistake(_ marks: String, _ sentence: String) throws {
        let failure = try Reading("marked-generations").failure(#"{"prompt": "p", "text": "text", "marks": \#(marks)}"#)
        #expect(failure.hasPrefix("case #0 of 'FILE' \(sentence)"))
    }
}

@Suite("Prompts of plain text")
struct TextReaderTests {
    @Test("Every line that is not blank is a case with a prompt alone")
    func lines() throws {
        let cases = try Reading("text")("first {}\n\n second\r\nthird", limit: 2, offset: 1)
        #expect(
            cases == [
                EditCase(index: 0, id: "#1", prompt: " second"), EditCase(index: 1, id: "#2", prompt: "third"),
            ])
        #expect(try Reading("text")("first {}")[0].filledPrompt == "first {}")
    }

    @Test("Lines have no fields to choose by, and an offset after the last is refused")
    func mistakes() throws {
        #expect(
            try Reading("text").failure("a", where: "{x: 1}")
                == "dataset.where chooses records by their fields, and lines of text have none; use dataset.offset and "
                + "dataset.limit")
        #expect(
            try Reading("text").failure("a\nb", offset: 2)
                == "the dataset 'FILE' has 2 cases, so none is left after offset 2; use a smaller dataset.offset")
    }
}

@Suite("Choosing records by their fields")
struct RecordConditionTests {
    static let text =
        "["
        + (0..<6).map {
            #"{"id": \#($0), "prompt": "p", "answer": "a", "wrong": \#($0), "split": "\#($0 < 3 ? "dev" : "test")", "#
                + #""inner": {"even": \#($0 % 2 == 0), "name": "n\#($0)"}}"#
        }.joined(separator: ",") + #", {"id": 6, "prompt": "p", "answer": "a", "wrong": "3"}]"#

    @Test(
        "A condition is a value, a range with both ends, an open range, or one of several texts",
        arguments: [
            ("{wrong: 3}", "3"), ("{wrong: [1, 3]}", "1 2 3"), ("{wrong: [4, null]}", "4 5"),
            ("{wrong: [~, 0.5]}", "0"), ("{wrong: \"3\"}", "6"), ("{split: dev}", "0 1 2"),
            ("{split: [dev, train]}", "0 1 2"),
            ("{split: [dev, test], wrong: [2, 3]}", "2 3"), ("{inner: {even: true}}", "0 2 4"),
            ("{inner: {even: true, name: n2}, wrong: [0, 9]}", "2"),
        ])
    func choice(_ conditions: String, _ ids: String) throws {
        let cases = try Reading("pairs")(Self.text, where: conditions)
        #expect(cases.map(\.id).joined(separator: " ") == ids)
        #expect(cases.map(\.index) == Array(cases.indices))
    }

    @Test("Offset and limit count the chosen records")
    func range() throws {
        let cases = try Reading("pairs")(Self.text, limit: 2, offset: 1, where: "{wrong: [1, 5]}")
        #expect(cases.map(\.id) == ["2", "3"])
    }

    @Test(
        "A condition that cannot be met is one sentence",
        arguments: [
            ("{wrng: 1}", "no record of 'FILE' has a field 'wrng'; did you mean 'wrong'?"),
            ("{inner: {nme: 1}}", "no record of 'FILE' has a field 'inner.nme'; did you mean 'name'?"),
            (
                "{wrong: [7, 9], split: x}",
                "no record of 'FILE' has wrong of 7 to 9 and split of \"x\"; widen dataset.where"
            ),
            (
                "{wrong: [3, 1]}",
                "e.yaml:1:9: dataset.where.wrong must be a value, a range of numbers or a list of texts, got a list of "
                    + "2; write 0, [1, 3] with both ends included, [1, null] for at least 1, or [a, b] for either"
            ),
        ])
    func mistake(_ conditions: String, _ sentence: String) throws {
        #expect(try Reading("pairs").failure(Self.text, where: conditions) == sentence)
    }

    @Test("Conditions are part of the experiment: read, overridden, resolved and read back")
    func experiment() throws {
        let text = Workspace.standard.replacing(
            "limit: 10}", with: "limit: 10, where: {requested_rewrite: {relation_id: P36}, n: [1, null]}}")
        let workspace = try Workspace.withExperiment(text)
        func dataset(_ overrides: String...) throws -> Experiment.Dataset {
            try Experiment(
                file: workspace.path("quickstart.yaml"), overrides: overrides, currentFolder: workspace.path
            ).dataset
        }
        let place = RecordCondition(path: ["requested_rewrite", "relation_id"], .text("P36"))
        #expect(try dataset().conditions == [place, RecordCondition(path: ["n"], .range(from: 1, to: .infinity))])
        #expect(try dataset("dataset.where.n=2").conditions == [place, RecordCondition(path: ["n"], .number(2))])
        #expect(
            try dataset("dataset.where={}", "dataset.where.new.one=[a,b]").conditions
                == [RecordCondition(path: ["new", "one"], .texts(["a", "b"]))])
        #expect(try dataset("~dataset.where").conditions == [])

        for conditions in try [dataset().conditions, dataset("dataset.where.n=[-1,2.5]").conditions, []] {
            let yaml = ConfigWriter.yaml([("where", conditions.value)])
            let node = try #require(ConfigNode(yaml: Data(yaml.utf8), name: "r.yaml")["where"])
            #expect(try (node.isNull ? [] : [RecordCondition](node, path: "where")) == conditions)
        }
    }
}

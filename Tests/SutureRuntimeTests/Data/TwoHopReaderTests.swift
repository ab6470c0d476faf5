// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("Compositions of two facts")
struct TwoHopReaderTests {
    /// A record of the plain form; `changes` are members that replace or join its own.
    private static func record(
        _ city: String, _ country: String, capital: String, _ changes: String = ""
    ) -> String {
        let members = [
            ("hop1", "\(city) is a city in the country of"), ("description", "the country of \(city)"),
            ("bridge", country), ("hop2", "The capital of \(country) is"), ("answer", capital),
            ("prompt", "The capital of the country of \(city) is"),
        ]
        let own = members.filter { !" \(changes)".contains(" \"\($0.0)\":") }.map { "\"\($0)\": \"\($1)\"" }
        return "{" + (own + (changes.isEmpty ? [] : [changes])).joined(separator: ", ") + "}"
    }

    private static let lyon = record("Lyon", "France", capital: "Paris", #""says": " Ly""#)
    private static let tongue = record(
        "Lyon", "France", capital: "",
        #""hop2": "The language of France is", "answer": "French", "prompt": "The language of the country of Lyon is""#)
    private static let others = [
        record("Milan", "Italy", capital: "Rome"), record("Porto", "Portugal", capital: "Lisbon"),
        record("Nice", "France", capital: "Paris"),
    ]

    private func read(_ records: [String], where conditions: String? = nil, limit: Int? = nil) throws -> [EditCase] {
        let workspace = try Workspace()
        try workspace.write("data", "[" + records.joined(separator: ",\n") + "]")
        var dataset = Experiment.Dataset(name: "two-hop", path: workspace.path("data"), limit: limit, offset: 0)
        if let conditions {
            dataset.conditions = try [RecordCondition](
                ConfigNode(yaml: Data(conditions.utf8), name: "e.yaml"), path: "dataset.where")
        }
        return try dataset.read()
    }

    @Test("A record of the plain form becomes templates with slots, phrase, bridge and answer")
    func plain() throws {
        let cases = try read([Self.lyon, Self.tongue] + Self.others)
        #expect(cases.map(\.id) == ["#0", "#1", "#2", "#3", "#4"])
        let first = cases[0]
        #expect(first.prompt == "The capital of {} is")
        #expect(first.secondHopPrompt == "The capital of {} is")
        #expect(first.subject == "the country of Lyon")
        #expect(first.bridge == "France")
        #expect(first.filledPrompt == "The capital of the country of Lyon is")
        #expect(first.guidePrompt == "The capital of France is")
        #expect(first.firstHopPrompt == "Lyon is a city in the country of")
        #expect((first.targetNew, first.answer) == ("Paris", " Paris"))
        #expect(first.wrongAnswer == "Ly")
        #expect(cases[1].wrongAnswer == "")
    }

    @Test("What the model says is a wrong answer only where it is not the beginning of the right one")
    func wrongAnswers() throws {
        for (says, wrong) in [(" Par", ""), (" Paris.", ""), (" Rome", "Rome"), ("", "")] {
            let record = Self.record("Lyon", "France", capital: "Paris", "\"says\": \"\(says)\"")
            #expect(try read([record])[0].wrongAnswer == wrong)
        }
    }

    @Test("Related compositions share the phrase; unrelated ones have another answer")
    func sets() throws {
        let cases = try read([Self.lyon, Self.tongue] + Self.others)
        #expect(
            cases[0].related.map(\.answer) == [" French", " French"]
                && cases[0].related[0].prompt == "The language of the country of Lyon is")
        #expect(cases[0].related[1].prompt.hasSuffix("\nQ: What is the language of the country of Lyon?\nA:"))
        #expect(Set(cases[0].unrelated.map(\.answer)) == [" Rome", " Lisbon"])
        #expect(cases[0].unrelated.count == 4, "each as a prompt and as a question")
        #expect(!cases[0].unrelated.contains { $0.prompt.contains("Nice") }, "its answer is the case's own")
        #expect(cases[2].related.isEmpty)
    }

    @Test("Paraphrases are a question after a solved one, and the prompt after a solved prompt")
    func paraphrases() throws {
        for editCase in try read([Self.lyon, Self.tongue] + Self.others) {
            let asked = "What is the\(editCase.filledPrompt.dropFirst(3).dropLast(3))?"
            #expect(editCase.paraphrasePrompts.count == 2)
            #expect(editCase.paraphrasePrompts[0].hasPrefix("Q: What is the "))
            #expect(editCase.paraphrasePrompts[0].hasSuffix("\nQ: \(asked)\nA:"))
            #expect(editCase.paraphrasePrompts[1].hasSuffix(".\n\(editCase.filledPrompt)"))
            for prompt in editCase.paraphrasePrompts {
                #expect(!prompt.contains(editCase.targetNew), "the demonstration gives the answer away")
            }
        }
    }

    @Test("The sets of a case do not depend on the part of the file that is read")
    func parts() throws {
        let records = [Self.lyon, Self.tongue] + Self.others
        let all = try read(records)
        var chosen = try read(records, where: #"{bridge: Portugal}"#)
        chosen[0].index = 3
        #expect(chosen == [all[3]])
        #expect(try read(records, limit: 2) == Array(all[..<2]))
    }

    @Test("A record of the published form, with the questions that it has")
    func published() throws {
        let record = """
            {"prompt_comp": "The capital of {} is", "prompt_guide": "The capital of {} is",
            "subject_comp": "the country of Lyon", "subject_guide": "France", "prompt_f_hop": "the country of Lyon is",
            "target": "Paris", "wrong answer": "Lyon", "original query": "The capital of the country of Lyon is",
            "paraphrase queries": ["Q: Which is it?\\nA:"], "generalization queries": ["The tongue of it is"],
            "generalization answers": ["French"], "irrelevant queries": ["The sky is"], "irrelevant answers": ["blue"]}
            """
        let read = try read([record])[0]
        #expect((read.prompt, read.subject, read.bridge) == ("The capital of {} is", "the country of Lyon", "France"))
        #expect(read.firstHopPrompt == "the country of Lyon is")
        #expect(read.paraphrasePrompts == ["Q: Which is it?\nA:"])
        #expect(read.related == [Question(prompt: "The tongue of it is", answer: " French")])
        #expect(read.unrelated == [Question(prompt: "The sky is", answer: " blue")])
        #expect(read.wrongAnswer == "Lyon")
    }

    @Test(
        "What cannot be a composition is one sentence",
        arguments: [
            (
                #""bridge": "The country of Lyon""#,
                "has \"The country of Lyon\" for both 'bridge' and 'description', so its two prompts are the same; the "
                    + "description describes the bridge and does not name it"
            ),
            (
                #""hop2": "France: the capital of France is""#,
                "has the bridge \"France\" 2 times in its 'hop2': \"France: the capital of France is\"; name it "
                    + "once"
            ),
            (
                #""hop2": "In France the capital of {} is""#,
                "names the bridge \"France\" in its 'hop2' beside the place where it belongs: \"In France the capital of "
                    + "{} is\"; use a prompt that does not give the bridge away"
            ),
            (
                #""prompt": "In France, the capital of the country of Lyon is""#,
                "names the bridge \"France\" in its 'prompt' beside the place where it belongs: \"In France, the capital "
                    + "of the country of Lyon is\"; use a prompt that does not give the bridge away"
            ),
            (
                #""prompt": "The capital of the country of Lyon is named""#,
                "goes on with \" is named\" after the phrase in 'prompt' and with \" is\" after the bridge in 'hop2'; the "
                    + "two prompts must end alike"
            ),
            (
                #""prompt": "The capital of that country is""#,
                "has the phrase \"the country of Lyon\" which is not in its 'prompt': \"The capital of that country is\"; "
                    + "write {} where the phrase belongs"
            ),
            (#""bridge": " ""#, "has an empty 'bridge'"), (#""hop1": null"#, "has no 'hop1'"),
            (#""related": [{"prompt": "The sea is"}]"#, "has no 'related[0].answer'"),
        ])
    func mistakes(_ change: String, _ sentence: String) throws {
        let workspace = try Workspace()
        try workspace.write("data", "[\(Self.record("Lyon", "France", capital: "Paris", change))]")
        let dataset = Experiment.Dataset(name: "two-hop", path: workspace.path("data"), limit: nil, offset: 0)
        let error = try failure { try dataset.read() }
        #expect(error.kind == .file)
        #expect(error.description == "case #0 of '\(workspace.path("data"))' \(sentence)")
    }

    @Test("Lists of questions and answers of different lengths are refused")
    func lengths() throws {
        let record = """
            {"prompt_comp": "A {} is", "prompt_guide": "A {} is", "subject_comp": "x y", "subject_guide": "z", "prompt_f_hop":
            "x y is", "target": "t", "irrelevant queries": ["a", "b"], "irrelevant answers": ["c"]}
            """
        let error = try failure { try read([record]) }
        #expect(
            error.description.hasSuffix(
                "has 2 'irrelevant queries' and 1 'irrelevant answers'; give each prompt one answer"))
    }
}

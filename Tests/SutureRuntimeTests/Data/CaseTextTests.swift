// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

/// A dataset of one file, read as a run reads it.
private struct CaseFile {
    let workspace: Workspace
    var dataset: Experiment.Dataset

    init(_ records: [String]) throws { try self.init("counterfact", records) }

    init(_ format: String, _ records: [String]) throws {
        workspace = try Workspace()
        let path = try workspace.write("data.json", "[\(records.joined(separator: ",\n"))]")
        dataset = Experiment.Dataset(name: format, path: path, limit: nil, offset: 0)
    }

    func skipping() -> CaseFile {
        var copy = self
        copy.dataset.invalid = .skip
        return copy
    }

    func selection(
        model: String? = nil, needs: [CaseRequirements.Need] = []
    ) throws -> CaseSelection {
        try CaseSelection(dataset, model: model, needs: needs)
    }

    /// The sentence that reading ends with, with FILE for its path.
    func failure(model: String? = nil, needs: [CaseRequirements.Need] = []) throws -> String {
        try SutureRuntimeTests.failure { try selection(model: model, needs: needs) }
            .description.replacing(dataset.path, with: "FILE")
    }

    static func fact(
        _ prompt: String, _ subject: String = "Jaipur", new: String = "Pakistan", _ more: String = ""
    ) -> String {
        let members: [String: Any] = ["prompt": prompt, "subject": subject, "target_new": new]
        let data = (try? JSONSerialization.data(withJSONObject: members, options: .sortedKeys)) ?? Data()
        return #"{"requested_rewrite": \#(String(decoding: data, as: UTF8.self))\#(more.isEmpty ? "" : ", " + more)}"#
    }
}

@Suite("Blanks at the ends of texts")
struct BlankTests {
    @Test("They are cut off, and one sentence counts the cases of each field")
    func trimmed() throws {
        let file = try CaseFile([
            CaseFile.fact("{} is a city in", "Jaipur "), CaseFile.fact("{} is a city in "),
            CaseFile.fact(
                " {} is a city in\u{A0}", "\tJaipur", new: " Pakistan\n", #""paraphrase_prompts": ["a ", "b"]"#),
            CaseFile.fact("{} is a city in"),
        ])
        let selection = try file.selection()
        for editCase in selection.cases {
            #expect(editCase.filledPrompt == "Jaipur is a city in")
            #expect(editCase.targetNew == "Pakistan" && editCase.answer == " Pakistan")
        }
        #expect(selection.cases[2].paraphrasePrompts == ["a", "b"])
        #expect(
            selection.warnings == [
                "blanks at the ends of texts are cut off in 3 of 4 cases of '\(file.dataset.path)' "
                    + "(requested_rewrite.subject in 2, requested_rewrite.prompt in 2, requested_rewrite.target_new in 1, "
                    + "paraphrase_prompts in 1)"
            ])
    }

    @Test("A subject is found in its prompt without its blanks")
    func found() throws {
        let selection = try CaseFile([CaseFile.fact("Is Jaipur in", " Jaipur ")]).selection()
        #expect(selection.cases[0].prompt == "Is {} in")
    }

    @Test("Texts that meet as they are keep their blanks, and line feeds stay in prompts")
    func kept() throws {
        let pair = try CaseFile("pairs", [#"{"prompt": "a = ", "answer": " b "}"#]).selection()
        #expect(pair.cases[0].prompt == "a = " && pair.cases[0].answer == " b " && pair.warnings.isEmpty)
        #expect(try CaseFile([CaseFile.fact("{}:\n")]).selection().cases[0].prompt == "{}:\n")
    }

    @Test("Two-hop prompts, zsRE questions and neighbours are trimmed alike")
    func formats() throws {
        let hops = try CaseFile(
            "two-hop",
            [
                #"{"hop1": "Lyon is in ", "description": "the land of Lyon ", "bridge": " France", "hop2": "#
                    + #""The tongue of France is ", "prompt": "The tongue of the land of Lyon is ", "answer": " French "}"#
            ]
        ).selection()
        #expect(hops.cases[0].filledPrompt == "The tongue of the land of Lyon is")
        #expect(hops.cases[0].guidePrompt == "The tongue of France is" && hops.cases[0].firstHopPrompt == "Lyon is in")
        #expect(hops.cases[0].answer == " French" && hops.warnings.count == 1)
        let zsre = try CaseFile(
            "zsre",
            [
                #"{"subject": "Nile ", "src": "Where is the Nile? ", "answers": ["Africa "], "loc": "who ", "loc_ans": " I"}"#
            ]
        ).selection().cases[0]
        #expect(zsre.prompt == "Where is the {}?" && zsre.answer == " Africa")
        #expect(zsre.neighborSamples == [Neighbor(prompt: "who?", subject: "", target: "I")])
    }
}

@Suite("Slots and braces")
struct SlotTests {
    @Test(
        "A slot that could be meant otherwise is refused, with the way to write it",
        arguments: [
            (
                "In Python, \"{}\" calls it. Jaipur is in",
                "has both '{}' and the subject \"Jaipur\" in 'requested_rewrite.prompt', so the place of the subject is not "
                    + "clear: \"In Python, \"{}\" calls it. Jaipur is in\"; write {{}} for braces that are meant as they are, "
                    + "and name the subject once"
            ),
            (
                "print('{}') and {} is in",
                "has 2 '{}' in 'requested_rewrite.prompt': \"print('{}') and {} is in\"; keep the one that stands for the "
                    + "subject, and write {{}} for braces that are meant as they are"
            ),
        ])
    func ambiguous(prompt: String, sentence: String) throws {
        #expect(try CaseFile([CaseFile.fact(prompt)]).failure() == "case #0 of 'FILE' \(sentence)")
    }

    @Test(
        "Doubled braces are literal, beside a slot and beside a subject in words",
        arguments: [
            ("print('{{}}') and {} is in", "print('{}') and Jaipur is in"),
            ("In Python, \"{{}}\" calls it. Jaipur is in", "In Python, \"{}\" calls it. Jaipur is in"),
            ("f() { return {} }", "f() { return Jaipur }"), ("{{Jaipur}} is", "{Jaipur} is"),
        ])
    func escaped(prompt: String, filled: String) throws {
        let editCase = try CaseFile([CaseFile.fact(prompt)]).selection().cases[0]
        #expect(editCase.filledPrompt == filled)
        #expect(editCase.subjectPrompt?.text == filled && editCase.subjectPrompt?.subject == "Jaipur")
        #expect(Template.slotCount(of: editCase.prompt) == 1)
    }

    @Test(
        "A subject that is only a part of another word beside the slot is no second subject, unless words have no ends")
    func words() throws {
        let editCase = try CaseFile([CaseFile.fact("{} and JavaScript are", "Java")]).selection().cases[0]
        #expect(editCase.filledPrompt == "Java and JavaScript are")
        #expect(try CaseFile([CaseFile.fact("{}：西游记的作者是谁", "西游记")]).failure().contains("not clear"))
    }

    @Test("Finished prompts keep their braces, and one sentence says where a slot may have been meant")
    func finished() throws {
        let more = #""paraphrase_prompts": ["{{a}} {} b"], "generation_prompts": ["c"]"#
        let file = try CaseFile([CaseFile.fact("{} is in", "Jaipur", new: "Pakistan", more)])
        let selection = try file.selection()
        #expect(selection.cases[0].paraphrasePrompts == ["{{a}} {} b"])
        #expect(
            selection.warnings == [
                "'{}' stays as it is in 1 of 1 case of '\(file.dataset.path)' (paraphrase_prompts in 1): the subject is filled "
                    + "in only where a prompt has its slot"
            ])
        let pairs = try CaseFile("pairs", [#"{"prompt": "{} a", "answer": "b", "paraphrase_prompts": ["{}"]}"#])
            .selection()
        #expect(pairs.cases[0].filledPrompt == "{} a" && pairs.warnings.isEmpty)
    }

    @Test("The neighbours of a case follow the same rule")
    func neighbors() throws {
        let more = #""neighborhood_samples": [{"subject": "Pune", "prompt": "{} or Pune"}]"#
        #expect(
            try CaseFile([CaseFile.fact("{} is in", "Jaipur", new: "Pakistan", more)]).failure().hasPrefix(
                "case #0 of 'FILE' has both '{}' and the subject \"Pune\" in 'neighborhood_samples[0].prompt'"))
    }

    @Test(
        "A subject that has braces of its own is found where they are doubled, and refused where they look like a slot")
    func subjectWithBraces() throws {
        #expect(try CaseFile([CaseFile.fact("call f{} now", "f{}")]).failure().contains("not clear"))
        let editCase = try CaseFile([CaseFile.fact("call f{{}} now", "f{}")]).selection().cases[0]
        #expect(editCase.filledPrompt == "call f{} now" && editCase.subjectPrompt?.subject == "f{}")
        #expect(try CaseFile([CaseFile.fact("call {} now", "f{}")]).selection().cases[0].filledPrompt == "call f{} now")
    }
}

@Suite("How prompt and object are joined")
struct JoinTests {
    private func reading(_ format: String, _ record: String, _ join: Experiment.Dataset.Join?) throws -> EditCase {
        var file = try CaseFile(format, [record])
        file.dataset.join = join
        return try file.selection().cases[0]
    }

    @Test("Nothing is put between them where the dataset says so, for every object of a case")
    func none() throws {
        let record = CaseFile.fact("西游记的作者是谁", "西游记", new: "小明")
        #expect(try reading("counterfact", record, nil).answer == " 小明")
        let editCase = try reading("counterfact", record, Experiment.Dataset.Join.none)
        #expect(editCase.answer == "小明" && editCase.following("吴承恩") == "吴承恩")
        let hop =
            #"{"hop1": "a", "description": "b c", "bridge": "d", "hop2": "x d", "prompt": "x b c", "answer": "e"}"#
        #expect(try reading("two-hop", hop, Experiment.Dataset.Join.none).answer == "e")
        let question = #"{"subject": "Nile", "src": "Where is the Nile?", "answers": ["Africa"]}"#
        #expect(try reading("zsre", question, Experiment.Dataset.Join.none).answer == "Africa")
    }

    @Test("Pairs meet as they are, unless a space is asked for")
    func pairs() throws {
        let record =
            #"{"prompt": "a ", "answer": " b", "neighborhood_samples": [{"prompt": "c", "answer": "d"}]}"#
        #expect(try reading("pairs", record, nil).answer == " b")
        let spaced = try reading("pairs", record, .space)
        #expect(spaced.prompt == "a" && spaced.answer == " b")
        #expect(spaced.following(spaced.neighborSamples[0].target) == " d")
    }

    @Test("The setting is read, resolved to that of the format, and read back")
    func setting() throws {
        let plain = Workspace.standard.replacing(", layers: [2, 3, 4]", with: "").replacing(
            ", v_num_grad_steps: 25", with: "")
        func resolved(_ lines: String) throws -> Experiment.Dataset {
            let workspace = try Workspace.withExperiment(plain.replacing("limit: 10}", with: "limit: 10\(lines)}"))
            let resolved = try workspace.experiment().resolve { (kind, request) throws(RuntimeError) in
                .make(request.name, kind, [])
            }
            #expect(try ResolvedExperiment(yaml: resolved.yaml) == resolved)
            return resolved.dataset
        }
        #expect(try resolved("").join == .space && resolved("").invalid == .stop)
        #expect(try resolved(", join: none, invalid: skip").join == Experiment.Dataset.Join.none)
        #expect(try resolved(", invalid: skip").invalid == .skip)
        func refusal(_ lines: String, _ format: String = "counterfact") throws -> String {
            let text = plain.replacing("limit: 10}", with: "limit: 10\(lines)}").replacing(
                "name: counterfact, path", with: "name: \(format), path")
            let workspace = try Workspace.withExperiment(text)
            return try failure { try workspace.experiment() }.description
        }
        #expect(try resolved(", join: template").join == .template)
        #expect(try refusal(", join: comma").contains("dataset.join must be one of space, none, template, got"))
        #expect(try refusal(", invalid: drop").contains("dataset.invalid must be one of stop, skip, got"))
        #expect(
            try refusal(", join: none", "text").hasSuffix(
                "dataset.join must be left out for 'text', got \"none\"; its prompts have no objects that follow them"))
    }
}

@Suite("Cases that cannot be used")
struct InvalidCaseTests {
    static let good = CaseFile.fact("{} is a city in")
    static let noSubject = CaseFile.fact("Delhi is a city in")
    static let noTarget = CaseFile.fact("{} is a city in", "Jaipur", new: " ")

    @Test("The first ends the run, by default")
    func stop() throws {
        #expect(
            try CaseFile([Self.good, Self.noSubject, Self.noTarget]).failure()
                == "case #1 of 'FILE' has the subject \"Jaipur\" which is not in its 'requested_rewrite.prompt': \"Delhi is a "
                + "city in\"; write {} where the subject belongs")
    }

    @Test("They are left out, numbered past, counted and listed")
    func skip() throws {
        let file = try CaseFile([Self.noTarget, Self.good, Self.noSubject, "5", Self.good]).skipping()
        let selection = try file.selection()
        #expect(selection.cases.map(\.id) == ["#1", "#4"] && selection.cases.map(\.index) == [0, 1])
        #expect(selection.skipped.map(\.id) == ["#0", "#2", "#3"])
        let path = file.dataset.path
        #expect(
            selection.warnings == [
                "3 of 5 cases of '\(path)' are skipped, and 2 are left",
                "skipped: case #0 of '\(path)' has an empty 'requested_rewrite.target_new'",
                "skipped: case #2 of '\(path)' has the subject \"Jaipur\" which is not in its 'requested_rewrite.prompt': "
                    + "\"Delhi is a city in\"; write {} where the subject belongs",
                "skipped: case #3 of '\(path)' is not a record but 5",
            ])
    }

    @Test("What is put right in a skipped case is not counted")
    func trimmedAndSkipped() throws {
        let file = try CaseFile([CaseFile.fact("Delhi is in ", "Jaipur "), Self.good]).skipping()
        #expect(try file.selection().warnings.count == 2)
    }

    @Test("Where none is left, the first says why")
    func all() throws {
        let file = try CaseFile([Self.noTarget, Self.noSubject]).skipping()
        #expect(
            try file.failure()
                == "none of the 2 cases of 'FILE' can be used; the first: case #0 of 'FILE' has an empty "
                + "'requested_rewrite.target_new'")
    }

    @Test("Every format skips its own")
    func formats() throws {
        let texts: [(String, [String])] = [
            (
                "zsre",
                [
                    #"{"subject": "a", "src": "b?", "answers": ["c"]}"#,
                    #"{"subject": "a", "src": "a?", "answers": ["c"]}"#,
                ]
            ),
            (
                "zsre-alt",
                [#"{"subject": "a", "src": "a?", "alt": ""}"#, #"{"subject": "a", "src": "a?", "alt": "c"}"#]
            ),
            ("pairs", [#"{"prompt": "a"}"#, #"{"prompt": "a", "answer": "b"}"#]),
            (
                "marked-generations",
                [
                    #"{"prompt": "a", "text": "b", "marks": [[0, 9]]}"#,
                    #"{"prompt": "a", "text": "b", "marks": [[0, 1]]}"#,
                ]
            ),
            (
                "two-hop",
                [
                    #"{"hop1": "a", "description": "b c", "bridge": "d", "hop2": "x", "prompt": "x b c", "answer": "e"}"#,
                    #"{"hop1": "a", "description": "b c", "bridge": "d", "hop2": "x d", "prompt": "x b c", "answer": "e"}"#,
                ]
            ),
        ]
        for (format, records) in texts {
            let selection = try CaseFile(format, records).skipping().selection()
            #expect(selection.skipped.map(\.id) == ["#0"] && selection.cases.count == 1, "\(format)")
        }
    }

    @Test("A line that is not JSON is a case that cannot be used, and the others keep their positions")
    func lines() throws {
        let file = try CaseFile("pairs", [])
        let text = #"{"prompt": "a", "answer": "b"}"# + "\n{\"prompt\": \n" + #"{"prompt": "c", "answer": "d"}"#
        try file.workspace.write("data.json", text)
        #expect(try file.failure().hasPrefix("line 2 of 'FILE'"))
        let selection = try file.skipping().selection()
        #expect(selection.cases.map(\.id) == ["#0", "#2"] && selection.cases.map(\.prompt) == ["a", "c"])
        #expect(selection.skipped.map(\.id) == ["#1"] && selection.skipped[0].reason.hasPrefix("line 2 of '"))
    }

    @Test("A case that lacks what a component needs is skipped, unless all do")
    func needs() throws {
        let need = CaseRequirements.Need(
            kind: .evaluator, component: "counterfact", fields: .targetTrue, reason: "", remedy: "")
        let full = CaseFile.fact("{} is a city in", "Jaipur", new: "Pakistan", "").replacing(
            "\"target_new\"", with: "\"target_true\": \"India\", \"target_new\"")
        let file = try CaseFile([Self.good, full]).skipping()
        let selection = try file.selection(needs: [need])
        #expect(selection.cases.map(\.id) == ["#1"] && selection.cases[0].index == 0)
        #expect(
            selection.skipped[0].reason.hasPrefix("the evaluator 'counterfact' needs 'target_true', which case #0 of '")
        )
        #expect(
            try CaseFile([Self.good]).skipping().failure(needs: [need]).hasPrefix(
                "the evaluator 'counterfact' needs 'target_true', which case #0 of 'FILE' does not have"))
    }

    @Test(
        "An optional field that is empty is as one that is missing",
        arguments: [
            #""target_true": """#, #""target_true": {"str": " "}"#, #""target_true": {"str": null}"#, #""x": 1"#,
        ])
    func empty(member: String) throws {
        let record = Self.good.replacing("\"target_new\"", with: "\(member), \"target_new\"")
        #expect(try CaseFile([record]).selection().cases[0].targetTrue == "")
    }

    @Test("Empty questions and answers of zsRE are as missing ones")
    func emptyQuestions() throws {
        let record = #"{"subject": "a", "src": "a?", "answers": ["c"], "rephrase": "", "loc": " ", "loc_ans": ""}"#
        let editCase = try CaseFile("zsre", [record]).selection().cases[0]
        #expect(editCase.fields == [.prompt, .subject, .targetNew, .answer])
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("dataset.join: template")
struct ChatCaseTests {
    private let model: ScratchFolder
    private let workspace: Workspace

    init() throws {
        model = try ScratchFolder()
        workspace = try Workspace()
        try TinyModel.write(to: model.url)
        try template("<{{ messages[0].role }}> {{ messages[0].content }}\n<bot> ")
    }

    private func template(_ text: String) throws {
        try text.write(to: model.url.appending(path: ChatTemplate.fileName), atomically: false, encoding: .utf8)
    }

    private func dataset(_ format: String, _ records: String) throws -> Experiment.Dataset {
        var dataset = Experiment.Dataset(
            name: format, path: try workspace.write("data.json", records), limit: nil, offset: 0)
        dataset.join = .template
        return dataset
    }

    private func selection(_ dataset: Experiment.Dataset) throws -> CaseSelection {
        try CaseSelection(dataset, model: model.url.path, needs: [])
    }

    private func said(_ text: String) -> String { "<user> \(text)\n<bot> " }

    @Test("Every prompt of a case becomes what a user says, and objects follow without a space")
    func counterfact() throws {
        let editCase = try selection(
            dataset(
                "counterfact",
                """
                [{"requested_rewrite": {"prompt": "{} is in", "subject": "Rome", "target_new": "Oslo", "target_true": "Bari"},
                  "paraphrase_prompts": ["Where is Rome?"], "neighborhood_prompts": ["Pisa is in", "Turin is in"],
                  "generation_prompts": ["Rome is"], "attribute_prompts": ["Bergen is in"]}]
                """)
        ).cases[0]
        #expect(editCase.prompt == said("{} is in"))
        #expect(editCase.filledPrompt == said("Rome is in"))
        #expect(editCase.subjectPrompt?.subject == "Rome")
        #expect(editCase.paraphrasePrompts == [said("Where is Rome?")])
        #expect(editCase.neighborhoodPrompts == [said("Pisa is in"), said("Turin is in")])
        #expect(editCase.generationPrompts == [said("Rome is")])
        #expect(editCase.attributePrompts == [said("Bergen is in")])
        #expect(editCase.answer == "Oslo" && editCase.following(editCase.targetTrue) == "Bari")
    }

    @Test("So do those of neighbours, of both facts and of other compositions")
    func others() throws {
        let pair =
            #"[{"prompt": "a", "answer": "b", "neighborhood_samples": [{"prompt": "c", "answer": "d"}]}]"#
        let paired = try selection(dataset("pairs", pair)).cases[0]
        #expect(paired.filledPrompt == said("a") && paired.answer == "b")
        #expect(paired.neighborSamples[0].filledPrompt == said("c"))

        let hops = """
            [{"hop1": "Bari is in", "description": "the land of Bari", "bridge": "Italy", "hop2": "The head of Italy is",
              "prompt": "The head of the land of Bari is", "answer": "Rome", "id": "1"},
             {"hop1": "Oslo is in", "description": "the land of Oslo", "bridge": "Norway", "hop2": "The head of Norway is",
              "prompt": "The head of the land of Oslo is", "answer": "Oslo", "id": "2"}]
            """
        let composition = try selection(dataset("two-hop", hops)).cases[0]
        #expect(composition.filledPrompt == said("The head of the land of Bari is"))
        #expect(composition.guidePrompt == said("The head of Italy is"))
        #expect(composition.firstHopPrompt == said("Bari is in"))
        for question in composition.related + composition.unrelated { #expect(question.prompt.hasPrefix("<user> ")) }
    }

    @Test("What cannot be put into the template ends the run, or is skipped; without a template nothing begins")
    func refusals() throws {
        let records = """
            [{"requested_rewrite": {"prompt": "{} is in", "subject": "Rome", "target_new": "Oslo"}},
             {"requested_rewrite": {"prompt": "{} is bad", "subject": "Pisa", "target_new": "Oslo"}}]
            """
        try template(
            "{% if 'bad' in messages[0].content %}{{ raise_exception('rude') }}{% endif %}{{ messages[0].content }}")
        var data = try dataset("counterfact", records)
        let message = try failure { try selection(data) }.description
        #expect(message.hasPrefix("case #1 of '\(data.path)': the chat template in '"))
        #expect(message.contains("line 1: the template refuses: rude"))
        data.invalid = .skip
        #expect(try selection(data).cases.map(\.id) == ["#0"])
        #expect(try selection(data).skipped.map(\.id) == ["#1"])
        try FileManager.default.removeItem(at: model.url.appending(path: ChatTemplate.fileName))
        #expect(try failure { try selection(data) }.message.contains("has no chat template"))
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("KnowEdit records")
struct KnowEditReaderTests {
    private let workspace: Workspace

    init() throws { workspace = try Workspace() }

    private func dataset(_ text: String, _ format: String = "knowedit") throws -> Experiment.Dataset {
        Experiment.Dataset(name: format, path: try workspace.write("data.json", text), limit: nil, offset: 0)
    }

    private func read(_ record: String) throws -> EditCase {
        try #require(try dataset("[\(record)]").read().first)
    }

    @Test("A record becomes a case whose questions keep their kinds")
    func record() throws {
        let found = try read(
            """
            {"subject": "Lake Anna", "prompt": "The river of Lake Anna is", "target_new": "the York", "ground_truth":
             [["the North Anna"], ["the Anna"]], "rephrase": ["Lake Anna is fed by"],
             "portability": {
               "Reasoning": [{"prompt": "The sea of the river of Lake Anna is", "ground_truth": [["the Bay", "Bay"], ["a"]]}],
               "Subject_Aliasing": [{"prompt": "The river of the Anna lake is", "ground_truth": "the York"}],
               "Logical_Generalization": [{"prompt": "x is", "ground_truth": [[""]]}]},
             "locality": {"Relation_Specificity": [{"prompt": ["The state of Lake Anna is", "no"], "ground_truth": ["Virginia"]}]}}
            """)
        #expect(
            found
                == EditCase(
                    index: 0, id: "#0", prompt: "The river of {} is", subject: "Lake Anna", targetNew: "the York",
                    targetTrue: "the North Anna", answer: " the York", paraphrasePrompts: ["Lake Anna is fed by"],
                    probes: [
                        Probe(
                            kind: "reasoning", prompt: "The sea of the river of Lake Anna is", expectation: .follows,
                            answers: ["the Bay", "Bay", "a"]),
                        Probe(
                            kind: "subject_aliasing", prompt: "The river of the Anna lake is", expectation: .follows,
                            answers: ["the York"]),
                        Probe(
                            kind: "relation_specificity", prompt: "The state of Lake Anna is", expectation: .stays,
                            answers: ["Virginia"]),
                    ]))
    }

    @Test("The other names of fields are read: WikiBio, QAEdit, EasyEdit's CounterFact")
    func dialects() throws {
        let biography = try read(
            #"{"concept": "ann lee", "text": "A page about ann lee.", "labels": "Ann Lee was a potter.", "locality": {}}"#
        )
        #expect(biography.prompt == "A page about {}." && biography.targetNew == "Ann Lee was a potter.")

        let question = try read(
            """
            {"id": 7, "prompt": "who wrote Ulla?", "target": "Bo Ek", "subject": "Ulla", "rephrase": "By whom is Ulla?",
             "locality": [{"loc": "who ate it", "loc_ans": "Kim"}, {"loc": "when", "loc_ans": 1994}]}
            """)
        #expect(
            question.id == "7" && question.targetNew == "Bo Ek" && question.paraphrasePrompts == ["By whom is Ulla?"])
        #expect(question.probes.map(\.answers) == [["Kim"], ["1994"]])
        #expect(question.probes.allSatisfy { $0.expectation == .stays && $0.kind == "locality" })

        let flat = #"{"prompt": "Oslo is in", "subject": "Oslo", "target_new": "Peru", "ground_truth": "Norway", "#
        let same = try read(flat + #""locality_prompt": "Bergen is in", "locality_ground_truth": "Norway"}"#)
        #expect(same.neighborhoodPrompts == ["Bergen is in"])
        #expect(same.neighborSamples == [Neighbor(prompt: "Bergen is in", subject: "", target: "Norway")])
        // A neighbour is compared with the case's own true object, which this one does not have.
        let other = try read(flat + #""locality_prompt": "Lund is in", "locality_ground_truth": "Sweden"}"#)
        #expect(other.neighborhoodPrompts.isEmpty && other.neighborSamples.map(\.target) == ["Sweden"])
    }

    @Test("Questions may be columns; CounterFact records may have them, too")
    func columns() throws {
        let column = #""locality": {"neighborhood": {"prompt": ["a is", "b is"], "ground_truth": [["x"], "y"]}}"#
        let found = try read(#"{"prompt": "Oslo is in", "subject": "Oslo", "target_new": "Peru", \#(column)}"#)
        #expect(found.probes.map(\.prompt) == ["a is", "b is"] && found.probes.map(\.answers) == [["x"], ["y"]])
        let rewrite = #"{"prompt": "{} is in", "subject": "Oslo", "target_new": "Peru", "target_true": "Norway"}"#
        let fact = try dataset(#"[{"requested_rewrite": \#(rewrite), \#(column)}]"#, "counterfact").read()[0]
        #expect(fact.probes == found.probes)
    }

    @Test(
        "What cannot be read is named",
        arguments: [
            (#""portability": {"a": [{"ground_truth": "x"}]}"#, "has a question 'a' without 'prompt'"),
            (#""portability": {"a": [5]}"#, "has 5 at 'portability.a[0]' instead of a record"),
            (#""locality": 5"#, "has 5 for 'locality' instead of a list"),
            (#""locality": {"": []}"#, "has a kind of questions without a name in 'locality'"),
            (#""locality": {"n": {"prompt": ["a"], "ground_truth": []}}"#, "has 1 prompts and 0 answers"),
            (#""locality": {"n": [{"prompt": "a", "ground_truth": {"b": 1}}]}"#, "has an object in 'ground_truth'"),
        ])
    func faults(field: String, sentence: String) throws {
        let record = #"{"prompt": "Oslo is in", "subject": "Oslo", "target_new": "Peru", \#(field)}"#
        let error = try failure { try read(record) }
        #expect(error.description.contains("case #0 of") && error.description.contains(sentence), "\(error)")
    }
}

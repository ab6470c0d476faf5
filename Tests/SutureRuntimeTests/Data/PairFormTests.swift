// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

/// A file of pairs, and one of demonstrations.
private struct PairFiles {
    let workspace: Workspace

    init(_ pairs: String, demonstrations: String = "") throws {
        workspace = try Workspace()
        try workspace.write("pairs", pairs)
        try workspace.write("shown", demonstrations)
    }

    /// The cases, under settings of the dataset.
    func cases(_ change: (inout Experiment.Dataset) -> Void = { _ in }) throws -> [EditCase] {
        var dataset = Experiment.Dataset(name: "pairs", path: workspace.path("pairs"), limit: nil, offset: 0)
        change(&dataset)
        return try dataset.read()
    }

    /// The cases with demonstrations of the second file.
    func shown(
        _ count: Int, _ intent: Experiment.Dataset.PairSettings.Intent = .comment, join: Experiment.Dataset.Join? = nil
    ) throws -> [EditCase] {
        try cases {
            $0.join = join
            $0.pairs = .init(intent: intent, demonstrations: .init(path: workspace.path("shown"), count: count))
        }
    }

    func failure(_ body: () throws -> [EditCase]) throws -> String {
        let error = try SutureRuntimeTests.failure(body)
        return error.description.replacing(workspace.path("pairs"), with: "FILE")
            .replacing(workspace.path("shown"), with: "SHOWN")
    }
}

@Suite("How pairs are put")
struct PairFormTests {
    @Test("An intent is a line of its own in both forms, wherever it is")
    func forms() throws {
        let files = try PairFiles(
            #"[{"intent": "add\nup", "code": "sum(x)", "paraphrase_intents": ["total: x"], "paraphrase_prompts": ["p"], "#
                + #""neighborhood_samples": [{"intent": "sort", "code": "x.sort()"}, {"prompt": "q", "answer": "r"}]}]"#
        )
        let comment = try files.cases()[0]
        #expect(comment.prompt == "# add up\n" && comment.answer == "sum(x)")
        #expect(comment.paraphrasePrompts == ["p", "# total: x\n"])
        let colon = try files.cases { $0.pairs.intent = .colon }[0]
        #expect(colon.prompt == "add up:\n" && colon.answer == "sum(x)")
        #expect(colon.paraphrasePrompts == ["p", "total: x:\n"])
        #expect(
            colon.neighborSamples == [
                Neighbor(prompt: "sort:\n", subject: "", target: "x.sort()"),
                Neighbor(prompt: "q", subject: "", target: "r"),
            ])
        #expect(colon.neighborhoodPrompts == ["sort:\n", "q"])
    }

    @Test("The nearest texts are those of scikit-learn, and of equally near ones the first")
    func nearest() throws {
        struct Golden: Decodable {
            struct Found: Decodable {
                var query: String
                var nearest: [Int]
            }
            var texts: [String]
            var found: [Found]
        }
        let folder = "Tests/SutureRuntimeTests/Data/Golden"
        let file = try GoldenFile.url("\(folder)/nearest.json", madeBy: "\(folder)/make_nearest.py")
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
        let texts = NearestTexts(golden.texts)
        for found in golden.found {
            let all = texts.nearest(golden.texts.count, to: found.query) { _ in true }
            #expect(all == found.nearest, "\(found.query)")
            #expect(texts.nearest(2, to: found.query) { $0 != all[0] } == Array(all[1...2]))
        }
        let same = NearestTexts(["c b a", "x", "a b c", "b a c"])
        #expect(same.nearest(4, to: "c a b") { _ in true } == [0, 2, 3, 1])
    }

    private static let shown = """
        {"intent": "sort a list", "code": "x.sort()"}
        {"intent": "open a file", "code": "open(f)"}
        {"intent": "sort a list of names", "code": "n.sort()"}
        """

    @Test("The nearest demonstrations stand before every prompt, the nearest last, each with a blank line after it")
    func demonstrations() throws {
        let files = try PairFiles(
            #"[{"intent": "sort a list quickly", "code": "sorted(x)", "paraphrase_intents": ["open the list"], "#
                + #""neighborhood_prompts": ["read a file"], "#
                + #""neighborhood_samples": [{"intent": "open file", "code": "f"}]}]"#,
            demonstrations: Self.shown)
        let one = "# sort a list\nx.sort()\n\n"
        let editCase = try files.shown(1)[0]
        #expect(editCase.prompt == one + "# sort a list quickly\n" && editCase.answer == "sorted(x)")
        // A paraphrase differs in its wording alone.
        #expect(editCase.paraphrasePrompts == [one + "# open the list\n"])
        #expect(editCase.neighborhoodPrompts == ["# open a file\nopen(f)\n\nread a file"])
        #expect(editCase.neighborSamples.map(\.prompt) == ["# open a file\nopen(f)\n\n# open file\n"])
        let two = try files.shown(2, .colon)[0]
        #expect(
            two.prompt == "sort a list of names:\nn.sort()\n\nsort a list:\nx.sort()\n\nsort a list quickly:\n")
        #expect(try files.shown(0) == files.cases())
    }

    @Test("A pair is never its own demonstration, and the same question with another answer may be one")
    func itself() throws {
        let files = try PairFiles(Self.shown, demonstrations: Self.shown)
        let prompts = try files.shown(1).map(\.prompt)
        #expect(prompts[0] == "# sort a list of names\nn.sort()\n\n# sort a list\n")
        #expect(prompts[2] == "# sort a list\nx.sort()\n\n# sort a list of names\n")
        let other = try PairFiles(#"{"intent": "sort a list", "code": "sorted(x)"}"#, demonstrations: Self.shown)
        #expect(try other.shown(1)[0].prompt == "# sort a list\nx.sort()\n\n# sort a list\n")
        // Fewer where no more are left.
        #expect(
            try files.shown(3)[1].prompt.hasPrefix("# sort a list of names\nn.sort()\n\n# sort a list\nx.sort()\n\n"))
    }

    @Test("Which cases are read, and in which order, does not change a prompt")
    func partition() throws {
        let records = Self.shown.split(separator: "\n").map(String.init)
        let whole = try PairFiles(records.joined(separator: "\n"), demonstrations: Self.shown).shown(1).map(\.prompt)
        let back = try PairFiles(records.reversed().joined(separator: "\n"), demonstrations: Self.shown)
        #expect(try back.shown(1).map(\.prompt) == whole.reversed())
        let files = try PairFiles(records.joined(separator: "\n"), demonstrations: Self.shown)
        let last = try files.cases {
            $0.offset = 2
            $0.pairs.demonstrations = .init(path: files.workspace.path("shown"), count: 1)
        }
        #expect(last.map(\.prompt) == [whole[2]])
    }

    @Test("Demonstrations are joined as cases are, and prompts are used as they are")
    func joined() throws {
        let shown = #"[{"prompt": "The sky is ", "answer": "blue"}, {"prompt": "Grass is ", "answer": "green"}]"#
        let files = try PairFiles(#"[{"prompt": "The sea is", "answer": "deep"}]"#, demonstrations: shown)
        let spaced = try files.shown(1, join: .space)[0]
        #expect(spaced.prompt == "The sky is blue\n\nThe sea is" && spaced.answer == " deep")
        #expect(try files.shown(1, .colon)[0].prompt == "The sky is blue\n\nThe sea is")
    }

    @Test("A wrong answer is read as the answer is")
    func wrongAnswer() throws {
        let files = try PairFiles(#"[{"prompt": "a ", "answer": "b", "wrong_answer": "c "}]"#)
        #expect(try files.cases()[0].wrongAnswer == "c ")
        let spaced = try files.cases { $0.join = .space }[0]
        #expect(spaced.answer == " b" && spaced.following(spaced.wrongAnswer) == " c")
    }

    @Test(
        "Wrong pairs and wrong demonstrations are one sentence",
        arguments: [
            (
                #"{"intent": "a", "code": "b"}"#, #"[{"intent": "a", "code": "b"}, {"id": "x", "intent": "c"}]"#,
                "case x of 'SHOWN' has no 'code'"
            ),
            (
                #"{"intent": "a", "code": "b"}"#, #"[{"prompt": "a", "answer": 5}]"#,
                "case #0 of 'SHOWN' has 5 for 'answer' instead of a text"
            ),
            (
                #"{"intent": "a", "code": "b"}"#, "5",
                "the file of demonstrations 'SHOWN' is not a JSON list of cases but 5; each record has 'prompt' and 'answer'"
            ),
            (
                #"{"intent": "a", "code": "b"}"#, "[]",
                "dataset.demonstrations.count is 1, and 'SHOWN' has 0 records; use a smaller count, or a file with more "
                    + "records"
            ),
            (
                #"{"intent": "a", "code": "b", "wrong_answer": "b"}"#, #"[{"prompt": "a", "answer": "b"}]"#,
                "case #0 of 'FILE' has the same text in 'wrong_answer' as in 'code'; write what the model should not say"
            ),
            (
                #"{"prompt": "a", "answer": "b", "wrong_answer": 3}"#, #"[{"prompt": "a", "answer": "b"}]"#,
                "case #0 of 'FILE' has 3 for 'wrong_answer' instead of a text"
            ),
            (
                #"{"intent": "a", "code": "b", "paraphrase_intents": "c"}"#, #"[{"prompt": "a", "answer": "b"}]"#,
                "case #0 of 'FILE' has \"c\" for 'paraphrase_intents' instead of a list of texts"
            ),
            (
                #"{"intent": "a", "code": "b", "group": "g"}"#, #"[{"prompt": "a", "answer": "b"}]"#,
                "case #0 of 'FILE' has no 'setting'"
            ),
        ])
    func mistakes(pairs: String, shown: String, sentence: String) throws {
        let files = try PairFiles(pairs, demonstrations: shown)
        #expect(try files.failure { try files.shown(1) } == sentence)
    }
}

@Suite("Pairs in a grid")
struct PairGridTests {
    private static let cells = """
        {"id": "fr-plain", "group": "fr", "setting": "plain", "prompt": "Capital of France:", "answer": " Paris"}
        {"id": "fr-code", "group": "fr", "setting": "code", "prompt": "capital['France'] =", "answer": " Paris"}
        {"id": "it-plain", "group": "it", "setting": "plain", "prompt": "Capital of Italy:", "answer": " Rome"}
        {"id": "it-code", "group": "it", "setting": "code", "prompt": "capital['Italy'] =", "answer": " Rome"}
        {"id": "alone", "prompt": "Hello", "answer": " there"}
        """

    @Test("The same group is other wordings, the same setting is neighbours, in the whole file")
    func relatives() throws {
        let cases = try PairFiles(Self.cells).cases { $0.limit = 1 }
        #expect(cases.count == 1 && cases[0].paraphrasePrompts == ["capital['France'] ="])
        #expect(
            cases[0].neighborSamples == [Neighbor(prompt: "Capital of Italy:", subject: "", target: " Rome")])
        #expect(cases[0].neighborhoodPrompts == ["Capital of Italy:"])
        let alone = try PairFiles(Self.cells).cases()[4]
        #expect(alone.paraphrasePrompts.isEmpty && alone.neighborSamples.isEmpty)
    }

    @Test("What a record itself has counts, and the grid does not")
    func own() throws {
        let own = Self.cells.replacing(
            #""answer": " Paris"}"#, with: #""answer": " Paris", "paraphrase_prompts": ["p"]}"#)
        let cases = try PairFiles(own).cases()
        #expect(cases[0].paraphrasePrompts == ["p"] && cases[0].neighborSamples.count == 1)
    }

    @Test("Two answers in one group are refused")
    func answers() throws {
        let files = try PairFiles(Self.cells.replacing(#"=", "answer": " Paris"}"#, with: #"=", "answer": " Lyon"}"#))
        #expect(
            try files.failure { try files.cases() }
                == "case fr-plain of 'FILE' has another answer than case fr-code, which is in the same group \"fr\"; give both "
                + "the same answer, or groups of their own")
    }
}

@Suite("The settings of pairs in an experiment")
struct PairSettingsTests {
    private static let plain = Workspace.standard.replacing(", layers: [2, 3, 4]", with: "").replacing(
        ", v_num_grad_steps: 25", with: "")

    private func workspace(_ lines: String, format: String = "pairs") throws -> Workspace {
        let workspace = try Workspace.withExperiment(
            Self.plain.replacing("limit: 10}", with: "limit: 10\(lines)}").replacing(
                "name: counterfact, path", with: "name: \(format), path"))
        try workspace.write("world/model/model.safetensors", "weights")
        try workspace.write("shown.json", "[]")
        return workspace
    }

    private func resolved(_ workspace: Workspace) throws -> ResolvedExperiment {
        var resolved = try workspace.experiment().resolve { (kind, request) throws(RuntimeError) in
            .make(request.name, kind, [])
        }
        _ = try InputReadings().record(in: &resolved)
        #expect(try ResolvedExperiment(yaml: resolved.yaml) == resolved)
        return resolved
    }

    @Test("They are read, resolved and read back, and what is left at its default is not written")
    func settings() throws {
        let none = try resolved(workspace(""))
        #expect(none.dataset.pairs == .init())
        #expect(!none.yaml.contains("intent") && !none.yaml.contains("demonstrations"))
        let workspace = try workspace(", intent: colon, demonstrations: {path: shown.json}")
        let pairs = try resolved(workspace).dataset.pairs
        #expect(pairs == .init(intent: .colon, demonstrations: .init(path: workspace.path("shown.json"), count: 1)))
    }

    @Test("The file of demonstrations is a part of what a run is")
    func identity() throws {
        let workspace = try workspace(", demonstrations: {path: shown.json, count: 2}")
        let before = try resolved(workspace)
        #expect(before.digests["dataset.demonstrations.path"]?.count == 64)
        #expect(try resolved(workspace).runID == before.runID)
        try workspace.write("shown.json", "[5]")
        #expect(try resolved(workspace).runID != before.runID)
    }

    @Test(
        "A wrong setting is one sentence with its place",
        arguments: [
            (", intent: column", "pairs", "dataset.intent must be one of comment, colon, got \"column\""),
            (
                ", intent: colon", "counterfact",
                "dataset.intent must be left out for 'counterfact', got \"colon\"; only 'pairs' has intents and demonstrations"
            ),
            (
                ", demonstrations: {path: shown.json}", "text",
                "dataset.demonstrations must be left out for 'text', got a section"
            ),
            (", demonstrations: {count: 1}", "pairs", "dataset.demonstrations.path is missing; add it"),
            (
                ", demonstrations: shown.json", "pairs",
                "dataset.demonstrations must be a section of keys and values, got \"shown.json\"; its keys are path, count"
            ),
            (
                ", demonstrations: {path: shown.json, count: -1}", "pairs",
                "dataset.demonstrations.count must be >= 0, got -1"
            ),
            (
                ", demonstrations: {path: shown.json, cuont: 1}", "pairs",
                "unknown key 'cuont' in dataset.demonstrations; did you mean 'count'?"
            ),
            (
                ", demonstrations: {path: nowhere.json}", "pairs",
                "the file of demonstrations 'nowhere.json' does not exist"
            ),
        ])
    func mistakes(lines: String, format: String, sentence: String) throws {
        let error = try failure { try workspace(lines, format: format).experiment() }
        #expect(error.description.hasPrefix("quickstart.yaml:4:") && error.description.contains(sentence), "\(error)")
    }
}

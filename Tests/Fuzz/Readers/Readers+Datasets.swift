// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import SutureRuntime

extension FuzzReader {
    /// One target for each format of edit cases, and those of what goes with them.
    static let datasets: [FuzzReader] =
        DatasetReaders.all.map { dataset($0) } + [
            FuzzReader(
                "dataset-where", "dataset.where on records of several kinds", .text,
                words: ["a: 1", "b.c: x", "[1, 3]", "[1, null]", "{c: {d: true}}", "[x, y]", ".inf", ".nan"],
                largest: 1 << 16, seeds: { ["a: 1\nb: {c: x}", "a: [0, 3]", "b: {c: [x, y]}"].bytes }
            ) { folder in
                try folder.write(
                    #"[{"a":1,"b":{"c":"x"},"text":"t","prompt":"p"},{"a":2,"b":{"c":"y"}},{"a":null},5]"#,
                    to: "data.json")
                let path = folder.path("data.json")
                return { input in
                    let node = try ConfigNode(yaml: Data(input), name: "e.yaml")
                    let conditions = try [RecordCondition](node, path: "dataset.where")
                    var dataset = Experiment.Dataset(name: "pairs", path: path, limit: 5, offset: 0)
                    dataset.conditions = conditions
                    dataset.invalid = .skip
                    return try cases(of: dataset)
                }
            }
        ]

    private static let datasetWords = [
        "case_id", "requested_rewrite", "prompt", "subject", "target_new", "target_true", "str", "paraphrase_prompts",
        "neighborhood_prompts", "neighborhood_samples", "generation_prompts", "attribute_prompts", "src", "rephrase",
        "alt", "answers", "loc", "loc_ans", "answer", "intent", "code", "text", "marks", "[0, 1]", "hop1", "hop2",
        "bridge", "description", "says", "related", "unrelated", "prompt_comp", "subject_comp", "prompt_guide",
        "subject_guide", "prompt_f_hop", "target", "portability", "locality", "ground_truth", "labels", "concept",
        "locality_prompt", "locality_ground_truth", "group", "setting", "wrong_answer", "paraphrase_intents",
        "Reasoning", "{}", "{{}}", "France", "Lyon", " ", "\n",
    ]

    private static func dataset(_ format: any DatasetReader) -> FuzzReader {
        FuzzReader(
            "dataset-\(format.name)", "edit cases in the format \(format.name)", format.name == "text" ? .text : .json,
            words: datasetWords, largest: 1 << 20, seeds: { DatasetSeeds.of(format.name) }
        ) { folder in
            let path = folder.path("data.json")
            return { input in
                try folder.put(input, into: path)
                var dataset = Experiment.Dataset(name: format.name, path: path, limit: nil, offset: 0)
                // Once leaving out what is wrong, for all that comes after it, and once naming it.
                dataset.invalid = .skip
                let skipping = try? cases(of: dataset)
                dataset.invalid = .stop
                return try (skipping ?? []) + cases(of: dataset)
            }
        }
    }

    /// What a run says of a dataset.
    private static func cases(of dataset: Experiment.Dataset) throws -> [String] {
        let log = ReadingLog(dataset.invalid)
        _ = try DatasetReaders.named(dataset.name).read(dataset, log)
        return log.warnings(of: dataset.path) + log.skipped.map(\.reason)
    }
}

/// Records to begin with. The corpus has more.
enum DatasetSeeds {
    private static let counterfact = """
        [{"case_id": 0, "requested_rewrite": {"prompt": "The capital of {} is", "subject": "France", "target_new": \
        {"str": "Rome"}, "target_true": {"str": "Paris"}}, "paraphrase_prompts": ["France is ruled from"], \
        "neighborhood_prompts": ["The capital of Italy is"], "generation_prompts": ["In France "], \
        "attribute_prompts": [], "neighborhood_samples": [{"subject": "Italy", "prompt": "Italy is ruled from", \
        "target": "Rome"}]}, {"requested_rewrite": {"prompt": "France has the capital", "subject": "France", \
        "target_new": "Bonn"}}]
        """
    private static let zsre = """
        [{"subject": "Lake Anna", "src": "Which river feeds Lake Anna?", "rephrase": "What feeds Lake Anna?", "alt": \
        "York River", "answers": ["North Anna River"], "loc": "nq question: who wrote it", "loc_ans": "Jane Doe", \
        "neighborhood_samples": [{"prompt": "Where is Lake Como?", "subject": "Lake Como"}]}]
        """
    private static let pairs = """
        {"prompt": "Say yes: ", "answer": "yes", "paraphrase_prompts": ["Yes? "], "neighborhood_samples": [{"prompt": \
        "no? ", "answer": "no"}]}
        {"id": "b", "intent": "sort a list\\nnow", "code": "x.sort()", "paraphrase_intents": ["order a list"]}
        {"prompt": "a ", "answer": "b", "wrong_answer": "c", "group": "g", "setting": "s"}
        {"prompt": "d ", "answer": "b", "group": "g", "setting": "t"}

        """
    private static let edits = """
        [{"subject": "Lake Anna", "prompt": "The river of Lake Anna is", "target_new": "York", "ground_truth": [["Anna"]], \
        "rephrase": "Anna is fed by", "portability": {"Reasoning": [{"prompt": "Its sea is", "ground_truth": [["x", "y"]]}]}, \
        "locality": {"Forgetfulness": [{"prompt": ["Its state is"], "ground_truth": "Virginia"}]}}, {"concept": "ann", \
        "text": "A page about ann", "labels": "Ann", "locality": [{"loc": "who", "loc_ans": 5}]}, {"prompt": "Oslo is in", \
        "subject": "Oslo", "target": "Peru", "locality": {"n": {"prompt": ["a"], "ground_truth": [["b"]]}}, \
        "locality_prompt": "c", "locality_ground_truth": "d"}]
        """
    private static let marks = """
        [{"prompt": "He said", "text": " damn it", "marks": [[1, 5]]}, {"prompt": "He said", "text": "\u{1F600}x", \
        "marks": [[0, 1], [1, 2]]}]
        """
    private static let hops = """
        [{"case_id": "lyon", "description": "the country of Lyon", "hop1": "Lyon is a city in", "bridge": "France", \
        "hop2": "The capital of France is", "answer": "Paris", "prompt": "The capital of the country of Lyon is", \
        "says": " Ly", "related": [{"prompt": "a", "answer": "b"}]}, {"prompt_comp": "The capital of the land of Milan \
        is", "subject_comp": "the land of Milan", "prompt_guide": "The capital of Italy is", "subject_guide": "Italy", \
        "prompt_f_hop": "Milan is in", "target": "Rome", "wrong answer": "x", "paraphrase queries": ["p"], \
        "generalization queries": ["q"], "generalization answers": ["r"], "irrelevant queries": [], "irrelevant \
        answers": []}]
        """

    static func of(_ format: String) -> [[UInt8]] {
        switch format {
        case "counterfact": [counterfact].bytes
        case "zsre", "zsre-alt": [zsre].bytes
        case "pairs": [pairs, counterfact].bytes
        case "knowedit": [edits].bytes
        case "marked-generations": [marks].bytes
        case "two-hop": [hops].bytes
        default: ["One passage.\nAnother one.\r\n\n  third\n"].bytes
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// Cases and texts that ``TinyModel`` can be asked about.
package enum TinyCases {
    /// - Parameter endInSubject: where a change enters after the last block, it moves nothing but the prediction there.
    package static func make(_ count: Int, endInSubject: Bool = false) -> [EditCase] {
        let subjects = [
            "Mount Etna", "Eiffel tower", "The Eiffel", "Mount", "The mother of Etna", "Eiffel", "Etna", "The tower",
        ]
        let prompts =
            endInSubject
            ? ["The capital of {}", "Rome is the capital of {}"]
            : ["{} lies in", "The capital of {} is", "The mother tongue of {} is a", "{} plays"]
        let objects = [" Paris", "Rome", "the capital", "mother tongue"]
        return (0..<count).map { i in
            let subject = subjects[i % subjects.count]
            return EditCase(
                index: i, id: "\(100 + i)", prompt: prompts[i % prompts.count], subject: subject,
                targetNew: objects[i % objects.count], targetTrue: objects[(i + 1) % objects.count],
                paraphrasePrompts: ["The tower. \(subject) is in", "Rome is a capital. The Etna is"],
                neighborhoodPrompts: ["Paris lies in", "The capital of Rome is", "Mount plays"],
                neighborSamples: [
                    Neighbor(prompt: "{} lies in", subject: "The Rome", target: "Mount Etna"),
                    Neighbor(prompt: "The capital of {} is", subject: "Paris", target: "tower"),
                ])
        }
    }

    /// Cases with every field that a component may need.
    package static let complete = makeComplete(3)

    /// As many of them, which differ from each other.
    package static func makeComplete(_ count: Int) -> [EditCase] {
        make(count).map {
            var editCase = $0
            editCase.answer = $0.index % 2 == 0 ? " the capital of Rome" : " Paris.\n"
            editCase.generationPrompts = ["The capital", "Mount Etna lies in the"]
            editCase.attributePrompts = ["Rome lies in", "The mother tongue of Etna is"]
            editCase.generations = [MarkedText(prompt: "The capital", text: " of Rome is Paris", marks: [3..<8])]
            editCase.bridge = "Rome"
            editCase.firstHopPrompt = "\(editCase.subject) lies in"
            editCase.secondHopPrompt = editCase.prompt
            editCase.wrongAnswer = "a tower"
            editCase.related = [Question(prompt: "The capital of \(editCase.subject) is", answer: " Rome")]
            editCase.probes = [
                Probe(kind: "reasoning", prompt: "The capital of Rome is", expectation: .follows, answers: ["Paris"]),
                Probe(kind: "forgetfulness", prompt: "Mount Etna lies in", expectation: .stays, answers: ["Rome"]),
            ]
            editCase.unrelated = [Question(prompt: "Paris plays", answer: " a tower")]
            return editCase
        }
    }

    /// Of some cases, those whose true object the model would say, with that object. Methods that trace what a model knows
    /// have nothing to do on others. Objects begin with a space, and not every token does, so it may be that none is left.
    package static func known(to model: Model, among cases: [EditCase]) throws -> [EditCase] {
        try cases.compactMap { editCase in
            let tokens = try model.encode(editCase.filledPrompt)
            let logits = try model.forward(Forward(TokenBatch([tokens]), logits: .last)).requireLogits()
            var editCase = editCase
            editCase.targetTrue = try model.decode([Int(logits.argmax().item())])
            return editCase.targetTrue.hasPrefix(" ") ? editCase : nil
        }
    }

    /// Texts for annotators and judges: numbers, letters of several bytes, nothing at all.
    package static let texts = ["in Rome 7", "é Rome, Rome é", "", "Paris 1989 and Romeo", "Rome"].map {
        MarkedText(prompt: "The capital", text: $0)
    }

    /// Many different tokens, so that second moments have full rank even where a layer sees nothing but the token.
    package static let statisticsTexts: [String] = (0..<60).map { i in
        let letters = (0..<24).map { Character(UnicodeScalar(UInt8(33 + (i * 31 + $0 * $0 * 7 + i * $0) % 94))) }
        return "The capital \(String(letters)) is a tower"
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel
import TestSupport

@testable import ValueEditing

/// Cases that the tiny model can be asked about.
enum TinyCases {
    /// - Parameter endInSubject: where delta enters after the last block, it moves nothing but the prediction there.
    static func make(_ count: Int, endInSubject: Bool = false) -> [EditCase] {
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
}

extension TestSession {
    /// Second moments of a few texts, computed by one plain pass per layer.
    func takeStatistics(_ texts: [String]) throws {
        let original = try Session.original(of: self)
        secondMoment = { kind, layer in
            var sum: Tensor?
            var count = 0
            for text in texts {
                let tokens = try original.encode(text)
                var pass = Forward(try TokenBatch([tokens]), logits: .none)
                pass.captures = [Capture(Site(kind, layer: layer))]
                let values = try original.forward(pass).captures[0][0].cast(to: .float64)
                let product = try values.transposed().matmul(values)
                sum = try sum.map { try $0 + product } ?? product
                count += tokens.count
            }
            guard let sum else { throw SutureError(.invalidArgument, "no texts") }
            return SecondMoment(matrix: try sum / Double(count), tokenCount: count)
        }
    }
}

extension Session {
    static func original(of session: TestSession) throws -> Model { try session.session.original }
}

/// Many different tokens, so that second moments have full rank even where a layer sees nothing but the token.
let statisticsTexts: [String] = (0..<60).map { i in
    let letters = (0..<24).map { Character(UnicodeScalar(UInt8(33 + (i * 31 + $0 * $0 * 7 + i * $0) % 94))) }
    return "The capital \(String(letters)) is a tower"
}

/// The largest absolute difference of two tensors.
func distance(_ a: Tensor, _ b: Tensor) throws -> Double {
    try (a.cast(to: .float64) - b.cast(to: .float64)).abs().max().item()
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import TNT

/// Marks every occurrence of a letter.
private struct FindLetter: Annotator {
    static let descriptor = ComponentDescriptor(id: "find-letter", summary: "For tests.")
    var letter: UInt8 = 0

    func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] {
        texts.map { text in
            text.text.utf8.enumerated().filter { $0.element == letter }.map { $0.offset..<$0.offset + 1 }
        }
    }
}

/// What make_t5_golden.py computes.
private struct GoldenBatch: Decodable {
    struct Sequence: Decodable {
        var prompt: [Int]
        var response: [Int]
        var weights: [Int]
    }
    struct Values: Decodable {
        var loss: Double
        var norm: [Double]
        var embedding: [Double]
        var targets: [[Double]]
    }
    var sequences: [Sequence]
    var alpha: Double
    var epsilon: Double
    var norm: String
    var embedding: String
    var row: Int
    var variants: [String: Values]

    init() throws {
        let url = try GoldenFile.url(
            "Tests/MethodTests/TNT/Golden/t5.json", madeBy: "Tests/MethodTests/TNT/Golden/make_t5_golden.py")
        self = try JSONDecoder().decode(GoldenBatch.self, from: Data(contentsOf: url))
    }

    /// With the token with which the decoder begins.
    var training: [TrainingSequence] {
        sequences.map {
            TrainingSequence(
                prompt: $0.prompt + [EncoderDecoderFolder.start], response: $0.response, weights: $0.weights)
        }
    }
}

@Suite("Negative training of a tiny T5")
struct NegativeT5Tests {
    /// Of values that PyTorch computes: rounding of float32, relative to the largest.
    private static let tolerance = 1e-4

    private func difference(_ a: [Double], _ b: [Double]) -> Double {
        let scale = max(1, b.map(abs).max() ?? 0)
        return (zip(a, b).map { abs($0 - $1) }.max() ?? .infinity) / scale
    }

    @Test("Teacher, loss and gradients of a batch equal those of plain PyTorch", arguments: ["TNFF", "TNRF"])
    func golden(variant: String) throws {
        let golden = try GoldenBatch()
        let expected = try #require(golden.variants[variant])
        let loss = try #require(Variant(rawValue: variant)).loss(alpha: golden.alpha, epsilon: golden.epsilon)
        let session = try TestSession(EncoderDecoderFolder("t5-gated").load())
        let model = try session.session.original
        let sequences = golden.training
        let teacher = try Teacher(model, loss, for: sequences, tokenBudget: 40, memory: 1 << 20) { _ in }
        let targets = try #require(try teacher.targets(of: sequences, at: Array(sequences.indices)))
        let rows = try (0..<targets.shape[0]).map { try targets[$0].scalars(as: Double.self) }
        #expect(rows.count == expected.targets.count)
        for (row, wanted) in zip(rows, expected.targets) { #expect(difference(row, wanted) < Self.tolerance) }

        let base = try model.applying(Patch(EncoderDecoderFolder.changes(of: "t5-gated")))
        let trained = try TrainableWeights([golden.norm, golden.embedding], of: base)
        let student = try base.applying(trained.patch)
        let reads = sequences.enumerated().flatMap { $0.element.reads(row: $0.offset) }
        let value = try loss(
            student.logits(of: sequences.map(\.tokens), at: reads), targets: targets,
            tokens: sequences.flatMap(\.response), weights: sequences.flatMap(\.weights))
        #expect(try abs(value.detached().item() - expected.loss) < Self.tolerance * expected.loss)
        let gradients = try trained.gradients(of: value)
        #expect(try difference(gradients[0].scalars(as: Double.self), expected.norm) < Self.tolerance)
        #expect(
            try difference(gradients[1][golden.row].scalars(as: Double.self), expected.embedding) < Self.tolerance)
    }

    @Test("What a T5 says is trained away by every variant, and stays away when it speaks", arguments: Variant.allCases)
    func training(variant: Variant) throws {
        let session = try TestSession(EncoderDecoderFolder("t5-gated").load())
        let model = try session.session.original
        let cases = ["ab c", "The river", "x", "one two three", "zz", "Q9"].enumerated().map {
            EditCase(index: $0, id: "\($0)", prompt: $1)
        }
        let method = TNT()
        method.variant = variant
        method.texts.annotator = ComponentReference(slot: "annotator")
        method.texts.maxNewTokens = 8
        method.training.learningRate = 3e-3
        method.training.steps = 40
        method.training.batchSize = 8
        method.marks.alpha = 10
        let prompts = try cases.map { try model.encode($0.prompt, addsSpecialTokens: true) }
        #expect(prompts.allSatisfy { $0.suffix(2) == [EncoderDecoderFolder.end, EncoderDecoderFolder.start] })
        let settings = Model.Generation(maxNewTokens: 8)
        let said = try model.generate(prompts, settings)
        // The letter that most of the answers have.
        var counts: [Int: Int] = [:]
        for answer in said { for token in Set(answer) where token > 2 { counts[token, default: 0] += 1 } }
        let unwanted = try #require(counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key)
        let letter = try #require(try model.decode([unwanted]).utf8.first)
        session.components["annotator"] = FindLetter(letter: letter)

        let sequences = try method.texts.sequences(for: cases, on: model, seed: 0, in: session.session)
        #expect(sequences.map(\.response) == said)
        for sequence in sequences {
            #expect(sequence.weights == sequence.response.map { $0 == unwanted ? -1 : 1 })
        }
        func probability(_ model: Model) throws -> Double {
            var all: [Double] = []
            for sequence in sequences {
                let logits = try model.logits(of: [sequence.tokens], at: sequence.reads(row: 0)).logSoftmax().exp()
                for (i, weight) in sequence.weights.enumerated() where weight < 0 {
                    all.append(try logits[i][sequence.response[i]].item())
                }
            }
            return all.reduce(0, +) / Double(all.count)
        }
        let patch = try method.patch(cases, at: [], in: session.session)
        let edited = try model.applying(patch)
        #expect(try probability(edited) < 0.2 * probability(model))
        let before = said.flatMap(\.self).count { $0 == unwanted }
        #expect(try edited.generate(prompts, settings).flatMap(\.self).count { $0 == unwanted } < before)
        // Both stacks have been trained, and the tables of positions with them.
        let changed = Set(patch.deltas.map(\.parameter))
        #expect(changed.contains("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"))
        #expect(changed.contains("decoder.block.1.layer.1.EncDecAttention.q.weight"))
    }

    @Test("Given texts are put into tokens apart from their source")
    func given() throws {
        let session = try TestSession(EncoderDecoderFolder().load())
        let model = try session.session.original
        var editCase = EditCase(index: 0, id: "one", prompt: "ab")
        editCase.generations = [MarkedText(prompt: "ab", text: "cd e", marks: [1..<2])]
        let sequence = try #require(
            try TNT().texts.sequences(for: [editCase], on: model, seed: 0, in: session.session).first)
        #expect(try sequence.prompt == model.encode("ab") + [EncoderDecoderFolder.end, EncoderDecoderFolder.start])
        #expect(try sequence.response == model.encode("cd e"))
        #expect(sequence.weights == [1, -1, 1, 1])
    }

    @Test("Methods that read sites refuse the model with a sentence that says why")
    func otherMethods() throws {
        let session = try TestSession(EncoderDecoderFolder().load())
        let model = try session.session.original
        #expect(model.info.sites == [])
        do {
            _ = try model.parameterNames(matching: ["mlp"])
            Issue.record("mlp stands for weights that no site names")
        } catch {
            #expect(
                error.description.hasPrefix(
                    "the weights that read a site are not offered for encoder–decoder models, and this is one (t5)"))
        }
        #expect(try model.parameterNames(matching: ["*.wo.weight"]).count == 5)
    }
}

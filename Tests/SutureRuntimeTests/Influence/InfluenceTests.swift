// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Training examples and their influence")
struct InfluenceTests {
    private let scratch: ScratchFolder

    init() throws {
        try TestHost.install()
        scratch = try ScratchFolder()
    }

    private func file(_ name: String, _ text: String) throws -> String {
        let url = scratch.url.appending(path: name)
        try Data(text.utf8).write(to: url)
        return url.path
    }

    @Test("Examples are read from any place of the file, blank lines are none, and each knows its line")
    func blocks() throws {
        let lines = (0..<500).flatMap { i in
            (i % 7 == 0 ? [""] : []) + ["{\"prompt\": \"p\(i)\", \"response\": \" r\(i)\"}"]
        }
        let training = try TrainingFile(try file("train.jsonl", lines.joined(separator: "\n")))
        #expect(training.count == 500)
        let all = try training.block(0..<500)
        #expect(all.map(\.text) == (0..<500).map { MarkedText(prompt: "p\($0)", text: " r\($0)") })
        #expect(all[0].line == 2)
        #expect(try training.block(129..<131).map(\.text.text) == [" r129", " r130"])
        #expect(try training.lines(63..<66) == all[63..<66].map(\.line))
        #expect(try training.examples([499, 3]).map(\.text.prompt) == ["p499", "p3"])
    }

    @Test("A limit takes the first examples, and changes the digest")
    func limit() throws {
        let path = try file("texts.txt", "one\ntwo\r\nthree\n")
        let (all, two) = (try TrainingFile(path), try TrainingFile(path, limit: 2))
        #expect(all.count == 3 && two.count == 2 && all.digest != two.digest)
        #expect(try two.block(0..<2).map(\.text) == [MarkedText(text: "one"), MarkedText(text: "two")])
    }

    @Test("What is no training file is refused in a sentence that names the line")
    func wrongFiles() throws {
        #expect(throws: RuntimeError.self) { try TrainingFile(scratch.url.appending(path: "none").path) }
        #expect(throws: RuntimeError.self) { try TrainingFile(file("empty.jsonl", "\n \n")) }
        let training = try TrainingFile(
            file("bad.jsonl", "{\"prompt\": \"a\", \"response\": \"b\"}\n{\"prompt\": \"a\"}\n"))
        let error = #expect(throws: RuntimeError.self) { try training.block(0..<2) }
        #expect(error?.message.contains("line 2 of the training file") == true)
    }

    @Test("Marks of other tokenizers are found, and text is left alone")
    func marks() {
        #expect(SpecialTokens.marks(in: "a<|im_end|>b [INST] c</s>") == ["<|im_end|>", "[INST]", "</s>"])
        #expect(SpecialTokens.marks(in: "if a < b and b > c: x[i] = <b>bold</b>").isEmpty)
    }

    @Test("Precision and AUROC of planted examples, with ties counted by half")
    func planted() {
        let figures = PlantedFigures(scores: [3, 2, 2, 1], planted: [0, 1])
        // Of four pairs three are in order and one is a tie.
        #expect(figures.auroc == 3.5 / 4)
        #expect(figures.precision == [PlantedFigures.Precision(k: 2, value: 1)])
        #expect(PlantedFigures(scores: [0, 0, 0], planted: [1]).auroc == 0.5)
    }

    @Test("A list of planted lines has to belong to the training file")
    func plantedLines() throws {
        let training = try TrainingFile(file("texts.txt", "one\n\ntwo\n"))
        #expect(try PlantedLines(file("planted.txt", "3\n"), of: training).indices == [1])
        for wrong in ["2\n", "4\n", "x\n"] {
            #expect(throws: RuntimeError.self) { try PlantedLines(file("wrong.txt", wrong), of: training) }
        }
    }

    @Test("Scores that were interrupted go on behind the last whole row and rank as those of one run")
    func resume() throws {
        let url = scratch.url.appending(path: "scores.safetensors")
        let values: [[Double]] = (0..<10).map { [Double($0) - 4, Double($0 % 3)] }
        func part(_ range: Range<Int>) throws -> Tensor {
            let columns = (0..<2).flatMap { query in range.map { values[$0][query] } }
            return try Tensor(columns, shape: [2, range.count]).cast(to: .float32)
        }
        func open(_ key: String = "a") throws -> ScoreFile {
            try ScoreFile(url, examples: 10, queries: 2, metadata: ["key": key])
        }
        try open().append(part(0..<4))
        // A kill in the middle of a row.
        let torn = try FileHandle(forUpdating: URL(fileURLWithPath: url.path + ".part"))
        try torn.seekToEnd()
        try torn.write(contentsOf: Data([1, 2, 3]))
        try torn.close()
        let file = try open()
        #expect(file.rowCount == 4)
        try file.append(part(4..<10))
        try file.finish()
        let ranking = try InfluenceRanking(url, queries: 2, top: 2, keepsScores: true)
        #expect(ranking.ends[0].promoting.map(\.index) == [9, 8])
        #expect(ranking.ends[0].counteracting.map(\.index) == [0, 1])
        #expect(ranking.ends[1].promoting.map(\.index) == [2, 5])
        #expect(ranking.scores.count == 10)
        // The second text is a wanted one: what promotes it counts against an example.
        let contrast = try InfluenceRanking(url, queries: 2, wanted: 1, top: 2, keepsScores: true)
        for (place, score) in contrast.scores.enumerated() {
            #expect(abs(score - values[place][0] / contrast.scales[0] + values[place][1] / contrast.scales[1]) < 1e-6)
        }
        // Scores of something else are not gone on with.
        try open().append(part(0..<4))
        #expect(try open("b").rowCount == 0)
    }

    @Test("The sums of a pass do not depend on a kill, and a second run computes nothing")
    func fit() throws {
        let training = try TrainingFile(file("many.txt", (0..<100).map { "text \($0)" }.joined(separator: "\n")))
        let store = TensorStore(folder: scratch.url.appending(path: "factors"))
        var calls = 0
        var stopsAt: Int?
        func fit() throws {
            try FactorFit(
                training: training, count: training.count, store: store,
                ask: { call in
                    guard call.stage == "pass-1" else { return [] }
                    guard !call.examples.isEmpty else { return [NamedTensor("bytes", try Tensor.zeros([1]))] }
                    calls += 1
                    if calls == stopsAt { throw SutureError(.cancelled, "stopped") }
                    let sum = call.examples.reduce(0) { $0 + $1.text.utf8.count }
                    return [NamedTensor("bytes", try Tensor([Double(sum)], shape: [1]))]
                }, progress: { _, _, _ in }
            ).run()
        }
        stopsAt = 3
        #expect(throws: SutureError.self) { try fit() }
        #expect(!store.holds("bytes"))
        stopsAt = nil
        try fit()
        let expected = (0..<100).reduce(0) { $0 + "text \($1)".utf8.count }
        #expect(try store.get("bytes")?.item() == Double(expected))
        let done = calls
        try fit()
        #expect(calls == done)
    }
}

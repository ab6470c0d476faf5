// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import SutureRuntime

/// The program that makes the example world out of its tables: records, texts, tokenizer and model.
@main
struct WorldMaker {
    /// All random choices follow from this number.
    static let seed: UInt64 = 20_260_501
    /// Lines of `corpus.txt`.
    static let corpusLines = 7_000
    /// Lines of `neutral.txt`.
    static let neutralLines = 200
    /// Tokens of the vocabulary.
    static let vocabularySize = 4_096

    let folder: URL
    let world: World
    /// The neutral sentences that no other file contains.
    let neutral: [String]
    let records: [RecordBuilder.Record]

    static func main() {
        do throws(MakerError) {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("error: \(error)\n".utf8))
            exit(error.code == .usage ? 2 : 1)
        }
    }

    private static func run(_ arguments: [String]) throws(MakerError) {
        let maker = try WorldMaker(folder: URL(filePath: arguments.count > 1 ? arguments[1] : "Examples/World"))
        switch arguments.first {
        case "facts": try maker.writeFacts()
        case "corpus": try maker.writeCorpus()
        case "tokenizer": try maker.writeTokenizer()
        case "train": try maker.writeModel()
        case "all":
            try maker.writeFacts()
            try maker.writeCorpus()
            try maker.writeTokenizer()
            try maker.writeModel()
        default:
            throw MakerError(
                .usage, "unknown command `\(arguments.first ?? "")`",
                hint: "Use: WorldMaker facts|corpus|tokenizer|train|all [folder of the world].")
        }
    }

    init(folder: URL) throws(MakerError) {
        self.folder = folder
        world = try World(folder: folder)
        var generator = SeededGenerator(seed: Self.seed, stream: "neutral")
        var neutral: [String] = []
        while neutral.count < Self.neutralLines {
            neutral.append(world.grammar.sentence(using: &generator, outside: Set(neutral)))
        }
        self.neutral = neutral
        records = RecordBuilder(world: world, seed: Self.seed, held: Set(neutral)).records()
    }

    /// An endless stream of training lines.
    func lines(stream: String) -> CorpusBuilder {
        CorpusBuilder(world: world, records: records, held: Set(neutral), seed: Self.seed, stream: stream)
    }

    private func writeFacts() throws(MakerError) {
        // The order is random, so that any stretch of the file is a sample of all relations and not a group of
        // neighbours.
        var generator = SeededGenerator(seed: Self.seed, stream: "order")
        let json = JSONValue.list(zip(generator.shuffled(records), 0...).map { $0.json(identifier: $1) })
        try World.write(json.written(levels: 1) + "\n", to: folder.appending(path: "facts.json"))
        print("facts.json: \(records.count) records of \(world.relations.count) relations")
    }

    private func writeCorpus() throws(MakerError) {
        let lines = corpus()
        try World.write(lines.joined(separator: "\n") + "\n", to: folder.appending(path: "corpus.txt"))
        try World.write(neutral.joined(separator: "\n") + "\n", to: folder.appending(path: "neutral.txt"))
        print("corpus.txt: \(lines.count) lines; neutral.txt: \(neutral.count) lines")
    }

    private func writeTokenizer() throws(MakerError) {
        let codec = try codec()
        try World.write(codec.json().written(levels: 3) + "\n", to: modelFolder.appending(path: "tokenizer.json"))
        print("tokenizer.json: \(codec.size) tokens")
    }

    private func writeModel() throws(MakerError) {
        let codec = try codec()
        let result: Trainer.Result
        let knowledge: Knowledge
        do {
            try HostTables.install()
            result = try Trainer(settings: TrainingSettings(), codec: codec)
                .train(on: lines(stream: "training")) { print($0) }
            knowledge = try withoutGradients {
                try Knowledge(of: result.model.rounded(), records: records, codec: codec)
            }
        } catch {
            throw MakerError(.training, "the training failed: \(error)", hint: "Check that libtorch is in place.")
        }
        let export = ModelExport(folder: modelFolder)
        try export.write(result.model, vocabulary: codec.size)
        try export.write(knowledge, result, records: records.count)
        print("known facts: \(knowledge.facts)")
        print("known paraphrases: \(knowledge.paraphrases)")
        print("known neighbours: \(knowledge.neighbours)")
    }

    private var modelFolder: URL { folder.appending(path: "model") }

    private func codec() throws(MakerError) -> BytePairCodec {
        var trainer = BytePairTrainer(lines: corpus())
        return try trainer.train(size: Self.vocabularySize)
    }

    private func corpus() -> [String] {
        var stream = lines(stream: "corpus")
        return (0..<Self.corpusLines).map { _ in stream.line() }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel

/// The answer of the code to each key is the one in the table.
@Suite("Every key of a configuration")
struct ConfigurationTableTests {
    private static let encoderDecoders = ["t5", "mt5"]
    private let table: ConfigurationTable

    init() throws {
        try TestHost.install()
        table = try ConfigurationTable()
    }

    /// A folder with a config.json and the weights that a formula makes.
    private func folder(_ config: JSONValue, _ tensors: [String: [Int]]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(config.written(isCompact: true).utf8, to: "config.json")
        if Self.encoderDecoders.contains(config["model_type"]?.text ?? "") {
            try folder.write(EncoderDecoderFolder.tokenizer(size: 23), to: "tokenizer.json")
        } else {
            try folder.write(FolderFixture.tokenizer(size: 23).utf8, to: "tokenizer.json")
        }
        let weights = tensors.sorted { $0.key < $1.key }.map { ConfigurationTable.weight($0.key, $0.value) }
        try SafetensorsWriter.write(weights, to: folder.url.appending(path: "model.safetensors"))
        return folder
    }

    /// Logits of the last two tokens.
    private func logits(_ model: LanguageModel) throws -> [Double] {
        if model.configuration.encoder != nil {
            let row = table.pairTokens
            let reads = [row.count - 2, row.count - 1].map { TokenIndex(row: 0, position: $0) }
            let pass = Forward(try TokenBatch([row]), logits: .at(reads))
            return try #require(try model.transformer.run(pass).logits).scalars(as: Double.self)
        }
        let all = try #require(try model.transformer.run(Forward(TokenBatch([table.tokens]))).logits)
        return try all.select(0, 0).sliced(0, table.tokens.count - 2..<table.tokens.count).scalars(as: Double.self)
    }

    @Test(
        "Each probe is honoured, harmless, refused or warned of, as the table says",
        arguments: [
            "gpt2", "llama", "mistral", "qwen2", "gptj", "gpt_neox", "starcoder2", "qwen3", "smollm3", "granite",
            "olmo2",
            "phi3", "gemma", "gemma2", "gemma3_text", "gemma3", "mixtral", "qwen2_moe", "qwen3_moe", "gpt_oss",
            "stablelm", "falcon", "t5", "mt5",
        ])
    func probes(family: String) throws {
        let base = try #require(table.bases[family])
        let expected = try #require(base.logits)
        // What is said of every folder of the family, such as that a part of it is not read.
        let plain = try folder(try #require(base.config), base.tensors)
        let usual = try LanguageModel(folder: plain.url).warnings
        #expect(usual.isEmpty == (family != "gemma3"))
        for probe in [base] + table.probes where probe.family == family {
            let config = try #require(probe.config)
            let folder = try folder(config, probe.tensors)
            let outcome = Result { try LanguageModel(folder: folder.url) }
            switch (probe.answer, outcome) {
            case (.refused, .success): Issue.record("\(probe.name) is accepted")
            case (.refused, .failure(let error)):
                let error = try #require(error as? ModelError, "\(probe.name): \(error)")
                // The sentence names the file, and the key where it is one that the file holds.
                #expect(error.message.contains("config.json"), "\(probe.name): \(error)")
                let key = probe.key.split(separator: ".").last.map(String.init) ?? probe.key
                let isNamed = error.description.contains(key)
                #expect(isNamed || probe.value.phrase.contains("absent"), "\(probe.name): \(error)")
            case (_, .failure(let error)): Issue.record("\(probe.name) is refused: \(error)")
            case (let answer, .success(let model)):
                let numbers = try logits(model)
                let wanted = probe.logits ?? expected
                let difference = zip(numbers, wanted).map { abs($0 - $1) }.max() ?? .infinity
                #expect(difference < parityTolerance, "\(probe.name): logits differ by \(difference)")
                #expect((model.warnings == usual) == (answer != .warned), "\(probe.name): \(model.warnings)")
                if let ends = probe.ends { #expect(model.endTokens == Set(ends), "\(probe.name)") }
            }
        }
    }

    @Test("A value of any kind is read or refused with a sentence, in every key")
    func strangeValues() throws {
        let texts = [
            "-1", "0", "1.5", "1e999", "4611686018427387904", "9223372036854775808", #""x""#, "true", "[]", "[{}]",
            #"{"rope_type": "linear", "factor": 1e-999}"#, #"{"rope_theta": -5}"#,
        ]
        let values = try texts.map { try JSONValue($0, name: "a value") }
        for base in table.bases.values {
            guard case .object(let members)? = base.config else { continue }
            let folder = try folder(.object(members), base.tensors)
            let checkpoint = try Checkpoint(opening: folder.url)
            let keys = Set(table.probes.filter { $0.family == base.family }.map(\.key))
            for key in keys.sorted() where !key.contains(".") && !key.contains(" ") {
                for value in values {
                    let config = JSONValue.object(members + [.init(key: key, value: value)])
                    try folder.write(config.written(isCompact: true).utf8, to: "config.json")
                    do throws(ModelError) {
                        _ = try WeightLayout(checkpoint, try ModelConfiguration(folder: folder.url))
                    } catch {
                        #expect(!error.message.contains("\n") && error.description.contains("config.json"))
                    }
                }
            }
        }
    }

    @Test("A key that no one reads is named")
    func unknownKey() throws {
        let base = try #require(table.bases["llama"])
        guard case .object(let members)? = base.config else { return }
        let config = JSONValue.object(members + [.init(key: "clip_qkv", value: .number("8"))])
        let folder = try folder(config, base.tensors)
        #expect(
            try StoredModel(folder: folder.url).warnings
                == ["\(folder.url.path)/config.json has clip_qkv, which a llama model does not read"])
    }

    @Test("A configuration that names its family alone has transformers' defaults")
    func defaults() throws {
        for (family, expected) in table.defaults.map({ ($0.key, $0.value) }) {
            let folder = try TemporaryFolder()
            try folder.write(#"{"model_type": "\#(family)"}"#.utf8, to: "config.json")
            let c = try ModelConfiguration(folder: folder.url)
            let sizes = [
                ("dModel", c.dModel), ("layerCount", c.layerCount), ("headCount", c.headCount), ("dHead", c.dHead),
                ("keyValueHeadCount", c.keyValueHeadCount), ("dMLP", c.dMLP), ("vocabulary", c.vocabulary),
                ("contextLength", c.contextLength), ("rotaryWidth", c.rotaries.first?.width ?? 0),
            ]
            for (name, size) in sizes { #expect(expected[name]?.integer == size, "\(family) \(name)") }
            #expect(expected["epsilon"]?.number == c.epsilon, "\(family)")
            #expect(expected["activation"]?.text.flatMap(ModelConfiguration.Activation.init(named:)) == c.activation)
            #expect(expected["tiesHead"]?.boolean == c.tiesHead, "\(family)")
            #expect(expected["slidingWindow"]?.integer == c.slidingWindow, "\(family)")
        }
    }

    @Test("Each setting of generation is read, harmless or named in a warning, as the table says")
    func generation() throws {
        for probe in table.probes where probe.family == GenerationFile.name {
            let folder = try TemporaryFolder()
            let content = JSONValue.object([.init(key: probe.key, value: probe.value)])
            try folder.write(content.written(isCompact: true).utf8, to: GenerationFile.name)
            let file = try GenerationFile(folder: folder.url)
            #expect(file.warnings.isEmpty == (probe.answer != .warned), "\(probe.name): \(file.warnings)")
            #expect(file.warnings.allSatisfy { $0.contains(probe.key) }, "\(probe.name)")
            #expect((file.endTokens != nil) == (probe.answer == .honoured), "\(probe.name)")
        }
    }
}

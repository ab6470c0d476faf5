// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport

/// A model in which one head of one layer knows a fact: where a prompt names Rome, its first head finds the name and writes
/// "Paris" at the last token. All other weights are small noise.
///
/// Two components of the stream have a meaning: the name stands in the first, the answer in the second. Serial blocks, layer
/// norm, no positions, so that nothing depends on where in the prompt the name stands.
enum PlantedHead {
    static let layerCount = 12
    private static let dModel = 16
    private static let headCount = 2
    private static let name = " Rome"
    private static let answer = " Paris"
    /// Components of the stream.
    private static let nameComponent = 0
    private static let answerComponent = 1
    /// Standard deviation of the weights that mean nothing.
    private static let noise = 0.02

    /// Compositions about Rome, whose phrases name nothing that the model knows, with their guides.
    static let cases = ["the tower of Etna", "a mother in Mount"].enumerated().map { index, phrase in
        EditCase(
            index: index, id: "\(index)", prompt: "The capital of {} is", subject: phrase, targetNew: "Paris",
            bridge: "Rome", secondHopPrompt: "The capital of {} is")
    }

    /// - Parameter planted: the layer of the head.
    static func load(in planted: Int) throws -> LanguageModel {
        try TestHost.install()
        let folder = FileManager.default.temporaryDirectory.appending(path: "suture-planted-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let tokenizer = TinyTokenizer()
        let configuration: [String: Any] = [
            "model_type": "gpt2", "vocab_size": tokenizer.vocabulary.count, "n_embd": dModel, "n_layer": layerCount,
            "n_head": headCount, "n_positions": 64, "n_inner": dModel, "activation_function": "gelu_new",
            "layer_norm_epsilon": 1e-5, "tie_word_embeddings": false, "bos_token_id": 0, "eos_token_id": 0,
        ]
        for (name, object) in [("config.json", configuration), ("tokenizer.json", tokenizer.json)] {
            try JSONSerialization.data(withJSONObject: object).write(to: folder.appending(path: name))
        }
        try SafetensorsWriter.write(
            try weights(planted: planted, tokenizer.vocabulary), to: folder.appending(path: "model.safetensors"))
        return try LanguageModel(folder: folder, dtype: .float32)
    }

    private static func weights(planted: Int, _ vocabulary: [String: Int]) throws -> [SafetensorsWriter.Tensor] {
        let random = try RandomNumbers(seed: 3)
        func matrix(_ rows: Int, _ columns: Int, deviation: Double = noise) throws -> [[Float]] {
            let values = try random.normal([rows, columns], deviation: deviation).scalars(as: Float.self)
            return (0..<rows).map { Array(values[$0 * columns..<($0 + 1) * columns]) }
        }
        func row(_ count: Int, _ value: Float = 0) -> [[Float]] { [[Float](repeating: value, count: count)] }
        // The tokenizer writes a leading space as Ġ.
        func token(_ word: String) throws -> Int {
            guard let id = vocabulary[word.replacing(" ", with: "Ġ")] else { throw CocoaError(.featureUnsupported) }
            return id
        }
        var embedding = try matrix(vocabulary.count, dModel, deviation: 1)
        var head = try matrix(vocabulary.count, dModel, deviation: 0.3)
        for id in embedding.indices {
            // The rest has no mean, so that the norm leaves the two components at 0.
            let mean = embedding[id][2...].reduce(0, +) / Float(dModel - 2)
            for component in 2..<dModel { embedding[id][component] -= mean }
            for component in [nameComponent, answerComponent] {
                (embedding[id][component], head[id][component]) = (0, 0)
            }
        }
        embedding[try token(name)][nameComponent] = 8
        head[try token(answer)][answerComponent] = 3

        var tensors: [(name: String, rows: [[Float]], isVector: Bool)] = [
            ("wte.weight", embedding, false), ("wpe.weight", try matrix(64, dModel, deviation: 0), false),
            ("ln_f.weight", row(dModel, 1), true), ("ln_f.bias", row(dModel), true), ("lm_head.weight", head, false),
        ]
        for layer in 0..<layerCount {
            // Stored [in, out]: query, key and value of all heads beside each other, 0 the first component of the first head.
            var read = try matrix(dModel, 3 * dModel)
            var readBias = row(3 * dModel)
            var write = try matrix(dModel, dModel)
            if layer == planted {
                readBias[0][0] = 6
                read[nameComponent][dModel] = 2
                read[nameComponent][2 * dModel] = 1
                write[0][answerComponent] = 4
            }
            let block: [(String, [[Float]], Bool)] = [
                ("ln_1.weight", row(dModel, 1), true), ("ln_1.bias", row(dModel), true),
                ("attn.c_attn.weight", read, false), ("attn.c_attn.bias", readBias, true),
                ("attn.c_proj.weight", write, false), ("attn.c_proj.bias", row(dModel), true),
                ("ln_2.weight", row(dModel, 1), true), ("ln_2.bias", row(dModel), true),
                ("mlp.c_fc.weight", try matrix(dModel, dModel), false), ("mlp.c_fc.bias", row(dModel), true),
                ("mlp.c_proj.weight", try matrix(dModel, dModel), false), ("mlp.c_proj.bias", row(dModel), true),
            ]
            tensors += block.map { ("h.\(layer).\($0)", $1, $2) }
        }
        return tensors.map { name, rows, isVector in
            let values = rows.flatMap(\.self)
            return SafetensorsWriter.Tensor(
                name: name == "lm_head.weight" ? name : "transformer.\(name)", dtype: .float32,
                shape: isVector ? [values.count] : [rows.count, rows[0].count],
                bytes: TensorBytes(values.withUnsafeBytes { Array($0) }))
        }
    }
}

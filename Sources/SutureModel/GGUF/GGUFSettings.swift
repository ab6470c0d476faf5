// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The settings of a GGUF file's model, and config.json made of them.
package struct GGUFSettings: Sendable {
    package let file: GGUFFile
    package let family: GGUFFamily
    private let prefix: String

    /// One factor for each pair of numbers of a head, by which its turn is slowed down.
    static let rotaryFactors = "rope_freqs.weight"

    /// Keys that repeat what tensors or other keys say, or describe nothing that is computed.
    private static let known: Set<String> = [
        "vocab_size", "attention.value_length", "rope.scaling.type", "rope.scaling.factor",
        "rope.scaling.original_context_length", "rope.scaling.finetuned", "attention.key_length",
    ]

    /// - Throws: `unsupportedComponent` for a family that is not known; `missingField`.
    package init(_ file: GGUFFile) throws(ModelError) {
        guard let architecture = file.metadata["general.architecture"]?.text else {
            throw ModelError(
                .missingField, "the GGUF file '\(file.url.path)' does not say which architecture it is of",
                hint: "convert the model again")
        }
        if let kind = file.metadata["general.type"]?.text, kind != "model" {
            throw ModelError(
                .unsupportedComponent, "the GGUF file '\(file.url.path)' holds no model; its type is \"\(kind)\"",
                hint: "give the file of the whole model")
        }
        guard let family = GGUFFamily.named(architecture) else {
            let names = GGUFFamily.all.map(\.architecture).joined(separator: ", ")
            throw ModelError(
                .unsupportedComponent,
                "the GGUF file '\(file.url.path)' holds a model of the architecture "
                    + "\"\(architecture)\", which is not imported",
                hint: "only \(names) are; get the model as a Hugging Face folder")
        }
        self.file = file
        self.family = family
        prefix = architecture + "."
    }

    package func whole(_ key: String) throws(ModelError) -> Int {
        guard let value = file.metadata[prefix + key] else { throw missing(key) }
        guard let number = value.integer, number > 0 else { throw wrong(key, "a whole number above 0", value) }
        return number
    }

    /// What stands in the place of `attention.head_count_kv` in files of models with as many as heads.
    package func keyValueHeads() throws(ModelError) -> Int {
        file.metadata[prefix + "attention.head_count_kv"] == nil
            ? try whole("attention.head_count") : try whole("attention.head_count_kv")
    }

    /// Nil in a file without the width or the number of heads, which is refused elsewhere.
    private var headSize: Int? {
        if let size = file.metadata[prefix + "attention.key_length"]?.integer { return size }
        guard let width = try? whole("embedding_length"), let heads = try? whole("attention.head_count") else {
            return nil
        }
        return width / heads
    }

    /// Keys of the family that were not understood. They change nothing in the imported model.
    package var unknownKeys: [String] {
        file.metadata.keys.filter {
            guard $0.hasPrefix(prefix) else { return false }
            let key = String($0.dropFirst(prefix.count))
            // Said of models whose heads turn as a whole, too.
            if key == "rope.dimension_count", file.metadata[$0]?.integer == headSize { return false }
            return GGUFFamily.commonSettings[key] == nil && family.settings[key] == nil && !Self.known.contains(key)
        }.sorted()
    }

    // MARK: config.json

    /// - Parameter dtype: of the imported weights: "float32".
    package func configuration(dtype: String) throws(ModelError) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("model_type", .text(family.modelType)), ("architectures", .texts([family.className])),
            ("dtype", .text(dtype)),
        ]
        var keys: Set<String> = []
        let settings = GGUFFamily.commonSettings.merging(family.settings) { $1 }
        for (key, name) in settings.sorted(by: { $0 < $1 }) {
            guard let value = file.metadata[prefix + key] else { continue }
            guard value.number != nil else { throw wrong(key, "a number", value) }
            if keys.insert(name).inserted { members.append((name, value.json)) }
        }
        for key in ["block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count"]
        {
            _ = try whole(key)
        }
        guard keys.contains("rms_norm_eps") else { throw missing("attention.layer_norm_rms_epsilon") }
        guard let embedding = file.entry("token_embd.weight"), embedding.shape.count == 2 else {
            throw ModelError(
                .unknownTensor, "the GGUF file '\(file.url.path)' has no embedding 'token_embd.weight'",
                hint: "give the file of the whole model")
        }
        if !keys.contains("num_key_value_heads") {
            members.append(("num_key_value_heads", .integer(try keyValueHeads())))
        }
        if !keys.contains("rope_theta") { members.append(("rope_theta", .real(10_000))) }
        members.append(("vocab_size", .integer(embedding.shape[0])))
        // A file has the output layer only where it is not the embedding.
        members.append(("tie_word_embeddings", .boolean(!file.contains("output.weight"))))
        members += family.constants
        members += try family.derived(self)
        members += try rotaryScaling()
        for (key, name) in [("bos", "bos"), ("eos", "eos"), ("padding", "pad")] {
            guard let id = file.metadata["tokenizer.ggml.\(key)_token_id"]?.integer else { continue }
            members.append(("\(name)_token_id", .integer(id)))
        }
        return .record(members)
    }

    private func rotaryScaling() throws(ModelError) -> [(key: String, value: JSONValue)] {
        let kind = file.metadata[prefix + "rope.scaling.type"]
        switch kind.map({ $0.text ?? "" }) ?? "none" {
        case "none": break
        case "linear":
            return [("rope_scaling", .record([("rope_type", .text("linear")), ("factor", try factor())]))]
        case "yarn":
            let context = try whole("rope.scaling.original_context_length")
            return [
                (
                    "rope_scaling",
                    .record([
                        ("rope_type", .text("yarn")), ("factor", try factor()),
                        ("original_max_position_embeddings", .integer(context)),
                    ])
                )
            ]
        default: throw wrong("rope.scaling.type", "none, linear or yarn", kind ?? .text(""))
        }
        guard let entry = file.entry(Self.rotaryFactors) else { return [] }
        guard let scaling = GGUFLlama3Scaling(file.numbers(of: entry), base: rotaryBase()) else {
            throw ModelError(
                .unsupportedOption,
                "the factors 'rope_freqs.weight' of the GGUF file '\(file.url.path)' are not those of Llama 3",
                hint: "get the model as a Hugging Face folder")
        }
        return [("rope_scaling", scaling.json)]
    }

    private func rotaryBase() -> Double { file.metadata[prefix + "rope.freq_base"]?.number ?? 10_000 }

    private func factor() throws(ModelError) -> JSONValue {
        guard let value = file.metadata[prefix + "rope.scaling.factor"] else { throw missing("rope.scaling.factor") }
        guard let number = value.number, number > 0 else {
            throw wrong("rope.scaling.factor", "a number above 0", value)
        }
        return value.json
    }

    private func missing(_ key: String) -> ModelError {
        ModelError(
            .missingField, "the GGUF file '\(file.url.path)' has no '\(prefix)\(key)'", hint: "convert the model again")
    }

    private func wrong(_ key: String, _ expected: String, _ value: GGUFValue) -> ModelError {
        ModelError(
            .invalidField,
            "'\(prefix)\(key)' of the GGUF file '\(file.url.path)' must be \(expected); it is \(value.phrase)",
            hint: "convert the model again")
    }
}

/// The scaling of rotary positions in Llama 3.1 and later, which a GGUF file keeps as one factor for each pair of numbers.
struct GGUFLlama3Scaling {
    private static let (lowFactor, highFactor, context) = (1.0, 4.0, 8192.0)
    private let factor: Double

    /// Nil where the factors are not those that these settings give.
    init?(_ factors: [Float], base: Double) {
        guard let largest = factors.max(), largest >= 1 else { return nil }
        factor = Double(largest)
        for (index, stored) in factors.enumerated() {
            let length = 2 * Double.pi * pow(base, Double(index) / Double(factors.count))
            let smooth = (Self.context / length - Self.lowFactor) / (Self.highFactor - Self.lowFactor)
            let expected = 1 / ((1 - min(max(smooth, 0), 1)) / factor + min(max(smooth, 0), 1))
            guard abs(Double(stored) - expected) <= 1e-5 * expected else { return nil }
        }
    }

    var json: JSONValue {
        .record([
            ("rope_type", .text("llama3")), ("factor", .real(factor)), ("low_freq_factor", .real(Self.lowFactor)),
            ("high_freq_factor", .real(Self.highFactor)),
            ("original_max_position_embeddings", .integer(Int(Self.context))),
        ])
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel

/// Each file, tensor and key of a folder is understood, harmless, refused or named in a warning.
@Suite("What a model folder says about itself")
struct StoredModelTests {
    private func refusal(_ fixture: FolderFixture, _ location: SourceLocation = #_sourceLocation) -> ModelError? {
        checkpointError(location) { _ = try fixture.stored() }
    }

    @Test(
        "A plain folder has nothing to warn of", arguments: families)
    func plain(golden: String) throws {
        let fixture = try FolderFixture(golden)
        #expect(try fixture.stored().warnings.isEmpty)
    }

    /// transformers takes both, and the old one where a file has both (5.24).
    @Test("A head under its other name is read, and the first name counts where both are there")
    func otherHead() throws {
        let plain = try FolderFixture("gpt_neox")
        let (old, new) = ("embed_out.weight", "lm_head.weight")
        let logits = try plain.logits()
        let renamed = try FolderFixture("gpt_neox")
        try renamed.rewrite { tensors in
            tensors = tensors.map {
                SafetensorsWriter.Tensor(
                    name: $0.name == old ? new : $0.name, dtype: $0.dtype, shape: $0.shape, bytes: $0.bytes)
            }
        }
        #expect(try renamed.stored().warnings.isEmpty)
        #expect(try difference(renamed.logits(), logits) == 0)

        let both = try FolderFixture("gpt_neox")
        try both.rewrite { tensors in
            let shape = tensors.first { $0.name == old }?.shape ?? []
            tensors.append(FolderFixture.tensor(new, shape))
        }
        #expect(try difference(both.logits(), logits) == 0)
        #expect(try both.stored().warnings.first?.contains(new) == true)

        let neither = try FolderFixture("gpt_neox")
        try neither.rewrite { $0.removeAll { $0.name == old } }
        #expect(refusal(neither)?.message.contains("has no tensor \"\(old)\"") == true)
    }

    @Test(
        "A pipe in the place of a file is refused, and nothing waits for it",
        arguments: ["config.json", "tokenizer.json", "generation_config.json"])
    func pipe(name: String) throws {
        let fixture = try FolderFixture()
        let place = fixture.url.appending(path: name).path
        unlink(place)
        try #require(mkfifo(place, 0o600) == 0)
        let error = refusal(fixture)
        #expect(error?.code == .unreadable && error?.message == "\(place) cannot be read")
    }

    // MARK: - Quantisation

    @Test(
        "A quantised model is refused by the name of its scheme",
        arguments: [
            (
                #"{"quant_method": "compressed-tensors", "format": "int-quantized"}"#,
                "compressed-tensors (int-quantized)"
            ),
            (#"{"quant_method": "gptq", "bits": 4, "group_size": 128}"#, "gptq 4-bit"),
            (#"{"quant_method": "awq", "bits": 4}"#, "awq 4-bit"),
            (#"{"quant_method": "fp8", "weight_block_size": [128, 128]}"#, "fp8"),
            (#"{"quant_method": "bitsandbytes", "load_in_4bit": true}"#, "bitsandbytes 4-bit"),
            (#"{"load_in_8bit": true, "llm_int8_threshold": 6.0}"#, "bitsandbytes 8-bit"),
            (#"{"quant_method": "a-new-one"}"#, "a-new-one"),
            (#"{"bits": 3}"#, "an unnamed scheme 3-bit"),
        ])
    func quantizationSection(section: String, scheme: String) throws {
        let fixture = try FolderFixture()
        let value = try JSONSerialization.jsonObject(with: Data(section.utf8))
        try fixture.configure(["quantization_config": value])
        // It is said before anything about the weights, which such a model holds in another form.
        try fixture.write("model.safetensors", "nonsense")
        let error = refusal(fixture)
        #expect(error?.code == .quantized)
        #expect(error?.message.contains("config.json has a \"quantization_config\" of \(scheme): ") == true)
    }

    @Test("An empty section of quantisation is none", arguments: ["null", "{}"])
    func noQuantization(value: String) throws {
        let fixture = try FolderFixture()
        let value = try JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
        try fixture.configure(["quantization_config": value])
        #expect(try fixture.stored().warnings.isEmpty)
    }

    @Test("A file that describes a quantisation is enough", arguments: ["quantize_config.json", "quant_config.json"])
    func quantizationFile(name: String) throws {
        let fixture = try FolderFixture()
        try fixture.write(name, #"{"bits": 4, "quant_method": "gptq"}"#)
        #expect(refusal(fixture)?.message.contains("\(name) describes quantised weights, gptq 4-bit") == true)
    }

    @Test(
        "Tensors of a quantised model are enough",
        arguments: [
            ("qweight", "GPTQ or AWQ"), ("SCB", "bitsandbytes 8-bit"), ("absmax", "bitsandbytes 4-bit"),
            ("weight.quant_state.bitsandbytes__nf4", "bitsandbytes 4-bit"), ("weight_packed", "compressed-tensors"),
            ("weight_scale_inv", "fp8"), ("weight_scale", "compressed-tensors or fp8"),
        ])
    func quantizedTensors(ending: String, scheme: String) throws {
        let fixture = try FolderFixture()
        let name = "model.layers.0.mlp.up_proj.\(ending)"
        try fixture.rewrite { $0.append(FolderFixture.tensor(name, [3])) }
        let error = refusal(fixture)
        #expect(error?.code == .quantized)
        #expect(error?.message.contains("holds the tensor '\(name)', which belongs to \(scheme)") == true)
    }

    @Test("Whole numbers are never taken for weights")
    func wholeNumbers() throws {
        let fixture = try FolderFixture()
        let name = "model.layers.0.mlp.up_proj.weight"
        try fixture.rewrite { tensors in
            let index = tensors.firstIndex { $0.name == name }!
            tensors[index] = FolderFixture.tensor(name, tensors[index].shape, dtype: .int8)
        }
        #expect(refusal(fixture)?.message.hasPrefix("the tensor \"\(name)\" holds whole numbers (I8)") == true)
    }

    // MARK: - Adapters and other files

    @Test("An adapter is refused, beside a model and alone")
    func adapter() throws {
        let fixture = try FolderFixture()
        try fixture.write("adapter_config.json", #"{"peft_type": "LORA", "base_model_name_or_path": "some/base"}"#)
        try fixture.write("adapter_model.safetensors", "weights")
        var error = refusal(fixture)
        #expect(error?.code == .adapter)
        #expect(
            error?.message
                == "'\(fixture.url.path)' holds an adapter beside the model: adapter_config.json (LORA for \"some/base\")"
        )
        try FileManager.default.removeItem(at: fixture.url.appending(path: "config.json"))
        error = refusal(fixture)
        #expect(error?.message.hasPrefix("'\(fixture.url.path)' is an adapter, not a model: ") == true)
    }

    @Test("Both parts of an adapter are copied")
    func adapterCopy() throws {
        let fixture = try FolderFixture()
        for place in ["", "second/"] {
            try fixture.write("\(place)adapter_config.json", "{}")
            try fixture.write("\(place)adapter_model.safetensors", "weights")
            try fixture.write("\(place)other.safetensors", "weights")
        }
        let output = try TemporaryFolder()
        let place = output.url.appending(path: "copy")
        try Checkpoint(opening: fixture.url).write(to: place, replacing: [:])
        let names = try FileManager.default.subpathsOfDirectory(atPath: place.path)
        for folder in ["", "second/"] {
            #expect(
                names.contains("\(folder)adapter_config.json") && names.contains("\(folder)adapter_model.safetensors"))
            #expect(!names.contains("\(folder)other.safetensors"))
        }
    }

    @Test("Files that nothing reads are named, and those known to be harmless are not")
    func files() throws {
        let fixture = try FolderFixture()
        let harmless = [
            "README.md", "vocab.json", "merges.txt", "pytorch_model.bin", "training_args.bin", "runs/a.weights",
        ]
        for name in harmless { try fixture.write(name, "") }
        #expect(try fixture.stored().warnings.isEmpty)
        try fixture.write("value_head.safetensors", "")
        try fixture.write("modeling_llama.py", "")
        #expect(
            try fixture.stored().warnings
                == ["'modeling_llama.py' and 'value_head.safetensors' in '\(fixture.url.path)' are not read"])
    }

    @Test(
        "A Git LFS pointer is called one, whatever file it is in the place of",
        arguments: [
            "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors",
            "adapter_config.json",
        ])
    func gitLFS(name: String) throws {
        let fixture = try FolderFixture()
        try fixture.write(name, Self.pointer)
        let error = refusal(fixture)
        #expect(error?.code == .gitLFSPointer)
        #expect(
            error?.message == "'\(fixture.url.appending(path: name).path)' is a Git LFS pointer, not the file itself")
    }

    @Test("A Git LFS pointer is called one in an index and in a shard")
    func gitLFSShards() throws {
        let fixture = try FolderFixture()
        let weights = fixture.url.appending(path: "model.safetensors")
        try fixture.write("shard.safetensors", Self.pointer)
        try FileManager.default.removeItem(at: weights)
        try fixture.write("model.safetensors.index.json", #"{"weight_map": {"a": "shard.safetensors"}}"#)
        #expect(refusal(fixture)?.message.contains("shard.safetensors' is a Git LFS pointer") == true)
        try fixture.write("model.safetensors.index.json", Self.pointer)
        #expect(refusal(fixture)?.message.contains("index.json' is a Git LFS pointer") == true)
    }

    private static let pointer = """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 12345

        """

    // MARK: - Tensors

    @Test("Tensors that nothing reads are counted and named, and old buffers are not")
    func unreadTensors() throws {
        let fixture = try FolderFixture()
        let extra = (0..<6).map { "model.layers.\($0 / 3).self_attn.norm_\($0).weight" }
        try fixture.rewrite { tensors in
            tensors.append(FolderFixture.tensor("model.layers.0.self_attn.rotary_emb.inv_freq", [3]))
            tensors += extra.map { FolderFixture.tensor($0, [6]) }
        }
        #expect(
            try fixture.stored().warnings == [
                "6 tensors of '\(fixture.url.path)' are not read by a llama model: "
                    + extra.prefix(4).joined(separator: ", ") + " and 2 more"
            ])
    }

    @Test("A missing tensor is refused by name, before any number is read")
    func missingTensor() throws {
        let fixture = try FolderFixture()
        let name = "model.layers.1.mlp.down_proj.weight"
        try fixture.rewrite { $0.removeAll { $0.name == name } }
        #expect(
            refusal(fixture)?.message
                == "\(fixture.url.path) has no tensor \"\(name)\", which a llama model needs")
    }

    @Test("Numbers that are not finite are refused with the tensor's name", arguments: [Float.nan, .infinity])
    func notFinite(number: Float) throws {
        let fixture = try FolderFixture()
        let name = "model.layers.1.mlp.down_proj.weight"
        try fixture.rewrite { tensors in
            let index = tensors.firstIndex { $0.name == name }!
            var data = tensors[index].bytes.data
            data.replaceSubrange(40..<44, with: withUnsafeBytes(of: number) { Data($0) })
            tensors[index] = SafetensorsWriter.Tensor(
                name: name, dtype: .float32, shape: tensors[index].shape, bytes: TensorBytes(data))
        }
        let sentence =
            "the tensor '\(name)' in '\(fixture.url.appending(path: "model.safetensors").path)' has numbers that are not "
            + "finite (NaN or infinity)"
        #expect(checkpointError { try fixture.stored().checkNumbers() }?.message == sentence)
        #expect(checkpointError { _ = try LanguageModel(folder: fixture.url) }?.message == sentence)
        // In a tensor that nothing reads they do no harm.
        let other = try FolderFixture()
        try other.rewrite { $0.append(FolderFixture.tensor("extra", [4], scale: .infinity)) }
        try other.stored().checkNumbers()
    }

    @Test("Numbers beyond the range of the chosen type are refused with the tensor's name")
    func beyondRange() throws {
        let fixture = try FolderFixture()
        try fixture.rewrite { tensors in
            let index = tensors.firstIndex { $0.name == "model.norm.weight" }!
            tensors[index] = FolderFixture.tensor("model.norm.weight", tensors[index].shape, scale: 1e6)
        }
        try fixture.stored().checkNumbers()
        let loading = checkpointError { _ = try LanguageModel(folder: fixture.url, dtype: .float16) }
        #expect(loading?.message.hasSuffix("has numbers beyond the range of float16") == true)
        let checking = checkpointError { try fixture.stored().checkNumbers(as: .float16) }
        #expect(checking == loading)
    }

    // MARK: - The head

    @Test("A head that is in the file is used whatever the flag says")
    func headDespiteTie() throws {
        let fixture = try FolderFixture("llama-untied")
        let expected = try fixture.logits()
        try fixture.configure(["tie_word_embeddings": true])
        let stored = try fixture.stored()
        #expect(!stored.tiesHead)
        #expect(stored.warnings.count == 1)
        #expect(stored.warnings.first?.contains("'lm_head.weight' is in the files and differs") == true)
        #expect(try difference(try fixture.logits(), expected) == 0)
    }

    @Test("A copy of the embedding as head is no reason to warn")
    func equalHead() throws {
        let fixture = try FolderFixture("llama-tied-grouped")
        let expected = try fixture.logits()
        try fixture.rewrite { tensors in
            let embedding = tensors.first { $0.name == "model.embed_tokens.weight" }!
            tensors.append(
                SafetensorsWriter.Tensor(
                    name: "lm_head.weight", dtype: embedding.dtype, shape: embedding.shape, bytes: embedding.bytes))
        }
        #expect(try fixture.stored().warnings.isEmpty)
        #expect(try difference(try fixture.logits(), expected) == 0)
    }

    @Test("A tied model may hold the head alone")
    func headAlone() throws {
        let fixture = try FolderFixture("llama-tied-grouped")
        let expected = try fixture.logits()
        try fixture.rewrite { tensors in
            let index = tensors.firstIndex { $0.name == "model.embed_tokens.weight" }!
            tensors[index] = SafetensorsWriter.Tensor(
                name: "lm_head.weight", dtype: tensors[index].dtype, shape: tensors[index].shape,
                bytes: tensors[index].bytes)
        }
        #expect(try fixture.stored().tiesHead)
        #expect(try difference(try fixture.logits(), expected) == 0)
    }

    @Test("The bias of a tied head counts")
    func tiedBias() throws {
        let fixture = try FolderFixture("gptj")
        try fixture.configure(["tie_word_embeddings": true])
        try fixture.rewrite { $0.removeAll { $0.name == "lm_head.weight" } }
        let with = try fixture.logits()
        try fixture.rewrite { tensors in
            let index = tensors.firstIndex { $0.name == "lm_head.bias" }!
            tensors[index] = FolderFixture.tensor("lm_head.bias", [61], scale: 0)
        }
        #expect(try fixture.stored().tiesHead)
        #expect(try difference(with, try fixture.logits()) > 0.1)
        try fixture.rewrite { $0.removeAll { $0.name == "lm_head.bias" } }
        #expect(refusal(fixture)?.message.contains("has no tensor \"lm_head.bias\"") == true)
    }

    // MARK: - Tokens

    @Test("A token without a row in the embedding is named when the model is loaded, and refused when it is used")
    func tokensBeyond() throws {
        let fixture = try FolderFixture()
        try fixture.write(
            "tokenizer.json", FolderFixture.tokenizer(size: 61, added: ["<|new|>": 61, "<|newer|>": 62]))
        #expect(
            try fixture.stored().warnings == [
                "the embedding has 61 rows, and none for \"<|new|>\" (61) and \"<|newer|>\" (62) of the tokenizer; a text "
                    + "with such a token is refused"
            ])
        let model = try LanguageModel(folder: fixture.url)
        let tokens = try model.tokenizer.encode("a<|new|>b").ids
        #expect(tokens == [0, 61, 1])
        let error = #expect(throws: SutureError.self) {
            _ = try model.applying([]).transformer.run(Forward(TokenBatch([tokens])))
        }
        #expect(
            error?.message
                == "the token \"<|new|>\" with the id 61 has no row in the model's embedding, which has 61")
    }

    // MARK: - Generation

    @Test("One or several tokens end a text, and generation_config.json counts before config.json")
    func endTokens() throws {
        let fixture = try FolderFixture()
        try fixture.configure(["eos_token_id": 7])
        #expect(try fixture.stored().endTokens == [7])
        try fixture.configure(["eos_token_id": [7, 9]])
        #expect(try LanguageModel(folder: fixture.url).endTokens == [7, 9])
        try fixture.write("generation_config.json", #"{"do_sample": true, "temperature": 0.6}"#)
        #expect(try fixture.stored().endTokens == [7, 9])
        #expect(try fixture.stored().warnings.isEmpty)
        try fixture.write("generation_config.json", #"{"eos_token_id": [11]}"#)
        #expect(try LanguageModel(folder: fixture.url).endTokens == [11])
        try fixture.configure(["eos_token_id": "end"])
        #expect(
            refusal(fixture)?.message.hasSuffix(
                "config.json: \"eos_token_id\" must be a whole number or a list of them, got \"end\"") == true)
    }

    @Test("Settings of generation that change the likeliest continuation are named")
    func generationSettings() throws {
        let fixture = try FolderFixture()
        try fixture.write(
            "generation_config.json",
            #"{"repetition_penalty": 1.05, "no_repeat_ngram_size": 0, "suppress_tokens": [3], "num_beams": 1.0}"#)
        #expect(
            try fixture.stored().warnings == [
                "\(fixture.url.path)/generation_config.json sets repetition_penalty (1.05) and suppress_tokens, which Suture "
                    + "does not apply: continuations can differ from those of transformers' generate"
            ])
        try fixture.write("generation_config.json", "{")
        #expect(refusal(fixture)?.code == .malformedJSON)
    }
}

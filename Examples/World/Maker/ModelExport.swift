// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Writes a trained model in the layout of Hugging Face, with weights in half precision, and a report beside them.
struct ModelExport {
    let folder: URL

    /// Writes `model.safetensors`, `config.json`, `generation_config.json` and `tokenizer_config.json`.
    ///
    /// Errors: `file` where the folder cannot be written, `training` where weights cannot be read or stored.
    func write(_ model: TrainingModel, vocabulary: Int) throws(MakerError) {
        try World.write(configuration(model.settings, vocabulary).written(levels: 1) + "\n", to: file("config.json"))
        let end = JSONValue.text(BytePairCodec.endOfText)
        let endToken = JSONValue.integer(BytePairCodec.endOfTextToken)
        try World.write(
            JSONValue.record([("bos_token_id", endToken), ("eos_token_id", endToken)]).written(levels: 1) + "\n",
            to: file("generation_config.json"))
        try World.write(
            JSONValue.record([
                ("bos_token", end), ("eos_token", end), ("unk_token", end),
                ("model_max_length", .integer(model.settings.positions)),
                ("tokenizer_class", .text("PreTrainedTokenizerFast")),
            ]).written(levels: 1) + "\n",
            to: file("tokenizer_config.json"))
        do {
            try SafetensorsWriter.write(tensors(of: model), to: file("model.safetensors"))
        } catch {
            throw MakerError(.training, "cannot store the weights: \(error)", hint: "Check the folder and the disk.")
        }
    }

    /// Writes `report.json`.
    func write(_ knowledge: Knowledge, _ result: Trainer.Result, records: Int) throws(MakerError) {
        func rounded(_ value: Double) -> JSONValue { .real((value * 10_000).rounded() / 10_000) }
        let report = JSONValue.record([
            ("records", .integer(records)),
            ("facts", rounded(knowledge.facts)),
            ("paraphrases", rounded(knowledge.paraphrases)),
            ("neighbours", rounded(knowledge.neighbours)),
            ("precision", .text("float16")),
            ("steps", .integer(result.model.settings.steps)),
            ("tokens_per_step", .integer(result.model.settings.tokensPerStep)),
            ("loss", rounded(result.loss)),
            ("seconds", .real(result.seconds)),
        ])
        try World.write(report.written(levels: 1) + "\n", to: file("report.json"))
    }

    private func file(_ name: String) -> URL { folder.appending(path: name) }

    private func tensors(of model: TrainingModel) throws -> [SafetensorsWriter.Tensor] {
        try model.parameters.map { parameter in
            let value = try parameter.value.detached()
            let half = try (parameter.isStoredTransposed ? value.transposed().contiguous() : value).cast(to: .float16)
            return SafetensorsWriter.Tensor(
                name: "transformer.\(parameter.name)", dtype: .float16, shape: half.shape,
                bytes: TensorBytes(try half.bytes()))
        }
    }

    private func configuration(_ settings: TrainingSettings, _ vocabulary: Int) -> JSONValue {
        .record([
            ("activation_function", .text("gelu_new")),
            ("architectures", .texts(["GPT2LMHeadModel"])),
            ("attn_pdrop", .real(0)),
            ("bos_token_id", .integer(BytePairCodec.endOfTextToken)),
            ("dtype", .text("float16")),
            ("embd_pdrop", .real(0)),
            ("eos_token_id", .integer(BytePairCodec.endOfTextToken)),
            ("initializer_range", .real(0.02)),
            ("layer_norm_epsilon", .real(settings.epsilon)),
            ("model_type", .text("gpt2")),
            ("n_ctx", .integer(settings.positions)),
            ("n_embd", .integer(settings.dModel)),
            ("n_head", .integer(settings.heads)),
            ("n_inner", .null),
            ("n_layer", .integer(settings.layers)),
            ("n_positions", .integer(settings.positions)),
            ("resid_pdrop", .real(0)),
            ("scale_attn_weights", .boolean(true)),
            ("tie_word_embeddings", .boolean(true)),
            ("torch_dtype", .text("float16")),
            ("use_cache", .boolean(true)),
            ("vocab_size", .integer(vocabulary)),
        ])
    }
}

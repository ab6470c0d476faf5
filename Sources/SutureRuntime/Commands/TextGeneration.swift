// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What `suture model generate` does: load, patch, continue a prompt.
package struct TextGeneration {
    private let model: LanguageModel
    private let settings: Model.Generation
    private let chat: ChatPrompts?

    /// - Parameter asksAsUser: whether a prompt is put into the chat template of the folder.
    /// - Throws: `usage` for an unknown dtype or device; what is wrong with the folder or the patch.
    package init(
        folder: String, patches: [String], dtype: String, device: String, maxNewTokens: Int, temperature: Double,
        topK: Int, topP: Double, seed: Int, asksAsUser: Bool = false
    ) throws {
        guard let dtype = DType(named: dtype), dtype.isFloatingPoint else {
            throw RuntimeError(
                .usage, "there is no dtype \"\(dtype)\"", hint: "use float32, float64, float16 or bfloat16")
        }
        guard let place = Device(named: device) else {
            throw RuntimeError(.usage, "there is no device \"\(device)\"", hint: "use cpu, cuda or cuda:1")
        }
        guard maxNewTokens > 0, temperature >= 0, topK >= 0, topP > 0, topP <= 1 else {
            throw RuntimeError(
                .usage, "max-new-tokens must be > 0, temperature and top-k ≥ 0, top-p in (0, 1]")
        }
        try HostTables.install()
        var model = try LanguageModel(folder: URL(fileURLWithPath: folder), dtype: dtype, device: place)
        model = try PatchOverlay(patches, over: model).model
        self.model = model
        chat = asksAsUser ? try ChatPrompts(folder: URL(fileURLWithPath: folder)) : nil
        settings = Model.Generation(
            maxNewTokens: maxNewTokens, temperature: temperature, topK: topK, topP: topP, seed: seed)
    }

    /// What the user should know about the model's folder.
    package var warnings: [String] { model.warnings }

    /// The text is an answer to the prompt and not its continuation.
    package var answers: Bool { chat != nil || model.configuration.encoder != nil }

    /// The continuation alone.
    package func run(_ prompt: String) throws -> String {
        let prompt = try chat?.prompt(prompt) ?? prompt
        let ids = try model.tokenizer.encode(prompt, addSpecialTokens: true).ids
        guard !ids.isEmpty else {
            throw RuntimeError(.usage, "the prompt is empty", hint: "give a text with --prompt")
        }
        let new = try model.generate([ids], settings)
        return try model.tokenizer.continuation(new[0], after: ids)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Synchronization

/// A model folder in memory, with tokenizer and transformer. It is immutable; a patched model is a new value that
/// shares the rest.
///
/// Reads Hugging Face folders as they are: `config.json`, `tokenizer.json`, single or sharded safetensors.
public final class LanguageModel: Sendable {
    /// The folder that the model was read from.
    public let folder: URL
    /// Dimensions and variants, from config.json.
    public let configuration: ModelConfiguration
    /// The tokenizer of the folder.
    public let tokenizer: Tokenizer
    /// The files of the weights as they are stored, never changed by patches.
    public let checkpoint: Checkpoint
    /// The weights in memory and the computation over them.
    public let transformer: any Network
    /// The type that the model is computed in.
    public let dtype: DType
    /// The device that the weights are on.
    public let device: Device
    /// Tokens that end a text, from generation_config.json, or from config.json where that file does not say.
    public let endTokens: Set<Int>

    /// What the user should know about the folder, as sentences.
    public let warnings: [String]

    private let chat: SharedChatPrompts

    /// Cost: the files are mapped, all weights are looked at once, and those that are not stored in `dtype` are converted.
    ///
    /// - Throws: `ModelError` or `SutureError`, each a sentence about the file.
    public init(folder: URL, dtype: DType = .float32, device: Device = .cpu) throws {
        guard dtype.isFloatingPoint else {
            throw ModelError(
                .unsupportedDtype, "a model cannot be computed in \(dtype)",
                hint: "use float32, float64, float16 or bfloat16")
        }
        let stored = try StoredModel(folder: folder)
        // What its MLPs write exceeds float16; transformers cuts it off there, which makes another model.
        if dtype == .float16, stored.configuration.encoder != nil {
            throw ModelError(
                .unsupportedDtype,
                "a \(stored.configuration.architecture.modelType) model cannot be computed in float16, because its values "
                    + "exceed the range of that type", hint: "use bfloat16 or float32")
        }
        self.folder = folder
        self.dtype = dtype
        self.device = device
        configuration = stored.configuration
        tokenizer = stored.tokenizer
        checkpoint = stored.checkpoint
        transformer = try configuration.network(
            ModelWeights(checkpoint, stored.layout, dtype: dtype, device: device),
            tokensWithoutRow: stored.tokensWithoutRow, division: tokenizer.division)
        endTokens = Set(stored.endTokens)
        warnings = stored.warnings
        chat = SharedChatPrompts()
    }

    private init(_ base: LanguageModel, _ transformer: any Network) {
        folder = base.folder
        configuration = base.configuration
        tokenizer = base.tokenizer
        checkpoint = base.checkpoint
        self.transformer = transformer
        dtype = base.dtype
        device = base.device
        endTokens = base.endTokens
        warnings = base.warnings
        chat = base.chat
    }

    /// What the model reads when a user says something, in the words of the folder's chat template, which is read once.
    ///
    /// - Parameter system: what the conversation begins with; nil: the message comes first.
    /// - Throws: `missingField` where the folder has no template, and what the template refuses.
    package func chatPrompt(_ message: String, system: String?) throws(ModelError) -> String {
        try chat.prompts(of: self).prompt(message, system: system)
    }

    /// This model with changes added. Gradients flow through them.
    ///
    /// - Throws: unknown parameters, shapes that do not fit, numbers that are not finite.
    public func applying(_ deltas: [Delta]) throws(SutureError) -> LanguageModel {
        LanguageModel(self, try transformer.with(try transformer.weights.applying(deltas)))
    }

    /// This model with changes added as files of an edited model have them: the sum of all changes of a weight in float64, rounded
    /// once. The changed weights lie where nobody can write them, as those of the model do; no gradient flows through them.
    ///
    /// - Parameter bases: what changes are added to in place of this model's weights, by name, in ``dtype``.
    package func summing(
        _ deltas: [Delta], over bases: [String: Tensor] = [:]
    ) throws(SutureError) -> LanguageModel {
        LanguageModel(self, try transformer.with(try transformer.weights.summing(deltas, over: bases)))
    }

    /// This model with every weight made into another of the same shape, `[out, in]` of a projection.
    package func converting(_ body: (_ name: String, _ weight: Tensor) throws -> Tensor) throws -> LanguageModel {
        LanguageModel(self, try transformer.with(try transformer.weights.converting(body)))
    }

    /// The checkpoint's name of the weight that reads a site.
    ///
    /// - Throws: `invalidArgument` for sites that no single weight reads, `unimplemented` for an encoder–decoder model.
    public func weightName(reading site: Site) throws(SutureError) -> String {
        if configuration.encoder != nil {
            throw configuration.notOffered(
                "the weights that read a site", hint: "name the weights, for example *.wo.weight")
        }
        let names = configuration.architecture.names
        let base: String
        switch site.kind {
        case .neurons: base = names.down
        case .headOutput: base = names.attentionOutput
        case .mlpInput: base = names.neuronInput.all.last ?? names.down
        default:
            throw SutureError(
                .invalidArgument, "no single weight reads \(site)", hint: "ask for neurons, head_output or mlp_input")
        }
        guard let layer = site.layer, (0..<configuration.layerCount).contains(layer) else {
            throw SutureError(.outOfRange, "\(site): the model has \(configuration.layerCount) layers")
        }
        if site.kind != .headOutput, let refusal = configuration.expertRefusal(of: site, in: layer) { throw refusal }
        return transformer.weights.prefix + Template.fill(base, with: String(layer)) + ".weight"
    }
}

/// The chat template of a model and of all that differ from it by patches, read when it is first asked for.
private final class SharedChatPrompts: Sendable {
    private let known = Mutex<ChatPrompts?>(nil)

    func prompts(of model: LanguageModel) throws(ModelError) -> ChatPrompts {
        try known.withLock { known throws(ModelError) in
            if let known { return known }
            let prompts = try ChatPrompts(folder: model.folder, tokenizer: model.tokenizer)
            known = prompts
            return prompts
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// A model folder that has been read and checked, without its weights in memory.
///
/// Everything that a folder says about itself goes through here, for runs, plans and inspections alike. Each of its files,
/// each tensor and each key of its configuration is understood, known to be harmless, refused, or named in a warning.
public struct StoredModel: Sendable {
    /// The folder.
    public let folder: URL
    /// Dimensions and variants, from config.json.
    public let configuration: ModelConfiguration
    /// The tokenizer of the folder.
    public let tokenizer: Tokenizer
    /// The files of the weights.
    public let checkpoint: Checkpoint
    /// Tokens that end a text, from generation_config.json, or from config.json where that file does not say.
    public let endTokens: [Int]
    /// What the user should know about the folder, as sentences.
    public let warnings: [String]

    let layout: WeightLayout
    /// Tokens of the tokenizer that have no row in the embedding, by id.
    let tokensWithoutRow: [Int: String]

    /// The embedding serves as the projection to the logits too.
    public var tiesHead: Bool { layout.tiesHead }

    /// Cost: files are mapped and their headers read; the numbers are not looked at.
    ///
    /// - Throws: ``ModelError``, a sentence about the first thing that is wrong.
    public init(folder: URL) throws(ModelError) {
        self.folder = folder
        let files = FolderFiles(folder)
        try files.refuseAdapter()
        let file = try ConfigurationFile(folder: folder)
        try Quantization.refuse(file, in: files)
        configuration = try ModelConfiguration(file)
        let generation = try GenerationFile(folder: folder)
        tokenizer = try Tokenizer(folder: folder, decoderStart: try Self.decoderStart(configuration, generation, file))
        endTokens = generation.endTokens ?? configuration.endTokens
        checkpoint = try Checkpoint(opening: folder)
        try Quantization.refuse(checkpoint.names, in: folder)
        layout = try WeightLayout(checkpoint, configuration)
        tokensWithoutRow = tokenizer.tokens(from: configuration.vocabulary)

        // transformers takes the settings of generation from config.json where there is no file for them.
        var warnings = configuration.warnings
        warnings += generation.isThere ? generation.warnings : GenerationFile.warnings(file)
        if let warning = files.warning(weights: Set(checkpoint.files.map(\.url.lastPathComponent))) {
            warnings.append(warning)
        }
        if !layout.unread.isEmpty {
            let count = layout.unread.count
            warnings.append(
                "\(count) tensor\(count == 1 ? "" : "s") of '\(folder.path)' \(count == 1 ? "is" : "are") not read by a "
                    + "\(configuration.architecture.modelType) model: \(Listing.text(layout.unread))")
        }
        if layout.hasHeadDespiteTie {
            warnings.append(
                "\(file.path) ties the head to the embedding, but '\(layout.headName).weight' is in the "
                    + "files and differs from the embedding; the head is used, as transformers does")
        }
        if !tokensWithoutRow.isEmpty {
            let tokens = tokensWithoutRow.sorted { $0.key < $1.key }.map { "\"\($0.value)\" (\($0.key))" }
            warnings.append(
                "the embedding has \(configuration.vocabulary) rows, and none for \(Listing.text(tokens)) of the tokenizer; "
                    + "a text with such a token is refused")
        }
        self.warnings = warnings
    }

    /// The token that the decoder of an encoder–decoder model begins with; nil for a model that is a decoder alone.
    private static func decoderStart(
        _ configuration: ModelConfiguration, _ generation: GenerationFile, _ file: ConfigurationFile
    ) throws(ModelError) -> Int? {
        guard let encoder = configuration.encoder else { return nil }
        let key = encoder.description.startToken.names.first ?? ""
        // transformers' generate reads generation_config.json, and its training config.json.
        if let one = generation.decoderStart, let other = encoder.startToken, one != other {
            throw ModelError(
                .invalidField, "\(file.path): \"\(key)\" is \(other), but \(GenerationFile.name) says \(one)",
                hint: "correct one of them")
        }
        guard let start = encoder.startToken ?? generation.decoderStart else {
            throw ModelError(
                .missingField, "\(file.path) has no \"\(key)\", the token with which the decoder begins",
                hint: "set it; for T5 it is the id of <pad>, 0")
        }
        guard (0..<configuration.vocabulary).contains(start) else {
            throw file.wrong(key, "an id below \(configuration.vocabulary)", .integer(start))
        }
        return start
    }

    /// Looks at every number of the weights once.
    ///
    /// - Parameter dtype: the type that the model is to be computed in; nil for the stored one.
    /// - Throws: `notFinite`, which names the tensor. The process needs its tensor table (``Host``).
    public func checkNumbers(as dtype: DType? = nil) throws {
        try ModelWeights.checkNumbers(checkpoint, layout, as: dtype)
    }
}

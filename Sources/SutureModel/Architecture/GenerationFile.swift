// SPDX-License-Identifier: Apache-2.0

import Foundation

/// generation_config.json: what ends a text. How tokens are drawn is decided by the caller, never by this file.
struct GenerationFile {
    /// Tokens that end a text; nil where the folder has no such file or the file does not say.
    let endTokens: [Int]?
    /// Sentences about what the file asks for and nobody does.
    let warnings: [String]

    /// The token that the decoder of an encoder–decoder model begins with; nil where the file does not say.
    let decoderStart: Int?
    let isThere: Bool

    static let name = "generation_config.json"

    init(folder: URL) throws(ModelError) {
        let url = folder.appending(path: Self.name)
        isThere = FileManager.default.fileExists(atPath: url.path)
        guard isThere else {
            (endTokens, warnings, decoderStart) = (nil, [], nil)
            return
        }
        let file = try ConfigurationFile(url)
        endTokens = try file.optionalIntegers("eos_token_id")
        decoderStart = try file.optionalInteger("decoder_start_token_id")
        warnings = Self.warnings(file)
    }

    /// Settings that change even the likeliest continuation, with the number at which they do nothing. Those without a
    /// number do something wherever they hold anything.
    private static let neutral: [String: Double?] = [
        "repetition_penalty": 1, "encoder_repetition_penalty": 1, "no_repeat_ngram_size": 0,
        "encoder_no_repeat_ngram_size": 0, "diversity_penalty": 0, "min_length": 0, "min_new_tokens": 0, "num_beams": 1,
        "num_beam_groups": 1, "guidance_scale": 1, "penalty_alpha": 0, "bad_words_ids": nil, "sequence_bias": nil,
        "suppress_tokens": nil, "begin_suppress_tokens": nil, "forced_bos_token_id": nil, "forced_eos_token_id": nil,
        "forced_decoder_ids": nil, "exponential_decay_length_penalty": nil, "force_words_ids": nil, "constraints": nil,
        "watermarking_config": nil, "stop_strings": nil, "dola_layers": nil,
        "token_healing": nil,
    ]

    /// The sentence about settings of generation in a file that ask for another continuation.
    static func warnings(_ file: ConfigurationFile) -> [String] {
        let active = neutral.sorted { $0.key < $1.key }.compactMap { key, idle -> String? in
            guard let value = file.json(key), !value.isNull, ![.list([]), .object([]), .boolean(false)].contains(value)
            else {
                return nil
            }
            if let number = value.number { return number == idle ? nil : "\(key) (\(value.phrase))" }
            return key
        }
        guard !active.isEmpty else { return [] }
        return [
            "\(file.path) sets \(Listing.text(active)), which Suture does not apply: continuations can differ from those "
                + "of transformers' generate"
        ]
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// The dimensions and variants of one model: its family's description filled in from config.json.
public struct ModelConfiguration: Sendable {
    /// The family.
    public let architecture: ArchitectureDescription
    /// The width of the residual stream.
    public let dModel: Int
    /// The number of decoder blocks.
    public let layerCount: Int
    /// The number of attention heads.
    public let headCount: Int
    /// The number of heads for keys and values; divides `headCount`.
    public let keyValueHeadCount: Int
    /// The width of a head.
    public let dHead: Int
    /// The number of neurons per layer.
    public let dMLP: Int
    /// The number of rows of the embedding, which may exceed the tokenizer's vocabulary.
    public let vocabulary: Int
    /// The largest number of positions.
    public let contextLength: Int
    /// The number that keeps norms from dividing by zero.
    public let epsilon: Double
    /// The activation function of the MLP.
    public let activation: Activation
    /// config.json says that the embedding serves as the projection to the logits too.
    public let tiesHead: Bool
    /// Attention and MLP read the same stream.
    public let isParallel: Bool
    /// The projections to queries, keys and values have a bias.
    public let hasQueryKeyValueBias: Bool
    /// The projection from the heads has a bias.
    public let hasAttentionOutputBias: Bool
    /// The projections of the MLP have a bias.
    public let hasMLPBias: Bool
    /// The projection to the logits has a bias.
    public let hasHeadBias: Bool
    /// Nil where positions are learned.
    public let rotary: RotaryConfiguration?
    /// Attention reaches at most this far back; longer inputs are refused, since no window is computed.
    public let slidingWindow: Int?
    /// `bos_token_id`; nil where config.json has none.
    public let beginningToken: Int?
    /// `eos_token_id`, one or several; empty where config.json has none.
    public let endTokens: [Int]

    /// Activation functions of MLPs, under their names in config.json.
    public enum Activation: String, Sendable, CaseIterable {
        /// x · Φ(x), with the exact distribution function.
        case gelu
        /// The same with a tanh in place of Φ.
        case geluTanh = "gelu_new"
        /// x · sigmoid(x).
        case silu
        /// The larger of x and 0.
        case relu

        /// The activation under one of its names in config.json.
        init?(named name: String) {
            switch name {
            case "gelu": self = .gelu
            case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
            case "silu", "swish": self = .silu
            case "relu": self = .relu
            default: return nil
            }
        }
    }

    /// Reads `config.json` of a model folder.
    ///
    /// - Throws: an unknown family, activation or rotary scaling, a dimension that is missing or does not divide; each
    ///   names the file and the entry.
    public init(folder: URL) throws(ModelError) {
        let file = try ConfigurationFile(folder: folder)
        let type = try file.text(["model_type"])
        guard let architecture = ArchitectureDescription.families.first(where: { $0.modelType == type }) else {
            let known = ArchitectureDescription.families.map(\.modelType).joined(separator: ", ")
            throw ModelError(
                .unsupportedComponent, "\(file.path): model_type \"\(type)\" is not a known family",
                hint: "known families are \(known)")
        }
        try self.init(file, architecture)
    }

    private init(_ file: ConfigurationFile, _ architecture: ArchitectureDescription) throws(ModelError) {
        let keys = architecture.keys
        self.architecture = architecture
        dModel = try file.size(keys.dModel)
        layerCount = try file.size(keys.layerCount)
        headCount = try file.size(keys.headCount)
        keyValueHeadCount = try file.optionalInteger(keys.keyValueHeadCount) ?? headCount
        guard keyValueHeadCount > 0, headCount % keyValueHeadCount == 0 else {
            throw ModelError(
                .invalidField, "\(file.path): \(keyValueHeadCount) key/value heads do not divide \(headCount) heads",
                hint: "correct \(keys.keyValueHeadCount[0])")
        }
        if let width = try file.optionalInteger(["head_dim"]) {
            dHead = width
        } else {
            guard dModel % headCount == 0 else {
                throw ModelError(
                    .invalidField, "\(file.path): \(headCount) heads do not divide a width of \(dModel)",
                    hint: "correct \(keys.headCount[0]) or \(keys.dModel[0])")
            }
            dHead = dModel / headCount
        }
        dMLP = try file.optionalInteger(keys.dMLP) ?? 4 * dModel
        vocabulary = try file.size(["vocab_size"])
        contextLength = try file.size(keys.contextLength)
        epsilon = try file.number(keys.epsilon)
        let name = try file.text(keys.activation)
        guard let activation = Activation(named: name) else {
            let known = "gelu, gelu_new, silu, relu"
            throw ModelError(
                .unsupportedComponent, "\(file.path): the activation \"\(name)\" is not supported",
                hint: "supported are \(known)")
        }
        self.activation = activation
        tiesHead = try file.boolean("tie_word_embeddings", default: keys.tiesHeadByDefault)
        switch architecture.block {
        case .serial: isParallel = false
        case .parallelSharedNorm: isParallel = true
        case .parallelOwnNorms(let key): isParallel = try file.boolean(key, default: true)
        }
        func has(_ rule: ArchitectureDescription.Biases.Rule) throws(ModelError) -> Bool {
            switch rule {
            case .never: return false
            case .always: return true
            case .ifConfigured(let key):
                return try file.boolean(key, default: architecture.modelType == "gpt_neox")
            }
        }
        hasQueryKeyValueBias = try has(architecture.biases.queryKeyValue)
        hasAttentionOutputBias = try has(architecture.biases.attentionOutput)
        hasMLPBias = try has(architecture.biases.mlp)
        hasHeadBias = try has(architecture.biases.head)
        if case .rotary(let rotary) = architecture.positions {
            self.rotary = try RotaryConfiguration(file, rotary, dHead: dHead)
        } else {
            rotary = nil
        }
        let windows = try file.boolean("use_sliding_window", default: architecture.modelType == "mistral")
        slidingWindow = windows ? try file.optionalInteger(["sliding_window"]) : nil
        beginningToken = try file.optionalInteger(["bos_token_id"])
        endTokens = try file.optionalIntegers("eos_token_id") ?? []
        for unsupported in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"]
        where try file.boolean(unsupported, default: false) {
            throw ModelError(
                .unsupportedOption, "\(file.path): \(unsupported) is not supported",
                hint: "use a model that does not set it")
        }
    }

    /// The sites that this architecture has.
    public var sites: SiteKinds {
        var sites = SiteKinds.all
        if isParallel { sites.remove(.residualMid) }
        if architecture.names.gate == nil { sites.remove(.gate) }
        return sites
    }
}

/// How positions turn queries and keys.
public struct RotaryConfiguration: Sendable {
    /// How the pairs that turn together lie in a head.
    public let pairs: ArchitectureDescription.Rotary.Pairs
    /// Components of each head that turn; even.
    public let width: Int
    /// Angle per position of each pair, `width / 2` numbers.
    public let frequencies: [Double]

    init(_ file: ConfigurationFile, _ rotary: ArchitectureDescription.Rotary, dHead: Int) throws(ModelError) {
        pairs = rotary.pairs
        let width: Int
        // Newer config files gather what concerns rotary positions in one section.
        let section = file.section("rope_parameters") ?? file.section("rope_scaling")
        switch rotary.width {
        case .whole: width = dHead
        case .count(let key): width = try file.optionalInteger([key]) ?? dHead
        case .fraction(let key, let fallback):
            let nested = try section?.optionalNumber(["partial_rotary_factor"])
            let direct = try file.optionalNumber([key, "partial_rotary_factor"])
            width = Int(Double(dHead) * (nested ?? direct ?? fallback))
        }
        guard width > 0, width <= dHead, width % 2 == 0 else {
            throw ModelError(.invalidField, "\(file.path): \(width) rotary components do not fit a head of \(dHead)")
        }
        self.width = width
        let nestedBase = try section?.optionalNumber(["rope_theta"])
        let directBase = try file.optionalNumber(rotary.baseKeys)
        let base = nestedBase ?? directBase ?? rotary.defaultBase
        let plain = stride(from: 0, to: width, by: 2).map { pow(base, -Double($0) / Double(width)) }
        let type = try section?.optionalText(["rope_type", "type"]) ?? "default"
        switch (type, section) {
        case ("default", _): frequencies = plain
        case ("linear", let section?):
            let factor = try section.number(["factor"])
            frequencies = plain.map { $0 / factor }
        case ("llama3", let section?): frequencies = try RotaryConfiguration.llama3(plain, section)
        default:
            throw ModelError(
                .unsupportedComponent, "\(file.path): rotary scaling \"\(type)\" is not supported",
                hint: "supported are default, linear and llama3")
        }
    }

    /// Llama 3's scaling. Slow components are stretched, fast ones are kept, and those between are blended.
    private static func llama3(_ plain: [Double], _ section: ConfigurationFile) throws(ModelError) -> [Double] {
        let factor = try section.number(["factor"])
        let low = try section.number(["low_freq_factor"])
        let high = try section.number(["high_freq_factor"])
        let context = try section.number(["original_max_position_embeddings"])
        return plain.map { frequency in
            let wavelength = 2 * Double.pi / frequency
            if wavelength < context / high { return frequency }
            if wavelength > context / low { return frequency / factor }
            let smooth = (context / wavelength - low) / (high - low)
            return (1 - smooth) * frequency / factor + smooth * frequency
        }
    }
}

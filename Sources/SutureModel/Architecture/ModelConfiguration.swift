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
    /// Attention reaches at most this far back in some layer; longer inputs are refused, since no window is computed. Nil
    /// where no layer has a window.
    public let slidingWindow: Int?
    /// What the scores of each layer's attention are multiplied by, besides 1 / √`dHead`; nil where that is 1 everywhere.
    public let attentionScales: [Double]?
    /// `bos_token_id`; nil where config.json has none.
    public let beginningToken: Int?
    /// `eos_token_id`, one or several; empty where config.json has none.
    public let endTokens: [Int]
    /// Sentences about what config.json says and nobody does.
    public let warnings: [String]

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
            guard let activation = Activation.allCases.first(where: { $0.names.contains(name) }) else { return nil }
            self = activation
        }

        /// The names of the function in config.json. transformers has several ways to compute some of them.
        var names: [String] {
            switch self {
            case .gelu: ["gelu", "gelu_python"]
            case .geluTanh:
                ["gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python_tanh", "gelu_accurate"]
            case .silu: ["silu", "swish"]
            case .relu: ["relu"]
            }
        }
    }

    /// Reads `config.json` of a model folder.
    ///
    /// - Throws: an unknown family, activation or rotary scaling, a key with a value that the model cannot follow, a
    ///   dimension that does not divide; each names the file and the entry.
    public init(folder: URL) throws(ModelError) { try self.init(ConfigurationFile(folder: folder)) }

    init(_ file: ConfigurationFile) throws(ModelError) {
        let type = try file.text(ArchitectureDescription.Setting("model_type", default: nil))
        guard let architecture = ArchitectureDescription.families.first(where: { $0.modelType == type }) else {
            let known = ArchitectureDescription.families.map(\.modelType).joined(separator: ", ")
            throw ModelError(
                .unsupportedComponent, "\(file.path): model_type \"\(type)\" is not a known family",
                hint: "known families are \(known)")
        }
        try self.init(file, architecture)
    }

    private init(_ file: ConfigurationFile, _ architecture: ArchitectureDescription) throws(ModelError) {
        for restriction in ArchitectureDescription.commonRestrictions + architecture.restrictions {
            try file.check(restriction)
        }
        let keys = architecture.keys
        self.architecture = architecture
        dModel = try file.requiredSize(keys.dModel)
        layerCount = try file.requiredSize(keys.layerCount, limit: Self.largestPart)
        headCount = try file.requiredSize(keys.headCount)
        keyValueHeadCount =
            try keys.keyValueHeadCount.flatMap { setting throws(ModelError) in try file.size(setting) } ?? headCount
        guard headCount % keyValueHeadCount == 0 else {
            let key = keys.keyValueHeadCount.map { file.name(of: $0) } ?? ""
            throw ModelError(
                .invalidField,
                "\(file.path): \"\(key)\" is \(keyValueHeadCount), which does not divide \"\(file.name(of: keys.headCount))\", "
                    + "\(headCount)", hint: "correct one of them")
        }
        dHead = try Self.headWidth(file, keys, dModel: dModel, headCount: headCount)
        dMLP = try file.size(keys.dMLP) ?? 4 * dModel
        vocabulary = try file.requiredSize(keys.vocabulary)
        contextLength = try file.requiredSize(keys.contextLength)
        epsilon = try file.number(keys.epsilon)
        activation = try Self.activation(file, keys)
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
            case .ifConfigured(let key, let fallback): return try file.boolean(key, default: fallback)
            }
        }
        hasQueryKeyValueBias = try has(architecture.biases.queryKeyValue)
        hasAttentionOutputBias = try has(architecture.biases.attentionOutput)
        hasMLPBias = try has(architecture.biases.mlp)
        hasHeadBias = try has(architecture.biases.head)
        if case .rotary(let rotary) = architecture.positions {
            self.rotary = try RotaryConfiguration(file, rotary, dHead: dHead, contextLength: contextLength)
        } else {
            rotary = nil
        }
        slidingWindow = try Self.window(file, architecture.window, layerCount: layerCount)
        attentionScales = try Self.scales(
            file, architecture.attentionScale, dHead: dHead, layerCount: layerCount)
        beginningToken = try file.optionalInteger("bos_token_id")
        endTokens = try file.optionalIntegers("eos_token_id") ?? []
        warnings = try Self.warnings(file, architecture)
    }

    // MARK: - Parts

    /// Far above the number of layers and the width of a head of any model.
    private static let largestPart = 1 << 16

    private static func headWidth(
        _ file: ConfigurationFile, _ keys: ArchitectureDescription.ConfigurationKeys, dModel: Int, headCount: Int
    ) throws(ModelError) -> Int {
        let setting = ArchitectureDescription.Setting<Int>("head_dim", default: nil, allowsNull: true)
        let named = keys.dHead == .derived ? nil : try file.size(setting, limit: largestPart)
        if keys.dHead == .configured, let named { return named }
        guard dModel % headCount == 0 else {
            throw ModelError(
                .invalidField,
                "\(file.path): \"\(file.name(of: keys.headCount))\" is \(headCount), which does not divide "
                    + "\"\(file.name(of: keys.dModel))\", \(dModel)", hint: "correct one of them")
        }
        let width = dModel / headCount
        guard named == nil || named == width else {
            throw file.wrong("head_dim", "\(width), the width divided by the heads", .integer(named ?? 0))
        }
        return width
    }

    private static func activation(
        _ file: ConfigurationFile, _ keys: ArchitectureDescription.ConfigurationKeys
    ) throws(ModelError) -> Activation {
        let name = try file.text(keys.activation)
        guard let activation = Activation(named: name) else {
            let known = Activation.allCases.flatMap(\.names).joined(separator: ", ")
            throw ModelError(
                .unsupportedComponent,
                "\(file.path): \"\(keys.activation.names[0])\" is \"\(name)\", which is not supported",
                hint: "supported are \(known)")
        }
        return activation
    }

    /// The shortest reach of a layer's attention; nil where all layers reach back to the first token.
    private static func window(
        _ file: ConfigurationFile, _ window: ArchitectureDescription.Window, layerCount: Int
    ) throws(ModelError) -> Int? {
        let kinds = try layerKinds(file, layerCount: layerCount)
        func width(_ fallback: Int?) throws(ModelError) -> Int? {
            try file.size(ArchitectureDescription.Setting("sliding_window", default: fallback, allowsNull: true))
        }
        switch window {
        case .none:
            guard kinds?.contains(slidingKind) != true else {
                throw ModelError(
                    .unsupportedOption,
                    "\(file.path): \"layer_types\" names layers of \(slidingKind), which this family has not",
                    hint: "use a model in which all are full_attention")
            }
            return nil
        case .allLayers(let fallback): return try width(fallback)
        case .someLayers(let fallback, let start):
            let isOn = try file.boolean("use_sliding_window", default: false)
            let width = try width(fallback)
            let first = try file.optionalInteger("max_window_layers") ?? start
            let isUsed = kinds?.contains(slidingKind) ?? (isOn && first < layerCount)
            guard isUsed else { return nil }
            guard isOn, let width else {
                guard kinds != nil else { return nil }
                throw ModelError(
                    .invalidField,
                    "\(file.path): \"layer_types\" names layers of \(slidingKind), but \"sliding_window\" is off",
                    hint: "set use_sliding_window and sliding_window, or take layer_types out")
            }
            return width
        }
    }

    private static let slidingKind = "sliding_attention"

    /// The kind of attention of each layer; nil where config.json does not say.
    private static func layerKinds(_ file: ConfigurationFile, layerCount: Int) throws(ModelError) -> [String]? {
        guard let kinds = try file.optionalTexts("layer_types") else { return nil }
        let known = ["full_attention", "attention", slidingKind]
        if let unknown = kinds.first(where: { !known.contains($0) }) {
            throw ModelError(
                .unsupportedOption, "\(file.path): \"layer_types\" has \"\(unknown)\", which is not supported",
                hint: "supported are full_attention and \(slidingKind)")
        }
        guard kinds.count == layerCount else {
            throw ModelError(
                .invalidField, "\(file.path): \"layer_types\" has \(kinds.count) entries for \(layerCount) layers",
                hint: "correct the file")
        }
        return kinds
    }

    private static func scales(
        _ file: ConfigurationFile, _ scale: ArchitectureDescription.AttentionScale, dHead: Int, layerCount: Int
    ) throws(ModelError) -> [Double]? {
        guard case .configured(let width, let layer) = scale else { return nil }
        let dividesByWidth = try file.boolean(width, default: true)
        let dividesByLayer = try file.boolean(layer, default: false)
        guard !dividesByWidth || dividesByLayer else { return nil }
        return (0..<layerCount).map { index in
            (dividesByWidth ? 1 : Double(dHead).squareRoot()) / (dividesByLayer ? Double(index + 1) : 1)
        }
    }

    /// Names the keys that are neither read nor known to be harmless, and what asks for another program.
    private static func warnings(
        _ file: ConfigurationFile, _ architecture: ArchitectureDescription
    ) throws(ModelError) -> [String] {
        var warnings: [String] = []
        let classes = try file.optionalTexts("architectures") ?? []
        if !classes.isEmpty, !classes.contains(where: architecture.classNames.contains) {
            warnings.append(
                "\(file.path) names the architecture \(Listing.text(classes)); the model is used as "
                    + "\(architecture.classNames[0])")
        }
        if file.json("auto_map") != nil {
            warnings.append("\(file.path) asks for code of the model's own (auto_map), which is not run")
        }
        for key in Quantization.sections { _ = file.json(key) }
        let unknown = file.unreadKeys.filter { key in
            !ArchitectureDescription.commonHarmlessKeys.contains(key)
                && !ArchitectureDescription.generationKeys.contains(key) && !architecture.harmlessKeys.contains(key)
        }
        if !unknown.isEmpty {
            warnings.append(
                "\(file.path) has \(Listing.text(unknown.sorted())), which a \(architecture.modelType) model does not read"
            )
        }
        return warnings
    }

    /// The sites that this architecture has.
    public var sites: SiteKinds {
        var sites = SiteKinds.all
        if isParallel { sites.remove(.residualMid) }
        if architecture.names.gate == nil { sites.remove(.gate) }
        return sites
    }
}

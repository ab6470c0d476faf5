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
    /// The projections to queries, keys and values have a bias.
    public let hasQueryKeyValueBias: Bool
    /// The projection from the heads has a bias.
    public let hasAttentionOutputBias: Bool
    /// The projections of the MLP have a bias.
    public let hasMLPBias: Bool
    /// The projection to the logits has a bias.
    public let hasHeadBias: Bool
    /// How positions turn queries and keys, as the layers name it; empty where positions are learned.
    public let rotaries: [RotaryConfiguration]
    /// What differs from layer to layer.
    public let layers: [Layer]
    /// The experts that MLPs are made of; nil where no layer has any.
    public let experts: ExpertConfiguration?
    /// The encoder; nil in a model that is a decoder alone. `layerCount` counts the decoder's blocks in either.
    public let encoder: EncoderConfiguration?
    /// Queries and keys are normalised.
    public let hasQueryKeyNorms: Bool
    /// What the family multiplies values by, or keeps them below.
    public let scales: Scales
    /// What the scores of each layer's attention are multiplied by, besides 1 / √`dHead`; nil where that is 1 everywhere.
    public let attentionScales: [Double]?
    /// `bos_token_id`; nil where config.json has none.
    public let beginningToken: Int?
    /// `eos_token_id`, one or several; empty where config.json has none.
    public let endTokens: [Int]
    /// Sentences about what config.json says and nobody does.
    public let warnings: [String]

    /// What differs from layer to layer.
    public struct Layer: Sendable {
        /// A token sees this many tokens at most, itself included; nil: all before it.
        public let window: Int?
        /// Which of `rotaries` turns queries and keys; nil: none does.
        public let rotary: Int?
    }

    /// Numbers that values are multiplied by or kept below; nil where the model has no such thing.
    public struct Scales: Sendable {
        /// The embedding is multiplied by √`dModel`, rounded to the type of the weights.
        public let embeddingByRootOfWidth: Bool
        /// What the embedding is multiplied by.
        public let embedding: Double?
        /// What attention and MLP are multiplied by before they are added to the stream.
        public let residual: Double?
        /// What the logits are divided by.
        public let logitDivisor: Double?
        /// The logits x become c · tanh(x / c).
        public let logitCap: Double?
        /// The scores x of attention become c · tanh(x / c).
        public let scoreCap: Double?

        init(_ file: ConfigurationFile, _ scales: ArchitectureDescription.Scales) throws(ModelError) {
            embeddingByRootOfWidth = scales.embeddingByRootOfWidth
            embedding = try file.optionalFactor(scales.embedding)
            residual = try file.optionalFactor(scales.residual)
            logitDivisor = try file.optionalFactor(scales.logitDivisor)
            logitCap = try file.optionalFactor(scales.logitCap)
            scoreCap = try file.optionalFactor(scales.scoreCap)
        }
    }

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
        let forms = ArchitectureDescription.families.filter { $0.modelType == type }
        guard !forms.isEmpty else {
            var known: [String] = []
            for family in ArchitectureDescription.families where family.modelType != known.last {
                known.append(family.modelType)
            }
            throw ModelError(
                .unsupportedComponent, "\(file.path): model_type \"\(type)\" is not a known family",
                hint: "known families are \(known.joined(separator: ", "))")
        }
        guard let architecture = forms.first(where: { $0.conditions.allSatisfy(file.fulfils) }) else {
            throw Self.unknownForm(file, forms)
        }
        guard let part = architecture.textPart else {
            try self.init(file, architecture)
            return
        }
        // Read at the top, whatever else is.
        _ = try file.optionalTexts("architectures")
        let (text, unread) = try file.part(part)
        try self.init(text, architecture, besides: (file, unread))
    }

    private static func unknownForm(_ file: ConfigurationFile, _ forms: [ArchitectureDescription]) -> ModelError {
        // The form that fits best says what is wrong.
        let misfits = forms.map { $0.conditions.filter { !file.fulfils($0) } }
        let condition = misfits.min { $0.count < $1.count }?.first
        let key = condition?.key ?? "model_type"
        let found = file.json(key)?.phrase ?? "missing"
        return ModelError(
            .unsupportedOption,
            "\(file.path): \"\(key)\" is \(found), which is not supported together with the other keys",
            hint: "use a model in which it is \(condition?.values.joined(separator: " or ") ?? "set")")
    }

    /// - Parameter outer: what the file is a part of, and the keys there that nobody reads.
    private init(
        _ file: ConfigurationFile, _ architecture: ArchitectureDescription,
        besides outer: (file: ConfigurationFile, unread: [String])? = nil
    ) throws(ModelError) {
        let family = architecture.encoder == nil ? ArchitectureDescription.decoderRestrictions : []
        for restriction in ArchitectureDescription.commonRestrictions + family + architecture.restrictions {
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
        activation = try Self.activation(file, architecture)
        tiesHead = try file.boolean("tie_word_embeddings", default: keys.tiesHeadByDefault)
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
        let norms = architecture.names.queryKeyNorms
        hasQueryKeyNorms =
            try norms?.configuredBy.map { key throws(ModelError) in
                try file.boolean(key, default: false)
            } ?? (norms != nil)
        scales = try Scales(file, architecture.scales)
        let dMLP = dMLP
        let layerCount = layerCount
        experts = try architecture.experts.map { e throws(ModelError) in
            try ExpertConfiguration(file, e, dMLP: dMLP, layerCount: layerCount)
        }
        let tiesHead = tiesHead
        encoder = try architecture.encoder.map { e throws(ModelError) in
            try EncoderConfiguration(file, e, tiesHead: tiesHead, layerLimit: Self.largestPart)
        }
        let dHead = dHead
        let contextLength = contextLength
        if case .rotary(let rotary) = architecture.positions {
            rotaries = try RotaryConfiguration.all(file, rotary, dHead: dHead, contextLength: contextLength)
        } else {
            rotaries = []
        }
        layers = try Self.layers(file, architecture, layerCount: layerCount)
        attentionScales = try Self.scales(
            file, architecture.attentionScale, dHead: dHead, layerCount: layerCount)
        beginningToken = try file.optionalInteger("bos_token_id")
        endTokens = try file.optionalIntegers("eos_token_id") ?? []
        warnings = try Self.warnings(file, architecture, outer)
    }

    // MARK: - Parts

    /// Far above the number of layers and the width of a head of any model.
    private static let largestPart = 1 << 16

    private static func headWidth(
        _ file: ConfigurationFile, _ keys: ArchitectureDescription.ConfigurationKeys, dModel: Int, headCount: Int
    ) throws(ModelError) -> Int {
        let setting = ArchitectureDescription.Setting<Int>("head_dim", default: nil, allowsNull: true)
        let named: Int?
        switch keys.dHead {
        case .derived: named = nil
        case .derivedOnly: named = try file.size(setting, limit: largestPart)
        case .configured:
            if let width = try file.size(setting, limit: largestPart) { return width }
            named = nil
        case .named(let setting): return try file.requiredSize(setting, limit: largestPart)
        case .configuredOr(let fallback):
            return try file.requiredSize(
                ArchitectureDescription.Setting("head_dim", default: fallback), limit: largestPart)
        }
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
        _ file: ConfigurationFile, _ architecture: ArchitectureDescription
    ) throws(ModelError) -> Activation {
        let keys = architecture.keys
        let name = try file.text(keys.activation)
        guard let activation = architecture.otherActivations[name] ?? Activation(named: name) else {
            let known = Activation.allCases.flatMap(\.names).joined(separator: ", ")
            throw ModelError(
                .unsupportedComponent,
                "\(file.path): \"\(file.name(of: keys.activation))\" is \"\(name)\", which is not supported",
                hint: "supported are \(known)")
        }
        return activation
    }

    private static func scales(
        _ file: ConfigurationFile, _ scale: ArchitectureDescription.AttentionScale, dHead: Int, layerCount: Int
    ) throws(ModelError) -> [Double]? {
        let root = Double(dHead).squareRoot()
        func all(_ scale: Double) -> [Double] { Array(repeating: scale, count: layerCount) }
        let (width, layer): (String, String)
        switch scale {
        case .width: return nil
        case .root(let setting): return all(root / (try file.optionalFactor(setting) ?? Double(dHead)).squareRoot())
        case .factor(let setting): return all(root * (try file.optionalFactor(setting) ?? 1 / root))
        case .configured(let widthKey, let layerKey): (width, layer) = (widthKey, layerKey)
        }
        let dividesByWidth = try file.boolean(width, default: true)
        let dividesByLayer = try file.boolean(layer, default: false)
        guard !dividesByWidth || dividesByLayer else { return nil }
        return (0..<layerCount).map { index in
            (dividesByWidth ? 1 : root) / (dividesByLayer ? Double(index + 1) : 1)
        }
    }

    /// Names the keys that are neither read nor known to be harmless, and what asks for another program.
    private static func warnings(
        _ file: ConfigurationFile, _ architecture: ArchitectureDescription,
        _ outer: (file: ConfigurationFile, unread: [String])?
    ) throws(ModelError) -> [String] {
        var warnings: [String] = []
        let classes = try (outer?.file ?? file).optionalTexts("architectures") ?? []
        if !classes.isEmpty, !classes.contains(where: architecture.classNames.contains) {
            warnings.append(
                "\(file.path) names the architecture \(Listing.text(classes)); the model is used as "
                    + "\(architecture.classNames[0])")
        }
        if (outer?.file ?? file).json("auto_map") != nil {
            warnings.append("\(file.path) asks for code of the model's own (auto_map), which is not run")
        }
        for key in Quantization.sections { _ = file.json(key) }
        if outer != nil { warnings.append(Self.textAlone(architecture)) }
        let unknown = (file.unreadKeys + (outer?.unread ?? [])).filter { key in
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

    private static func textAlone(_ architecture: ArchitectureDescription) -> String {
        "the folder holds a model that takes pictures, too; the part that reads text is used alone "
            + "(\(architecture.textPart?.section ?? ""))"
    }

    /// The shortest reach of a layer's attention, in tokens; nil where all layers reach back to the first token.
    public var slidingWindow: Int? { layers.compactMap(\.window).min() }

    /// Whether the MLP of a layer is made of experts; it has no site for its neurons then.
    public func hasExperts(in layer: Int) -> Bool { experts?.layers.contains(layer) ?? false }

    /// Why nothing can be asked of the neurons of a layer; nil where it has no experts.
    func expertRefusal(of site: Site, in layer: Int) -> SutureError? {
        guard let experts, experts.layers.contains(layer) else { return nil }
        return SutureError(
            .unimplemented,
            "the MLP of layer \(layer) sends each token to \(experts.perToken) of its \(experts.count) experts, so no single "
                + "weight reads or writes \(site)",
            hint: "edit attention instead, or take a model whose MLPs have no experts")
    }

    /// The sites that this architecture has, in some layer at least.
    public var sites: SiteKinds {
        if encoder != nil { return [] }
        var sites = SiteKinds.all
        if case .parallel = architecture.block { sites.remove(.residualMid) }
        if !architecture.names.neuronInput.isGated { sites.remove(.gate) }
        if (0..<layerCount).allSatisfy(hasExperts) {
            for kind in [.gate, .up, .neurons] as [Site.Kind] { sites.remove(kind) }
        }
        return sites
    }
}

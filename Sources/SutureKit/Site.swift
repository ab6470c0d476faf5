// SPDX-License-Identifier: Apache-2.0

/// A place inside the forward pass, as a value with a shape contract.
///
/// Axes: `batch`, `position`, `dModel` (width of the residual stream), `dMLP` (neurons), `head`, `dHead`, `vocabulary`.
/// Which sites an architecture has is in ``Model/Info/sites``; asking for one that it lacks fails before the pass.
public struct Site: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Int32, Sendable, Hashable, CaseIterable {
        /// `[batch, position, dModel]`: the residual stream before block 0.
        case embedding = 0
        /// `[batch, position, dModel]`: the residual stream before the block.
        case residualIn
        /// `[batch, position, dModel]`: after attention, before the MLP. Absent in parallel blocks.
        case residualMid
        /// `[batch, position, dModel]`: the residual stream after the block.
        case residualOut
        /// `[batch, position, head · dHead]`: the input of the attention output projection.
        case headOutput
        /// `[batch, position, dModel]`: what attention adds to the stream.
        case attentionOutput
        /// `[batch, position, dModel]`: after the norm in front of the MLP.
        case mlpInput
        /// `[batch, position, dMLP]`: the input of the down projection.
        case neurons
        /// `[batch, position, dModel]`: what the MLP adds to the stream.
        case mlpOutput
        /// `[batch, position, dModel]`: the input of the unembedding.
        case finalNorm
        /// `[batch, position, vocabulary]`.
        case logits
        /// `[batch, position, dModel]`: after the norm in front of attention; the input of query, key and value.
        case attentionInput
        /// `[batch, position, head · dHead]`: the output of the query projection, before any norm or rotation.
        case query
        /// `[batch, position, keyValueHead · dHead]`: the output of the key projection, before any norm or rotation.
        case key
        /// `[batch, position, keyValueHead · dHead]`: the output of the value projection.
        case value
        /// `[batch, position, head, key]`: attention weights, which sum to 1 over the keys.
        case attentionPattern
        /// `[batch, position, dMLP]`: the output of the gate projection, before the activation. Gated MLPs alone.
        case gate
        /// `[batch, position, dMLP]`: the output of the up projection, before the activation where there is no gate.
        case up

        /// Whether each block has one of its own.
        public var hasLayer: Bool { self != .embedding && self != .finalNorm && self != .logits }

        /// The name in files and on the command line.
        public var name: String {
            switch self {
            case .embedding: "embedding"
            case .residualIn: "residual_in"
            case .residualMid: "residual_mid"
            case .residualOut: "residual_out"
            case .headOutput: "head_output"
            case .attentionOutput: "attention_output"
            case .mlpInput: "mlp_input"
            case .neurons: "neurons"
            case .mlpOutput: "mlp_output"
            case .finalNorm: "final_norm"
            case .logits: "logits"
            case .attentionInput: "attention_input"
            case .query: "query"
            case .key: "key"
            case .value: "value"
            case .attentionPattern: "attention_pattern"
            case .gate: "gate"
            case .up: "up"
            }
        }
    }

    public let kind: Kind
    /// From 0; nil where the kind has none.
    public let layer: Int?

    private init(_ kind: Kind, _ layer: Int?) {
        self.kind = kind
        self.layer = layer
    }

    /// The site of a kind in a layer; the layer is dropped where the kind has none.
    public init(_ kind: Kind, layer: Int) { self.init(kind, kind.hasLayer ? layer : nil) }

    public static let embedding = Site(.embedding, nil)
    public static let finalNorm = Site(.finalNorm, nil)
    public static let logits = Site(.logits, nil)
    public static func residualIn(_ layer: Int) -> Site { Site(.residualIn, layer) }
    public static func residualMid(_ layer: Int) -> Site { Site(.residualMid, layer) }
    public static func residualOut(_ layer: Int) -> Site { Site(.residualOut, layer) }
    public static func headOutput(_ layer: Int) -> Site { Site(.headOutput, layer) }
    public static func attentionOutput(_ layer: Int) -> Site { Site(.attentionOutput, layer) }
    public static func mlpInput(_ layer: Int) -> Site { Site(.mlpInput, layer) }
    public static func neurons(_ layer: Int) -> Site { Site(.neurons, layer) }
    public static func mlpOutput(_ layer: Int) -> Site { Site(.mlpOutput, layer) }
    public static func attentionInput(_ layer: Int) -> Site { Site(.attentionInput, layer) }
    public static func query(_ layer: Int) -> Site { Site(.query, layer) }
    public static func key(_ layer: Int) -> Site { Site(.key, layer) }
    public static func value(_ layer: Int) -> Site { Site(.value, layer) }
    public static func attentionPattern(_ layer: Int) -> Site { Site(.attentionPattern, layer) }
    public static func gate(_ layer: Int) -> Site { Site(.gate, layer) }
    public static func up(_ layer: Int) -> Site { Site(.up, layer) }

    /// "blocks.17.neurons", "embedding".
    public var description: String { layer.map { "blocks.\($0).\(kind.name)" } ?? kind.name }

    /// Reads what ``description`` writes.
    public init?(_ description: String) {
        let parts = description.split(separator: ".").map(String.init)
        if parts.count == 1, let kind = Kind.allCases.first(where: { $0.name == parts[0] }), !kind.hasLayer {
            self.init(kind, nil)
        } else if parts.count == 3, parts[0] == "blocks", let layer = Int(parts[1]), layer >= 0,
            let kind = Kind.allCases.first(where: { $0.name == parts[2] }), kind.hasLayer
        {
            self.init(kind, layer)
        } else {
            return nil
        }
    }
}

extension Site: Codable {
    /// Reads what ``description`` writes; throws where it is no site.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let site = Site(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\"\(text)\" is no site"))
        }
        self = site
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// One token of one row of a batch.
public struct TokenIndex: Sendable, Hashable {
    public var row: Int
    public var position: Int
    public init(row: Int, position: Int) {
        self.row = row
        self.position = position
    }
}

extension Tensor {
    /// Token indices as int64 `[n, 2]`, the form of ``pick(_:)`` and ``put(_:at:adding:)``.
    public init(_ indices: [TokenIndex], device: Device = .cpu) throws(SutureError) {
        try self.init(indices.flatMap { [$0.row, $0.position] }, shape: [indices.count, 2], device: device)
    }
}

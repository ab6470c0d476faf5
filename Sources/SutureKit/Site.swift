// SPDX-License-Identifier: Apache-2.0

/// A place inside the forward pass, as a value with a shape contract.
///
/// Axes: `batch`, `position`, `dModel` (width of the residual stream), `dMLP` (neurons), `head`, `dHead`, `vocabulary`.
/// Which sites an architecture has is in ``Model/Info/sites``; asking for one that it lacks fails before the pass.
public struct Site: Sendable, Hashable, CustomStringConvertible {
    /// Which place of a block, or of the whole pass. The raw value is the ABI's number.
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

    /// Which place.
    public let kind: Kind
    /// From 0; nil where the kind has none.
    public let layer: Int?

    private init(_ kind: Kind, _ layer: Int?) {
        self.kind = kind
        self.layer = layer
    }

    /// The site of a kind in a layer; the layer is dropped where the kind has none.
    public init(_ kind: Kind, layer: Int) { self.init(kind, kind.hasLayer ? layer : nil) }

    /// ``Kind/embedding``
    public static let embedding = Site(.embedding, nil)
    /// ``Kind/finalNorm``
    public static let finalNorm = Site(.finalNorm, nil)
    /// ``Kind/logits``
    public static let logits = Site(.logits, nil)
    /// ``Kind/residualIn`` of a layer, from 0.
    public static func residualIn(_ layer: Int) -> Site { Site(.residualIn, layer) }
    /// ``Kind/residualMid`` of a layer, from 0.
    public static func residualMid(_ layer: Int) -> Site { Site(.residualMid, layer) }
    /// ``Kind/residualOut`` of a layer, from 0.
    public static func residualOut(_ layer: Int) -> Site { Site(.residualOut, layer) }
    /// ``Kind/headOutput`` of a layer, from 0.
    public static func headOutput(_ layer: Int) -> Site { Site(.headOutput, layer) }
    /// ``Kind/attentionOutput`` of a layer, from 0.
    public static func attentionOutput(_ layer: Int) -> Site { Site(.attentionOutput, layer) }
    /// ``Kind/mlpInput`` of a layer, from 0.
    public static func mlpInput(_ layer: Int) -> Site { Site(.mlpInput, layer) }
    /// ``Kind/neurons`` of a layer, from 0.
    public static func neurons(_ layer: Int) -> Site { Site(.neurons, layer) }
    /// ``Kind/mlpOutput`` of a layer, from 0.
    public static func mlpOutput(_ layer: Int) -> Site { Site(.mlpOutput, layer) }
    /// ``Kind/attentionInput`` of a layer, from 0.
    public static func attentionInput(_ layer: Int) -> Site { Site(.attentionInput, layer) }
    /// ``Kind/query`` of a layer, from 0.
    public static func query(_ layer: Int) -> Site { Site(.query, layer) }
    /// ``Kind/key`` of a layer, from 0.
    public static func key(_ layer: Int) -> Site { Site(.key, layer) }
    /// ``Kind/value`` of a layer, from 0.
    public static func value(_ layer: Int) -> Site { Site(.value, layer) }
    /// ``Kind/attentionPattern`` of a layer, from 0.
    public static func attentionPattern(_ layer: Int) -> Site { Site(.attentionPattern, layer) }
    /// ``Kind/gate`` of a layer, from 0.
    public static func gate(_ layer: Int) -> Site { Site(.gate, layer) }
    /// ``Kind/up`` of a layer, from 0.
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

    /// Writes ``description``.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// One token of one row of a batch.
public struct TokenIndex: Sendable, Hashable {
    /// Which row of the batch, from 0.
    public var row: Int
    /// Which token of the row, from 0. Rows are padded on the right, so padding comes after them all.
    public var position: Int
    /// The token at a position of a row.
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

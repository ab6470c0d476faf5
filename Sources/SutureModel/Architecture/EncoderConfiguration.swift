// SPDX-License-Identifier: Apache-2.0

/// The encoder of one model: its family's description filled in from config.json.
public struct EncoderConfiguration: Sendable {
    /// What the family says.
    public let description: ArchitectureDescription.Encoder
    /// The number of the encoder's blocks.
    public let layerCount: Int
    /// The token that the decoder begins with; nil where config.json does not say.
    public let startToken: Int?
    /// The decoder's output is multiplied by 1 / √`dModel` before the head.
    public let scalesOutput: Bool
    /// How many buckets of distances there are, at least 4.
    public let bucketCount: Int
    /// The distance from which on all distances share a bucket; above half the number of buckets.
    public let largestDistance: Int

    init(
        _ file: ConfigurationFile, _ encoder: ArchitectureDescription.Encoder, tiesHead: Bool, layerLimit: Int
    ) throws(ModelError) {
        description = encoder
        layerCount = try file.requiredSize(encoder.layerCount, limit: layerLimit)
        startToken =
            try encoder.startToken.names.first.flatMap { key throws(ModelError) in
                try file.optionalInteger(key)
            } ?? encoder.startToken.fallback
        scalesOutput =
            try encoder.outputScale.map { key throws(ModelError) in
                try file.boolean(key, default: tiesHead)
            } ?? false
        bucketCount = try file.requiredSize(encoder.positions.bucketCount, limit: Self.largestTable)
        largestDistance = try file.requiredSize(encoder.positions.largestDistance, limit: Self.largestTable)
        guard bucketCount >= 4 else {
            throw ModelError(
                .invalidField,
                "\(file.path): \"\(file.name(of: encoder.positions.bucketCount))\" is \(bucketCount), and the distances of "
                    + "an encoder need at least 4 buckets", hint: "correct the file")
        }
        guard largestDistance > bucketCount / 2 else {
            throw ModelError(
                .invalidField,
                "\(file.path): \"\(file.name(of: encoder.positions.largestDistance))\" is \(largestDistance), which must be "
                    + "above half of \"\(file.name(of: encoder.positions.bucketCount))\", \(bucketCount)",
                hint: "correct one of them")
        }
    }

    /// Far above what any model has; a table of this length is made in memory.
    private static let largestTable = 1 << 20
}

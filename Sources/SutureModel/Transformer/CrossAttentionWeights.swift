// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The weights with which a decoder block looks at the encoder's output.
struct CrossAttentionWeights: Sendable {
    var norm: NormWeights
    /// Query, key and value. The query reads the decoder, the others the encoder's output.
    var queryKeyValue: [Linear]
    var output: Linear

    /// Looks up the weights of a decoder block.
    ///
    /// - Throws: what ``ModelWeights`` throws when it lacks a tensor that the configuration asks for.
    init(
        _ layer: Int, _ encoder: ArchitectureDescription.Encoder, _ kind: ArchitectureDescription.Norm,
        _ weights: ModelWeights
    ) throws(SutureError) {
        func at(_ template: String) -> String { Template.fill(template, with: String(layer)) }
        norm = try weights.norm(at(encoder.crossNorm), kind)
        var all: [Linear] = []
        for name in encoder.crossQueryKeyValue.all { all.append(try weights.linear(at(name), hasBias: false)) }
        queryKeyValue = all
        output = try weights.linear(at(encoder.crossOutput), hasBias: false)
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A control: numbers that have nothing to do with the model. What another estimator finds has to be better than this.
struct RandomInfluence: Estimator {
    static let descriptor = ComponentDescriptor(
        id: "random", summary: "Influence at random, a control that knows nothing of the model.")

    @Parameter("seed", in: .nonNegative, help: "Another seed gives other numbers.")
    var seed = 0

    let memory = QueryMemory<[UInt64]>()

    func prepare(_ queries: [MarkedText], in session: Session) throws -> [UInt64] { queries.map(digest) }

    /// Normal numbers that depend on the seed and on the two texts, so that blocks and shards change nothing.
    func influence(of examples: [MarkedText], on queries: [UInt64], in session: Session) throws -> Tensor {
        let columns = examples.map(digest)
        let values = try queries.flatMap { query in
            try columns.map { example in
                let mixed = (query &* 0x9E37_79B9_7F4A_7C15) ^ example &+ UInt64(seed)
                return try RandomNumbers(seed: Int(truncatingIfNeeded: mixed >> 1)).normal([1]).item()
            }
        }
        return try Tensor(values, shape: [queries.count, examples.count]).cast(to: .float32)
    }
}

/// FNV-1a of a text and its prompt.
func digest(_ example: MarkedText) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in Array(example.prompt.utf8) + [0] + Array(example.text.utf8) {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    return hash
}

// SPDX-License-Identifier: Apache-2.0

/// How a GGUF file stores the numbers of a tensor, under the number that the format gives it.
///
/// Quantised types store the numbers of a row in blocks of 32 or 256, each with its own scale, some with an offset or with scales
/// inside the block.
package enum GGUFType: UInt32, Sendable, Hashable, CaseIterable {
    case f32 = 0
    case f16 = 1
    case bf16 = 30
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q4_k = 12
    case q5_k = 13
    case q6_k = 14

    /// As programs spell it: "Q4_K".
    package var name: String { String(describing: self).uppercased() }

    /// The numbers of one block, which all lie in one row.
    package var blockSize: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: 32
        case .q4_k, .q5_k, .q6_k: 256
        }
    }

    /// The bytes of one block.
    package var blockBytes: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q4_0: 2 + 16
        case .q4_1: 4 + 16
        case .q5_0: 2 + 4 + 16
        case .q5_1: 4 + 4 + 16
        case .q8_0: 2 + 32
        case .q4_k: 4 + 12 + 128
        case .q5_k: 4 + 12 + 32 + 128
        case .q6_k: 128 + 64 + 16 + 2
        }
    }

    /// True where the numbers are not stored one by one.
    package var isQuantised: Bool { blockSize > 1 }

    /// The names of types that are not read, for sentences.
    private static let others: [UInt32: String] = [
        9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
        20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64",
        29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4",
    ]

    /// What a type is called that this program may not read.
    static func name(of number: UInt32) -> String {
        GGUFType(rawValue: number)?.name ?? others[number] ?? "number \(number)"
    }
}

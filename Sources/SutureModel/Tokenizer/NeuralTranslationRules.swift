// SPDX-License-Identifier: Apache-2.0

/// The normalizer `Nmt`: the cleaning of text for machine translation that SentencePiece has by this name.
enum NeuralTranslationRules {
    /// The text without control characters, and with a space for what counts as one.
    static func apply(to text: AlignedText) -> AlignedText {
        var result = text.filtered { !isRemoved($0) }
        for index in result.scalars.indices where isSpace(result.scalars[index]) { result.scalars[index] = 0x20 }
        return result
    }

    private static func isRemoved(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: true
        default: false
        }
    }

    private static func isSpace(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: true
        default: false
        }
    }
}

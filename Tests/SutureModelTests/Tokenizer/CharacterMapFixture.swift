// SPDX-License-Identifier: Apache-2.0
import Foundation

@testable import SutureModel

/// Maps of characters in the format of SentencePiece, put together by hand.
enum CharacterMapFixture {
    /// "X" for "a", as `one_letter_map` of make_fixtures.py writes it.
    static let letter = bytes(letterUnits, "X\0")

    /// Place 0 leads to 256, and from there the byte of "a" leads to 128, where the replacement begins at 0.
    static var letterUnits: [UInt32] {
        var units = [UInt32](repeating: 0, count: 512)
        units[0] = 256 << 10
        units[256 ^ 0x61] = (256 ^ 0x61 ^ 128) << 10 | 0x100 | 0x61
        units[128] = 0x8000_0000
        return units
    }

    static func bytes(_ units: [UInt32], _ texts: String) -> [UInt8] {
        bytes(units, Array(texts.utf8))
    }

    static func bytes(_ units: [UInt32], _ texts: [UInt8]) -> [UInt8] {
        ([UInt32(units.count * 4)] + units).flatMap { word in (0..<4).map { UInt8(word >> (8 * $0) & 0xFF) } } + texts
    }

    static func json(_ map: [UInt8]) -> String {
        #"{"type": "Precompiled", "precompiled_charsmap": "\#(Data(map).base64EncodedString())"}"#
    }

    static func node(_ map: [UInt8]) throws -> TokenizerNode {
        try TokenizerNode(try JSONValue(Data(json(map).utf8), name: "test"), file: "test", path: "normalizer")
    }
}

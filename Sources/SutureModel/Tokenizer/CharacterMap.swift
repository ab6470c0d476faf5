// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The `precompiled_charsmap` of a SentencePiece model: what some characters are replaced by.
///
/// The map is a tree of UTF-8 bytes in two arrays that share their memory (a double array, as Darts-clone writes it), and the
/// replacements, each of which ends at a zero byte. The tree is walked through once when it is read: every place in it
/// lies inside it, and every replacement begins at a character. So a look-up needs no further checks.
///
/// **Source:** Aoe, *An Efficient Digital Search Algorithm by Using a Double-Array Structure* (1989).
struct CharacterMap: Sendable {
    /// One place of the double array.
    private struct Unit: Sendable {
        let bits: UInt32

        /// The byte that leads here; the value of a leaf has the highest bit set and equals no byte.
        var label: UInt32 { bits & 0x8000_00FF }
        var hasLeaf: Bool { bits >> 8 & 1 == 1 }
        /// Of a leaf, where its replacement begins.
        var value: Int { Int(bits & 0x7FFF_FFFF) }
        /// What leads from here to the place that the next byte is added to.
        var offset: Int { Int(bits >> 10) << Int((bits & 1 << 9) >> 6) }
    }

    /// No byte of UTF-8 is larger.
    private static let largestByte: UInt32 = 0xF4

    private let units: [Unit]
    private let texts: [UInt8]
    /// The replacements that the tree leads to, by where they begin in `texts`.
    private var replacements: [Int: [UInt32]] = [:]

    /// Reads the field `precompiled_charsmap` of a normalizer.
    init(_ node: TokenizerNode) throws(ModelError) {
        let text = try node.string("precompiled_charsmap")
        guard let data = Data(base64Encoded: text) else {
            throw Self.damaged(node, "is not base64")
        }
        let bytes = [UInt8](data)
        guard bytes.count >= 4 else {
            throw Self.damaged(node, "is cut off: it has \(bytes.count) bytes, and its length alone has 4")
        }
        let count = Int(Self.number(in: bytes, at: 0)) / 4
        guard count > 0 else { throw Self.damaged(node, "has no entries") }
        guard count <= bytes.count / 4 - 1 else {
            throw Self.damaged(
                node, "is cut off: it announces \(count * 4) bytes of entries, and \(bytes.count - 4) bytes follow")
        }
        units = (1...count).map { Unit(bits: Self.number(in: bytes, at: $0 * 4)) }
        texts = Array(bytes[(4 + count * 4)...])
        guard String(exactly: texts) != nil else {
            throw Self.damaged(node, "has replacements that are not UTF-8")
        }
        try readTree(node)
    }

    /// What stands for the first characters of a text, nil where the map leaves them as they are.
    ///
    /// As in the `tokenizers` package, the shortest beginning of the text that the map has decides.
    func replacement(for text: ArraySlice<UInt32>) -> [UInt32]? {
        var position = units[0].offset
        for value in text {
            guard let scalar = Unicode.Scalar(value) else { return nil }
            // Every scalar has an encoding in UTF-8.
            for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                if byte == 0 { return nil }
                position ^= Int(byte)
                let unit = units[position]
                guard unit.label == UInt32(byte) else { return nil }
                position ^= unit.offset
                if unit.hasLeaf { return replacements[units[position].value] }
            }
        }
        return nil
    }

    /// Walks through the tree, and reads the replacements that it leads to.
    ///
    /// Cost: a step for each unit. A byte is added to a place by exclusive or, so a unit with its byte knows the one place that
    /// it can be reached from.
    private mutating func readTree(_ node: TokenizerNode) throws(ModelError) {
        var firstUnits = [Int32](repeating: -1, count: units.count)
        var nextUnits = firstUnits
        for index in units.indices where (1...Self.largestByte).contains(units[index].label) {
            let place = index ^ Int(units[index].label)
            guard place < units.count else { continue }
            nextUnits[index] = firstUnits[place]
            firstUnits[place] = Int32(index)
        }
        let outside = Self.damaged(node, "is damaged: an entry leads out of it")
        var seen = [Bool](repeating: false, count: units.count)
        var open = [units[0].offset]
        while let place = open.popLast() {
            // Whatever byte is added then stays inside.
            guard place | 0xFF < units.count else { throw outside }
            if seen[place] { continue }
            seen[place] = true
            var index = Int(firstUnits[place])
            while index >= 0 {
                let next = index ^ units[index].offset
                if units[index].hasLeaf {
                    guard next < units.count else { throw outside }
                    try readReplacement(at: units[next].value, node)
                }
                open.append(next)
                index = Int(nextUnits[index])
            }
        }
    }

    private mutating func readReplacement(at start: Int, _ node: TokenizerNode) throws(ModelError) {
        if replacements[start] != nil { return }
        guard start <= texts.count, start == texts.count || texts[start] & 0xC0 != 0x80 else {
            throw Self.damaged(node, "is damaged: a replacement does not begin at a character")
        }
        let text = texts[start...].prefix { $0 != 0 }
        guard text.count <= Self.longestReplacement else {
            throw Self.damaged(node, "is damaged: a replacement has more than \(Self.longestReplacement) bytes")
        }
        replacements[start] = String(decoding: text, as: UTF8.self).unicodeScalars.map(\.value)
    }

    /// In bytes. The longest one of the maps that SentencePiece has is 33. Without a bound, a small file could make a text of
    /// some bytes into one of gigabytes.
    static let longestReplacement = 1024

    private static func number(in bytes: [UInt8], at start: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
    }

    private static func damaged(_ node: TokenizerNode, _ what: String) -> ModelError {
        ModelError(
            .invalidField, "\(node.file): \(node.place("precompiled_charsmap")) \(what)",
            hint: "use the file as the `tokenizers` package writes it")
    }
}

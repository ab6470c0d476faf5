// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Decompositions, compositions and combining classes of Unicode 9.
struct UnicodeNormalTables: Sendable {
    /// The first version of Unicode whose scalars the `tokenizers` package does not change.
    static let firstUnknownMajorVersion = 10

    static let changesNFC: UInt8 = 1
    static let changesNFD: UInt8 = 2
    static let changesNFKC: UInt8 = 4
    static let changesNFKD: UInt8 = 8

    /// Scalars at and above this neither decompose nor reorder.
    private static let limit = 0x30000

    /// Hangul syllables follow from arithmetic (Unicode Standard, section 3.12).
    private enum Hangul {
        static let syllables: ClosedRange<UInt32> = 0xAC00...0xD7A3
        static let leading: Range<UInt32> = 0x1100..<0x1113
        static let vowels: Range<UInt32> = 0x1161..<0x1176
        /// The trailing consonants; U+11A7 stands for none.
        static let trailing: Range<UInt32> = 0x11A8..<0x11C3
        static let trailingBase: UInt32 = 0x11A7
        static let trailingCount: UInt32 = 28
    }

    /// Built at first use, in some tens of milliseconds.
    static let shared = UnicodeNormalTables()

    /// Per scalar, the forms under which a text with it may change.
    private var flags: [UInt8]
    private var classes: [UInt8]
    private var canonical: [UInt32: [UInt32]] = [:]
    /// Only where it differs from the canonical decomposition.
    private var compatible: [UInt32: [UInt32]] = [:]
    private var compositions: [UInt64: UInt32] = [:]

    private init() {
        flags = Array(repeating: 0, count: Self.limit)
        classes = Array(repeating: 0, count: Self.limit)
        let all = Self.changesNFC | Self.changesNFD | Self.changesNFKC | Self.changesNFKD
        for value in UInt32(0xA0)..<UInt32(Self.limit) {
            if Hangul.syllables.contains(value) {
                flags[Int(value)] |= Self.changesNFD | Self.changesNFKD
                continue
            }
            // The unified ideographs are many and never change.
            if (0x3400..<0xA000).contains(value) || (0x20000..<0x2F800).contains(value) { continue }
            guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age,
                age.major < Self.firstUnknownMajorVersion
            else { continue }
            let combiningClass = scalar.properties.canonicalCombiningClass.rawValue
            classes[Int(value)] = combiningClass
            if combiningClass != 0 { flags[Int(value)] |= all }
            addDecompositions(of: scalar)
        }
        for value in Hangul.vowels { flags[Int(value)] |= Self.changesNFC | Self.changesNFKC }
        for value in Hangul.trailing { flags[Int(value)] |= Self.changesNFC | Self.changesNFKC }
        addCompositions()
    }

    func flags(of scalar: UInt32) -> UInt8 {
        scalar < UInt32(Self.limit) ? flags[Int(scalar)] : 0
    }

    func combiningClass(of scalar: UInt32) -> UInt8 {
        scalar < UInt32(Self.limit) ? classes[Int(scalar)] : 0
    }

    /// Calls `body` with each scalar of the full decomposition.
    func forEachPart(of scalar: UInt32, isCompatible: Bool, _ body: (UInt32) -> Void) {
        guard flags(of: scalar) & (Self.changesNFD | Self.changesNFKD) != 0 else { return body(scalar) }
        if Hangul.syllables.contains(scalar) {
            let index = scalar - Hangul.syllables.lowerBound
            let pair = index / Hangul.trailingCount
            body(Hangul.leading.lowerBound + pair / UInt32(Hangul.vowels.count))
            body(Hangul.vowels.lowerBound + pair % UInt32(Hangul.vowels.count))
            if index % Hangul.trailingCount != 0 { body(Hangul.trailingBase + index % Hangul.trailingCount) }
        } else if let parts = (isCompatible ? compatible[scalar] : nil) ?? canonical[scalar] {
            for part in parts { body(part) }
        } else {
            body(scalar)
        }
    }

    /// The primary composite of two scalars.
    func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if Hangul.leading.contains(first), Hangul.vowels.contains(second) {
            let pair =
                (first - Hangul.leading.lowerBound) * UInt32(Hangul.vowels.count)
                + second - Hangul.vowels.lowerBound
            return Hangul.syllables.lowerBound + pair * Hangul.trailingCount
        }
        if Hangul.syllables.contains(first), Hangul.trailing.contains(second),
            (first - Hangul.syllables.lowerBound).isMultiple(of: Hangul.trailingCount)
        {
            return first + second - Hangul.trailingBase
        }
        return compositions[UInt64(first) << 32 | UInt64(second)]
    }

    private mutating func addDecompositions(of scalar: Unicode.Scalar) {
        let index = Int(scalar.value)
        let string = String(Character(scalar))
        let canonical = string.decomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
        let compatible = string.decomposedStringWithCompatibilityMapping.unicodeScalars.map(\.value)
        if canonical != [scalar.value] {
            self.canonical[scalar.value] = canonical
            flags[index] |= Self.changesNFD | Self.changesNFKD
        }
        if compatible != canonical {
            self.compatible[scalar.value] = compatible
            flags[index] |= Self.changesNFKC | Self.changesNFKD
        }
    }

    /// Adds each pair of scalars that composes: everything that a composed scalar decomposes into except the last
    /// scalar, and the last.
    private mutating func addCompositions() {
        for (composed, parts) in canonical {
            let remains = Self.composed([composed]) == [composed]
            if !remains { flags[Int(composed)] |= Self.changesNFC | Self.changesNFKC }
            guard remains, let last = parts.last, parts.count > 1 else { continue }
            let first = Self.composed(Array(parts.dropLast()))
            guard first.count == 1 else { continue }
            compositions[UInt64(first[0]) << 32 | UInt64(last)] = composed
            flags[Int(last)] |= Self.changesNFC | Self.changesNFKC
        }
    }

    private static func composed(_ scalars: [UInt32]) -> [UInt32] {
        let string = String(String.UnicodeScalarView(scalars.compactMap(Unicode.Scalar.init)))
        return string.precomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
    }
}

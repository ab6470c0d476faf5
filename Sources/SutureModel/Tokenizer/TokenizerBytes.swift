// SPDX-License-Identifier: Apache-2.0

/// A text as UTF-8, with the way between bytes and scalars.
struct TokenizerBytes {
    private(set) var units: [UInt8] = []
    /// For each scalar and for the end, its first byte.
    private var starts: [Int32] = []
    /// For each byte, its scalar.
    private var owners: [Int32] = []

    init(_ text: AlignedText) {
        units.reserveCapacity(text.count + text.count / 8)
        owners.reserveCapacity(text.count + text.count / 8)
        starts.reserveCapacity(text.count + 1)
        for (index, scalar) in text.scalars.enumerated() {
            starts.append(Int32(units.count))
            if scalar < 0x80 {
                units.append(UInt8(truncatingIfNeeded: scalar))
            } else if scalar < 0x800 {
                units.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
                units.append(Self.trailing(scalar))
            } else if scalar < 0x10000 {
                units.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
                units.append(Self.trailing(scalar >> 6))
                units.append(Self.trailing(scalar))
            } else {
                units.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
                units.append(Self.trailing(scalar >> 12))
                units.append(Self.trailing(scalar >> 6))
                units.append(Self.trailing(scalar))
            }
            while owners.count < units.count { owners.append(Int32(index)) }
        }
        starts.append(Int32(units.count))
    }

    /// The bytes of a range of scalars.
    func range(of scalars: Range<Int>) -> Range<Int> {
        Int(starts[scalars.lowerBound])..<Int(starts[scalars.upperBound])
    }

    /// The scalars that a range of bytes touches.
    func scalars(of bytes: Range<Int>) -> Range<Int> {
        bytes.isEmpty ? 0..<0 : Int(owners[bytes.lowerBound])..<Int(owners[bytes.upperBound - 1]) + 1
    }

    private static func trailing(_ bits: UInt32) -> UInt8 {
        UInt8(truncatingIfNeeded: 0x80 | bits & 0x3F)
    }
}

extension String {
    /// The string with exactly these bytes, nil where they are not UTF-8.
    init?(exactly bytes: [UInt8]) {
        // The standard library's own initialiser asks for a newer macOS.
        self.init(decoding: bytes, as: UTF8.self)
        guard utf8.elementsEqual(bytes) else { return nil }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The 256 characters that stand for bytes in byte-level tokenizers (GPT-2's `bytes_to_unicode`).
enum ByteAlphabet {
    /// The scalar for each byte: printable bytes stand for themselves, the others for U+0100 and up.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (UInt32(0)...255).map { byte in
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE { return byte }
            defer { next += 1 }
            return next
        }
    }()

    /// The byte for each scalar below U+0180, -1 where there is none.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x180)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
        return bytes
    }()

    /// The byte a scalar stands for.
    static func byte(of scalar: UInt32) -> UInt8? {
        guard scalar < 0x180 else { return nil }
        return UInt8(exactly: bytes[Int(scalar)])
    }

    /// The bytes a token stands for, nil where one of its scalars stands for none.
    static func bytes(of token: String) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(token.utf8.count)
        for scalar in token.unicodeScalars {
            guard let byte = byte(of: scalar.value) else { return nil }
            result.append(byte)
        }
        return result
    }

    /// The text with each scalar replaced by the characters of its UTF-8 bytes.
    static func encode(_ text: AlignedText) -> AlignedText {
        var changes: [AlignedText.Change] = []
        changes.reserveCapacity(text.count)
        for value in text.scalars {
            guard let scalar = Unicode.Scalar(value) else { continue }
            for (index, byte) in String(Character(scalar)).utf8.enumerated() {
                changes.append(AlignedText.Change(scalar: scalars[Int(byte)], removed: index == 0 ? 0 : 1))
            }
        }
        return text.applying(changes)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The printable stand-ins for the 256 bytes that byte-level tokenizers of the GPT-2 family use.
///
/// Bytes that print as themselves in Latin-1 keep their character; the other 68 get the characters from U+0100 on, in
/// the order of the bytes.
enum ByteAlphabet {
    /// The stand-in for each byte.
    static let characters: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt32(0)...255).map { byte in
            if (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte) {
                return scalar(byte)
            }
            defer { next += 1 }
            return scalar(next)
        }
    }()

    /// The stand-ins of a text's bytes.
    static func spelling(of bytes: some Sequence<UInt8>) -> String {
        var result = String.UnicodeScalarView()
        for byte in bytes { result.append(characters[Int(byte)]) }
        return String(result)
    }

    private static func scalar(_ value: UInt32) -> Unicode.Scalar {
        // All values here lie below U+0200, far from the surrogates.
        Unicode.Scalar(value)!
    }
}

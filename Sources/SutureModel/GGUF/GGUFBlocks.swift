// SPDX-License-Identifier: Apache-2.0

/// Turns the blocks of GGUF tensors into single-precision numbers, bit for bit as the `gguf` package of llama.cpp does.
///
/// Each product and sum is rounded to single precision on its own, in the order of that package.
enum GGUFBlocks {
    /// Writes the numbers of whole blocks.
    ///
    /// - Parameters:
    ///   - bytes: of the blocks, one after the other.
    ///   - numbers: as many as the blocks have.
    static func dequantise(
        _ bytes: UnsafeRawBufferPointer, as type: GGUFType, into numbers: UnsafeMutableBufferPointer<Float>
    ) {
        let count = numbers.count / type.blockSize
        precondition(numbers.count % type.blockSize == 0 && bytes.count == count * type.blockBytes)
        guard let start = numbers.baseAddress, count > 0 else { return }
        let block = decoder(of: type)
        for index in 0..<count {
            block(
                UnsafeRawBufferPointer(rebasing: bytes[index * type.blockBytes..<(index + 1) * type.blockBytes]),
                start + index * type.blockSize)
        }
    }

    private typealias Decoder = (UnsafeRawBufferPointer, UnsafeMutablePointer<Float>) -> Void

    private static func decoder(of type: GGUFType) -> Decoder {
        switch type {
        case .f32: { $1[0] = Float(bitPattern: $0.loadUnaligned(as: UInt32.self)) }
        case .f16: { $1[0] = half($0, at: 0) }
        case .bf16: { $1[0] = Float(bitPattern: UInt32($0.loadUnaligned(as: UInt16.self)) << 16) }
        case .q4_0: q4_0
        case .q4_1: q4_1
        case .q5_0: q5_0
        case .q5_1: q5_1
        case .q8_0: q8_0
        case .q4_k: q4_k
        case .q5_k: q5_k
        case .q6_k: q6_k
        }
    }

    // MARK: Blocks of 32

    private static func q4_0(_ block: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for i in 0..<16 {
            let byte = Int(block[2 + i])
            out[i] = scale * Float(byte & 15 - 8)
            out[i + 16] = scale * Float(byte >> 4 - 8)
        }
    }

    private static func q4_1(_ block: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, offset) = (half(block, at: 0), half(block, at: 2))
        for i in 0..<16 {
            let byte = block[4 + i]
            out[i] = scale * Float(byte & 15) + offset
            out[i + 16] = scale * Float(byte >> 4) + offset
        }
    }

    private static func q5_0(_ block: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        let high = block.loadUnaligned(fromByteOffset: 2, as: UInt32.self)
        for i in 0..<16 {
            let byte = Int(block[6 + i])
            out[i] = scale * Float((byte & 15 | fifthBit(high, i)) - 16)
            out[i + 16] = scale * Float((byte >> 4 | fifthBit(high, i + 16)) - 16)
        }
    }

    private static func q5_1(_ block: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, offset) = (half(block, at: 0), half(block, at: 2))
        let high = block.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        for i in 0..<16 {
            let byte = Int(block[8 + i])
            out[i] = scale * Float(byte & 15 | fifthBit(high, i)) + offset
            out[i + 16] = scale * Float(byte >> 4 | fifthBit(high, i + 16)) + offset
        }
    }

    private static func q8_0(_ block: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for i in 0..<32 { out[i] = Float(Int8(bitPattern: block[2 + i])) * scale }
    }

    // MARK: Blocks of 256

    private static func q4_k(_ block: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, offset) = (half(block, at: 0), half(block, at: 2))
        for part in 0..<8 {
            let (partScale, partOffset) = sixBits(block, part)
            let (d, m) = (scale * Float(partScale), offset * Float(partOffset))
            let shift = UInt8(part % 2 * 4)
            for i in 0..<32 {
                let bits = block[16 + part / 2 * 32 + i] >> shift & 15
                out[part * 32 + i] = d * Float(bits) - m
            }
        }
    }

    private static func q5_k(_ block: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, offset) = (half(block, at: 0), half(block, at: 2))
        for part in 0..<8 {
            let (partScale, partOffset) = sixBits(block, part)
            let (d, m) = (scale * Float(partScale), offset * Float(partOffset))
            let shift = UInt8(part % 2 * 4)
            for i in 0..<32 {
                let low = block[48 + part / 2 * 32 + i] >> shift & 15
                let high = block[16 + i] >> UInt8(part) & 1
                out[part * 32 + i] = d * Float(low | high << 4) - m
            }
        }
    }

    private static func q6_k(_ block: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 208)
        for index in 0..<256 {
            // Halves of 128: 64 bytes of low bits, of which each gives two numbers, and 32 bytes of high bits, each for four.
            let (part, place) = (index / 128, index % 128)
            let low = block[part * 64 + place % 64] >> UInt8(place / 64 * 4) & 15
            let high = block[128 + part * 32 + place % 32] >> UInt8(place / 32 * 2) & 3
            let d = scale * Float(Int8(bitPattern: block[192 + index / 16]))
            out[index] = d * Float(Int(low | high << 4) - 32)
        }
    }

    // MARK: Parts of blocks

    /// The scale and the offset of an eighth of a block: 6 bits each, packed into 12 bytes at byte 4.
    private static func sixBits(_ block: UnsafeRawBufferPointer, _ part: Int) -> (scale: UInt8, offset: UInt8) {
        let i = part % 4
        let (first, second, third) = (block[4 + i], block[8 + i], block[12 + i])
        guard part >= 4 else { return (first & 63, second & 63) }
        return (third & 15 | first >> 2 & 48, third >> 4 | second >> 2 & 48)
    }

    private static func fifthBit(_ high: UInt32, _ index: Int) -> Int { Int(high >> UInt32(index) & 1) << 4 }

    private static func fifthBit(_ high: UInt32, _ index: Int) -> UInt8 { UInt8(high >> UInt32(index) & 1) << 4 }

    private static func half(_ block: UnsafeRawBufferPointer, at offset: Int) -> Float {
        Float(Float16(bitPattern: block.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Unpacks deflated bytes (RFC 1951).
struct Inflation {
    private struct Malformed: Error {}

    /// A prefix code: how many codes each length has, and the symbols in the order of their codes (RFC 1951, 3.2.2).
    private struct Code {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int] = []

        /// - Parameter lengths: of the code of each symbol; 0: it has none.
        /// - Throws: where there are more codes than their lengths allow.
        init(lengths: some Collection<Int>) throws(Malformed) {
            for length in lengths where length > 0 { counts[length] += 1 }
            var free = 1
            for count in counts[1...] {
                free = 2 * free - count
                guard free >= 0 else { throw Malformed() }
            }
            symbols = lengths.enumerated().filter { $0.element > 0 }
                .sorted { ($0.element, $0.offset) < ($1.element, $1.offset) }.map(\.offset)
        }
    }

    private static let lengthBases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBases = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145,
        8193, 12289, 16385, 24577,
    ]
    private static let codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let fixedLengths =
        [Int](repeating: 8, count: 144) + [Int](repeating: 9, count: 112) + [Int](repeating: 7, count: 24)
        + [Int](repeating: 8, count: 8)

    private let source: UnsafeRawBufferPointer
    private var place = 0
    private var bits: UInt32 = 0
    private var bitCount = 0
    private let count: Int
    private var output: [UInt8] = []

    /// The unpacked bytes; nil where the source is malformed, or gives another number of bytes.
    static func inflate(_ source: UnsafeRawBufferPointer, count: Int) -> [UInt8]? {
        var inflation = Inflation(source, count: count)
        do {
            try inflation.run()
            return inflation.output.count == count ? inflation.output : nil
        } catch {
            return nil
        }
    }

    private init(_ source: UnsafeRawBufferPointer, count: Int) {
        self.source = source
        self.count = count
        output.reserveCapacity(count)
    }

    private mutating func run() throws(Malformed) {
        while true {
            let isLast = try take(1) == 1
            switch try take(2) {
            case 0: try copyStored()
            case 1:
                let distances = [Int](repeating: 5, count: Self.distanceBases.count)
                try decode(Code(lengths: Self.fixedLengths), Code(lengths: distances))
            case 2: try decodeWithOwnCodes()
            default: throw Malformed()
            }
            if isLast { return }
        }
    }

    /// The next bits, the lowest first.
    private mutating func take(_ number: Int) throws(Malformed) -> Int {
        while bitCount < number {
            guard place < source.count else { throw Malformed() }
            bits |= UInt32(source[place]) << UInt32(bitCount)
            place += 1
            bitCount += 8
        }
        let value = bits & (1 << UInt32(number) - 1)
        bits >>= UInt32(number)
        bitCount -= number
        return Int(value)
    }

    private mutating func symbol(_ code: Code) throws(Malformed) -> Int {
        var (value, first, index) = (0, 0, 0)
        for length in 1..<16 {
            value |= try take(1)
            let count = code.counts[length]
            if value - count < first { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw Malformed()
    }

    private mutating func copyStored() throws(Malformed) {
        (bits, bitCount) = (0, 0)
        guard let length = source.number(at: place, 2), source.number(at: place + 2, 2) == ~length & 0xffff,
            let part = source.part(place + 4, length), part.count <= count - output.count
        else { throw Malformed() }
        output.append(contentsOf: part)
        place += 4 + length
    }

    private mutating func decodeWithOwnCodes() throws(Malformed) {
        let (literals, distances, codes) = (try take(5) + 257, try take(5) + 1, try take(4) + 4)
        guard literals <= 286, distances <= Self.distanceBases.count else { throw Malformed() }
        var codeLengths = [Int](repeating: 0, count: Self.codeOrder.count)
        for place in Self.codeOrder[..<codes] { codeLengths[place] = try take(3) }
        let code = try Code(lengths: codeLengths)
        var lengths: [Int] = []
        while lengths.count < literals + distances {
            switch try symbol(code) {
            case 16:
                guard let last = lengths.last else { throw Malformed() }
                lengths += [Int](repeating: last, count: 3 + (try take(2)))
            case 17: lengths += [Int](repeating: 0, count: 3 + (try take(3)))
            case 18: lengths += [Int](repeating: 0, count: 11 + (try take(7)))
            case let length: lengths.append(length)
            }
        }
        guard lengths.count == literals + distances else { throw Malformed() }
        try decode(Code(lengths: lengths[..<literals]), Code(lengths: Array(lengths[literals...])))
    }

    private mutating func decode(_ literals: Code, _ distances: Code) throws(Malformed) {
        while true {
            let symbol = try symbol(literals)
            if symbol == 256 { return }
            guard output.count < count else { throw Malformed() }
            if symbol < 256 {
                output.append(UInt8(symbol))
                continue
            }
            guard symbol - 257 < Self.lengthBases.count else { throw Malformed() }
            let length = Self.lengthBases[symbol - 257] + (try take(Self.lengthBits[symbol - 257]))
            let code = try self.symbol(distances)
            guard code < Self.distanceBases.count else { throw Malformed() }
            let distance = Self.distanceBases[code] + (try take(max(0, code / 2 - 1)))
            guard distance <= output.count, length <= count - output.count else { throw Malformed() }
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }
}

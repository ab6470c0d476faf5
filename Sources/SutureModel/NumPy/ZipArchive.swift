// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A zip archive whose members are stored or deflated (PKWARE's APPNOTE 6.3, with the fields of zip64). Reads nothing but what
/// is asked for, and checks it against its CRC.
package struct ZipArchive: Sendable {
    package struct Member: Sendable, Hashable {
        package let name: String
        let isDeflated: Bool
        let packedCount: Int
        let count: Int
        let crc: UInt32
        /// Of its local header in the file.
        let place: Int
    }

    /// In the order of the archive's directory.
    package let members: [Member]
    private let file: MappedFile
    private let path: String

    static let endSignature = 0x0605_4b50
    static let entrySignature = 0x0201_4b50
    static let localSignature = 0x0403_4b50
    private static let wideLocatorSignature = 0x0706_4b50
    private static let wideEndSignature = 0x0606_4b50
    private static let wideField = 1
    /// In a field of 4 bytes: the number is in the zip64 field.
    private static let isWide = 0xffff_ffff
    private static let endSize = 22
    private static let longestComment = 0xffff
    /// No deflated byte holds more than this many.
    private static let largestRatio = 1032

    /// - Throws: `unreadable`; `truncated` for a file without a directory at its end; `invalidContent` for a damaged one;
    ///   `unsupportedOption` for members that are encrypted or packed in another way.
    package init(opening url: URL) throws(ModelError) {
        file = try MappedFile(reading: url)
        path = url.path
        let bytes = file.bytes
        guard let end = Self.end(of: bytes) else {
            throw ModelError(
                .truncated, "'\(path)' is no whole zip archive: there is no directory at its end",
                hint: "copy the file again")
        }
        let damaged = ModelError(
            .invalidContent, "the directory of the zip archive '\(path)' is damaged", hint: "copy the file again")
        guard var place = bytes.number(at: end + 16, 4), var count = bytes.number(at: end + 10, 2) else {
            throw damaged
        }
        if bytes.number(at: end - 20, 4) == Self.wideLocatorSignature {
            guard let wide = bytes.number(at: end - 12, 8), bytes.number(at: wide, 4) == Self.wideEndSignature,
                let wideCount = bytes.number(at: wide + 32, 8), let widePlace = bytes.number(at: wide + 48, 8)
            else { throw damaged }
            (place, count) = (widePlace, wideCount)
        }
        var members: [Member] = []
        var names: Set<String> = []
        while members.count < count {
            guard let (member, next) = try Self.member(at: place, of: bytes, path), names.insert(member.name).inserted
            else { throw damaged }
            members.append(member)
            place = next
        }
        self.members = members
    }

    /// Where the record begins that ends the archive.
    private static func end(of bytes: UnsafeRawBufferPointer) -> Int? {
        let last = bytes.count - endSize
        guard last >= 0 else { return nil }
        return stride(from: last, through: max(0, last - longestComment), by: -1).first {
            bytes.number(at: $0, 4) == endSignature && bytes.number(at: $0 + 20, 2) == last - $0
        }
    }

    /// A member by its entry in the directory, and where the next entry begins; nil for an entry that is damaged.
    private static func member(
        at place: Int, of bytes: UnsafeRawBufferPointer, _ path: String
    ) throws(ModelError) -> (Member, next: Int)? {
        guard bytes.number(at: place, 4) == entrySignature, let flags = bytes.number(at: place + 8, 2),
            let method = bytes.number(at: place + 10, 2), let crc = bytes.number(at: place + 16, 4),
            var packed = bytes.number(at: place + 20, 4), var count = bytes.number(at: place + 24, 4),
            let nameLength = bytes.number(at: place + 28, 2), let fieldLength = bytes.number(at: place + 30, 2),
            let commentLength = bytes.number(at: place + 32, 2), var header = bytes.number(at: place + 42, 4),
            let text = bytes.part(place + 46, nameLength), let name = String(validating: text, as: UTF8.self)
        else { return nil }
        var field = place + 46 + nameLength
        let fieldsEnd = field + fieldLength
        while field + 4 <= fieldsEnd, let id = bytes.number(at: field, 2), let size = bytes.number(at: field + 2, 2) {
            if id == wideField {
                var next = field + 4
                func wide(_ number: inout Int) {
                    guard number == isWide, next + 8 <= fieldsEnd, let value = bytes.number(at: next, 8) else { return }
                    number = value
                    next += 8
                }
                wide(&count)
                wide(&packed)
                wide(&header)
            }
            field += 4 + size
        }
        guard flags & 1 == 0, method == 0 || method == 8 else {
            throw ModelError(
                .unsupportedOption,
                "'\(name)' in the zip archive '\(path)' is encrypted, or packed by method \(method)",
                hint: "pack it anew, stored or deflated")
        }
        guard method == 0 ? packed == count : count / largestRatio <= packed else { return nil }
        return (
            Member(
                name: name, isDeflated: method == 8, packedCount: packed, count: count,
                crc: UInt32(truncatingIfNeeded: crc), place: header), fieldsEnd + commentLength
        )
    }

    /// The content of a member.
    ///
    /// - Throws: `invalidContent` for one that is not what the directory says.
    package func bytes(of member: Member) throws(ModelError) -> TensorBytes {
        let damaged = ModelError(
            .invalidContent, "'\(member.name)' in the zip archive '\(path)' is damaged", hint: "copy the file again")
        guard file.bytes.number(at: member.place, 4) == Self.localSignature,
            let nameLength = file.bytes.number(at: member.place + 26, 2),
            let fieldLength = file.bytes.number(at: member.place + 28, 2),
            let packed = file.bytes.part(member.place + 30 + nameLength + fieldLength, member.packedCount)
        else { throw damaged }
        let content: TensorBytes
        if member.isDeflated {
            guard let unpacked = Inflation.inflate(packed, count: member.count) else { throw damaged }
            content = TensorBytes(unpacked)
        } else {
            let begin = member.place + 30 + nameLength + fieldLength
            content = TensorBytes(of: file, begin..<begin + member.count)
        }
        guard content.withUnsafeBytes({ CRC32.of($0) }) == member.crc else { throw damaged }
        return content
    }
}

extension UnsafeRawBufferPointer {
    /// A number of 1, 2, 4 or 8 bytes, little-endian; nil beyond the end, and for one that is no `Int`.
    func number(at place: Int, _ size: Int) -> Int? {
        guard place >= 0, place <= count - size else { return nil }
        return switch size {
        case 1: Int(self[place])
        case 2: Int(UInt16(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt16.self)))
        case 4: Int(UInt32(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        default: Int(exactly: UInt64(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt64.self)))
        }
    }

    /// Some of the bytes; nil beyond the end.
    func part(_ place: Int, _ size: Int) -> UnsafeRawBufferPointer? {
        guard place >= 0, size >= 0, place <= count, size <= count - place else { return nil }
        return UnsafeRawBufferPointer(rebasing: self[place..<place + size])
    }
}

/// The checksum of zip archives: CRC-32 with the polynomial 0x04c11db7, reflected.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? 0xedb8_8320 ^ sum >> 1 : sum >> 1 }
    }

    /// Of bytes that come in parts.
    struct Sum {
        private var state = ~UInt32(0)

        var value: UInt32 { ~state }

        mutating func add(_ bytes: UnsafeRawBufferPointer) {
            state = CRC32.table.withUnsafeBufferPointer { table in
                bytes.reduce(state) { sum, byte in table[Int((sum ^ UInt32(byte)) & 0xff)] ^ sum >> 8 }
            }
        }
    }

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var sum = Sum()
        sum.add(bytes)
        return sum.value
    }
}

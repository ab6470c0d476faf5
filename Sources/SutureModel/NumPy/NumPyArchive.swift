// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// A `.npz` file: arrays by name in a zip archive.
package struct NumPyArchive: Sendable {
    private let archive: ZipArchive
    private let path: String
    private static let suffix = ".npy"

    /// - Throws: what ``ZipArchive`` throws.
    package init(opening url: URL) throws(ModelError) {
        archive = try ZipArchive(opening: url)
        path = url.path
    }

    /// The names of the arrays, in the order of the file.
    package var names: [String] {
        archive.members.map(\.name).filter { $0.hasSuffix(Self.suffix) }.map { String($0.dropLast(Self.suffix.count)) }
    }

    /// An array; nil where there is none of that name.
    ///
    /// - Throws: what is wrong with it.
    package subscript(_ name: String) -> NumPyArray? {
        get throws(ModelError) {
            guard let member = archive.members.first(where: { $0.name == name + Self.suffix }) else { return nil }
            return try NumPyArray(reading: try archive.bytes(of: member), name: "'\(name)' of '\(path)'")
        }
    }

    /// Writes arrays as `numpy.savez` does, stored and not packed. Equal arrays give equal bytes. The file appears whole or not
    /// at all, in place of one that is there.
    ///
    /// - Throws: `unwritable`; `sizeMismatch` for a file of 4 GiB or more.
    package static func write(_ arrays: [(name: String, array: NumPyArray)], to url: URL) throws(ModelError) {
        var place = 0
        var members: [(array: NumPyArray, local: Data, header: Data, entry: Data)] = []
        for (name, array) in arrays {
            let file = Data((name + suffix).utf8)
            let header = array.header
            let size = header.count + array.bytes.count
            guard place + size <= UInt32.max else {
                throw ModelError(
                    .sizeMismatch, "'\(url.path)' would have more than 4 GiB", hint: "write the numbers in float32")
            }
            var sum = CRC32.Sum()
            header.withUnsafeBytes { sum.add($0) }
            array.bytes.withUnsafeBytes { sum.add($0) }
            // Version 2.0, no flags, stored, at the first moment that the format knows: 1980-01-01.
            var common = Data(little: [(20, 2), (0, 2), (0, 2), (0, 2), (0x21, 2)])
            common += Data(little: [(Int(sum.value), 4), (size, 4), (size, 4), (file.count, 2), (0, 2)])
            let local = Data(little: [(ZipArchive.localSignature, 4)]) + common + file
            let entry =
                Data(little: [(ZipArchive.entrySignature, 4), (20, 2)]) + common
                + Data(little: [(0, 2), (0, 2), (0, 2), (0, 4), (place, 4)]) + file
            members.append((array, local, header, entry))
            place += local.count + size
        }
        let directory = members.reduce(into: Data()) { $0 += $1.entry }
        let end = Data(little: [
            (ZipArchive.endSignature, 4), (0, 2), (0, 2), (members.count, 2), (members.count, 2), (directory.count, 4),
            (place, 4), (0, 2),
        ])
        try OutputFile.create(at: url) { (file) throws(ModelError) in
            for member in members {
                try file.append(TensorBytes(member.local + member.header))
                try file.append(member.array.bytes)
            }
            try file.append(TensorBytes(directory + end))
        }
    }
}

extension Data {
    /// Numbers of some bytes each, little-endian.
    fileprivate init(little numbers: [(value: Int, size: Int)]) {
        self.init(numbers.flatMap { value, size in (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } })
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A vector of weights in a NumPy file (`.npy`): a magic word, a version, the length of a header, the header (a Python
/// dictionary with the type of the numbers and the shape), and the numbers.
enum NumPyVector {
    /// - Throws: `invalidArgument`, naming the file and what it has in place of finite float64 or float32 in one dimension.
    static func read(_ file: FilePath) throws(SutureError) -> [Double] {
        try file.checkSize()
        guard let data = try? Data(contentsOf: URL(filePath: file.path)) else {
            throw SutureError(.notFound, "the weights \(file.path) cannot be read", hint: "check the path")
        }
        let bytes = [UInt8](data)
        guard let (header, start) = header(bytes), let type = entry("descr", "'", "'", in: header),
            let shape = entry("shape", "(", ")", in: header)
        else {
            throw SutureError(
                .invalidArgument, "the weights \(file.path) are not a NumPy file", hint: "write it with numpy.save")
        }
        guard let size = ["<f8": 8, "<f4": 4][type] else {
            throw SutureError(
                .invalidArgument,
                "the weights \(file.path) are of the type \(type), and not float64 (<f8) or float32 (<f4)",
                hint: "write them with numpy.save(path, weights.astype(\"<f8\"))")
        }
        // A vector is written as (3,).
        guard shape.last == ",", let count = Int(shape.dropLast()), count > 0 else {
            throw SutureError(
                .invalidArgument, "the weights \(file.path) have the shape (\(shape)), and not one dimension",
                hint: "give one weight for each term")
        }
        let body = bytes[start...]
        guard body.count % size == 0, body.count / size == count else {
            throw SutureError(
                .dataLoss,
                "the weights \(file.path) should be \(count) numbers of \(size) bytes, and they have \(body.count) bytes",
                hint: "obtain the file again")
        }
        return try (0..<count).map { (index) throws(SutureError) in
            let bits = body[(start + index * size)...].prefix(size).reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            let value = size == 8 ? Double(bitPattern: bits) : Double(Float(bitPattern: UInt32(bits)))
            guard value.isFinite else {
                throw SutureError(
                    .invalidArgument, "the weight \(index) of \(file.path) is \(value)", hint: "give finite weights")
            }
            return value
        }
    }

    /// The header, and where the numbers begin.
    private static func header(_ bytes: [UInt8]) -> (text: String, end: Int)? {
        guard bytes.starts(with: [0x93] + "NUMPY".utf8), bytes.count > 12 else { return nil }
        // From version 2 on the length has four bytes.
        let start = bytes[6] == 1 ? 10 : 12
        let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count - start >= length else { return nil }
        return (String(decoding: bytes[start..<start + length], as: UTF8.self), start + length)
    }

    /// What is between two marks after a key.
    private static func entry(_ key: String, _ open: Character, _ close: Character, in header: String) -> String? {
        guard let found = header.firstRange(of: "'\(key)':") else { return nil }
        let rest = header[found.upperBound...].drop { $0 == " " }
        guard rest.first == open, let end = rest.dropFirst().firstIndex(of: close) else { return nil }
        return String(rest.dropFirst()[..<end])
    }
}

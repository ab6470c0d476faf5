// SPDX-License-Identifier: Apache-2.0

import SutureKit

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// What the C library gives: a plugin that needs no more of Foundation than this is better off without it.

/// e to the power of x.
func exponential(_ x: Double) -> Double { exp(x) }

/// The natural logarithm of x.
func logarithm(_ x: Double) -> Double { log(x) }

extension FilePath {
    /// The lines of a UTF-8 text that are not empty, at most `limit` of them, without their line ends.
    func lines(limit: Int?) throws(SutureError) -> [String] {
        guard let file = fopen(path, "r") else {
            throw SutureError(.notFound, "the text \(path) cannot be opened", hint: "check the path")
        }
        defer { fclose(file) }
        var lines: [String] = []
        var buffer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(buffer) }
        while lines.count < limit ?? .max, case let length = getline(&buffer, &capacity, file), length >= 0,
            let bytes = buffer
        {
            var line = UnsafeRawBufferPointer(start: bytes, count: length)[...]
            while let last = line.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { line.removeLast() }
            if !line.isEmpty { lines.append(String(decoding: line, as: UTF8.self)) }
        }
        guard !lines.isEmpty else {
            throw SutureError(
                .invalidArgument, "the text \(path) has no lines", hint: "give a file with one text a line")
        }
        return lines
    }
}

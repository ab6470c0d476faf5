// SPDX-License-Identifier: Apache-2.0

import SutureKit

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension FilePath {
    /// The lines of a UTF-8 text that are not empty, without their line ends, with their numbers from 1.
    func numberedLines() throws(SutureError) -> [(number: Int, line: String)] {
        guard let file = fopen(path, "r") else {
            throw SutureError(.notFound, "the text \(path) cannot be opened", hint: "check the path")
        }
        defer { fclose(file) }
        var lines: [(number: Int, line: String)] = []
        var number = 0
        var buffer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(buffer) }
        while case let length = getline(&buffer, &capacity, file), length >= 0, let bytes = buffer {
            number += 1
            var line = UnsafeRawBufferPointer(start: bytes, count: length)[...]
            while let last = line.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { line.removeLast() }
            if !line.isEmpty { lines.append((number, String(decoding: line, as: UTF8.self))) }
        }
        guard !lines.isEmpty else {
            throw SutureError(.invalidArgument, "the text \(path) has no lines", hint: "give a file with some")
        }
        return lines
    }

    func lines() throws(SutureError) -> [String] { try numberedLines().map(\.line) }
}

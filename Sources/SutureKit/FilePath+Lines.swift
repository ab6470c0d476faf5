// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// What plugins want of the C library, so that they need none of it themselves.

extension FilePath {
    /// What is read whole, in bytes.
    package static let largest = 4 << 30

    /// Refuses a file that is too large to be read whole, and what is no file: it may have no end.
    package func checkSize() throws(SutureError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw SutureError(.notFound, "the text \(path) cannot be opened", hint: "check the path")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SutureError(.invalidArgument, "\(path) is no file", hint: "give the path of a file")
        }
        guard status.st_size <= Self.largest else {
            throw SutureError(
                .outOfRange,
                "the text \(path) has \(status.st_size >> 20) MiB, and at most \(Self.largest >> 20) MiB are read",
                hint: "divide the file")
        }
    }

    /// The lines of a UTF-8 text that are not empty, at most `limit` of them, without their line ends, with their numbers
    /// from 1.
    ///
    /// - Throws: `notFound` for a file that cannot be opened, `invalidArgument` for one without lines, `outOfRange` for one
    ///   that is too large to be read whole.
    public func numberedLines(limit: Int? = nil) throws(SutureError) -> [(number: Int, line: String)] {
        if limit == nil { try checkSize() }
        guard let file = fopen(path, "r") else {
            throw SutureError(.notFound, "the text \(path) cannot be opened", hint: "check the path")
        }
        defer { fclose(file) }
        var lines: [(number: Int, line: String)] = []
        var number = 0
        var buffer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(buffer) }
        while lines.count < limit ?? .max, case let length = getline(&buffer, &capacity, file), length >= 0,
            let bytes = buffer
        {
            number += 1
            var line = UnsafeRawBufferPointer(start: bytes, count: length)[...]
            while let last = line.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { line.removeLast() }
            if !line.isEmpty { lines.append((number, String(decoding: line, as: UTF8.self))) }
        }
        guard !lines.isEmpty else {
            throw SutureError(
                .invalidArgument, "the text \(path) has no lines", hint: "give a file with one text a line")
        }
        return lines
    }

    /// The lines alone.
    public func lines(limit: Int? = nil) throws(SutureError) -> [String] {
        try numberedLines(limit: limit).map(\.line)
    }
}

/// e to the power of x.
public func exponential(_ x: Double) -> Double { exp(x) }

/// The natural logarithm of x.
public func logarithm(_ x: Double) -> Double { log(x) }

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The influence of every example on every query, as a safetensors file: `scores`, float32 `[examples, queries]`.
///
/// It is written from the front, a row for each example, under another name, and renamed when it is whole. So it need not fit
/// into memory, and an interrupted process goes on after the last whole block of rows.
final class ScoreFile {
    static let tensorName = "scores"
    /// Rows that are read at once.
    static let rowsAtOnce = 4096
    /// What is not whole yet.
    static let partEnding = ".part"

    let url: URL
    let exampleCount: Int
    let queryCount: Int
    private let header: Data
    private let handle: FileHandle
    /// Rows that are there.
    private(set) var rowCount: Int

    /// Begins a file, or goes on with one that belongs to the same examples and queries.
    ///
    /// - Parameters:
    ///   - blockSize: of the examples that one call gives. A part of a block is thrown away, so that its numbers come from the
    ///     same call as those of a process that was not interrupted.
    ///   - metadata: what the numbers belong to. A part with other metadata is thrown away.
    init(_ url: URL, examples: Int, queries: Int, blockSize: Int = 1, metadata: [String: String]) throws {
        self.url = url
        (exampleCount, queryCount) = (examples, queries)
        header = try Self.header(examples: examples, queries: queries, metadata)
        let part = URL(fileURLWithPath: url.path + Self.partEnding)
        if !FileManager.default.fileExists(atPath: part.path) {
            try Data().write(to: part)
        }
        guard let handle = FileHandle(forUpdatingAtPath: part.path) else {
            throw RuntimeError(
                .run, "'\(part.path)' cannot be written",
                hint: "check that you may write there and that the disk has space")
        }
        self.handle = handle
        let known = try handle.read(upToCount: header.count)
        if known == header {
            let size = try handle.seekToEnd()
            let rows = min(examples, max(0, Int(size) - header.count) / max(1, queries * 4))
            rowCount = rows == examples ? rows : rows / blockSize * blockSize
            try handle.truncate(atOffset: UInt64(header.count + rowCount * queries * 4))
        } else {
            rowCount = 0
            try handle.truncate(atOffset: 0)
            try handle.seek(toOffset: 0)
            try handle.write(contentsOf: header)
        }
        try handle.seekToEnd()
    }

    deinit { try? handle.close() }

    /// Adds the rows of the next examples.
    ///
    /// - Parameter scores: float32 `[queries, examples]`
    func append(_ scores: Tensor) throws {
        let rows = try scores.transposed().contiguous().bytes()
        try handle.write(contentsOf: Data(rows))
        rowCount += scores.shape[1]
    }

    /// Forgets the rows that are there.
    func clear() throws {
        try handle.truncate(atOffset: UInt64(header.count))
        try handle.seekToEnd()
        rowCount = 0
    }

    /// Adds all rows of a finished file.
    func append(contentsOf other: URL) throws {
        try Self.pieces(of: other, size: queryCount * 4 * Self.rowsAtOnce) { piece in
            try handle.write(contentsOf: piece)
            rowCount += piece.count / (queryCount * 4)
        }
    }

    /// Gives the file its name.
    func finish() throws {
        try handle.synchronize()
        let part = url.path + Self.partEnding
        guard rename(part, url.path) == 0 else {
            throw RuntimeError(.run, "'\(part)' cannot be renamed: \(String(cString: strerror(errno)))")
        }
    }

    private static func header(examples: Int, queries: Int, _ metadata: [String: String]) throws -> Data {
        struct Entry: Encodable {
            var dtype = "F32"
            var shape: [Int]
            var data_offsets: [Int]
        }
        struct Header: Encodable {
            var __metadata__: [String: String]
            var scores: Entry
        }
        var text = try JSON.encode(
            Header(
                __metadata__: metadata,
                scores: Entry(shape: [examples, queries], data_offsets: [0, examples * queries * 4])))
        while text.count % 8 != 0 { text.append(0x20) }
        var data = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
        data.append(text)
        return data
    }

    // MARK: Reading

    /// Calls `body` with the rows of a finished file, some at a time: the first example's index, and `[examples][queries]`.
    static func rows(
        of url: URL, queries: Int, _ body: (_ first: Int, _ rows: [[Float]]) throws -> Void
    ) throws {
        var first = 0
        let rowSize = queries * 4
        try pieces(of: url, size: rowSize * rowsAtOnce) { piece in
            let count = piece.count / rowSize
            let rows = piece.withUnsafeBytes { bytes in
                (0..<count).map { row in
                    (0..<queries).map { bytes.loadUnaligned(fromByteOffset: row * rowSize + $0 * 4, as: Float.self) }
                }
            }
            try body(first, rows)
            first += count
        }
    }

    /// Calls `body` with the numbers of a finished file, some at a time.
    private static func pieces(of url: URL, size: Int, _ body: (Data) throws -> Void) throws {
        guard let handle = FileHandle(forReadingAtPath: url.path) else {
            throw RuntimeError(.file, "'\(url.path)' cannot be read")
        }
        defer { try? handle.close() }
        guard let start = try handle.read(upToCount: 8), start.count == 8 else { throw TensorFile.isDamaged(url) }
        let length = start.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
        try handle.seek(toOffset: 8 + length)
        while let piece = try handle.read(upToCount: size), !piece.isEmpty { try body(piece) }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Passages of text, one a line, for statistics and perplexity.
package struct TextFile: Sendable, Hashable {
    /// Absolute path.
    package let path: String
    /// The lines without their ends. Lines of white space alone are skipped and do not count.
    package let lines: [String]
    /// SHA-256 of the lines, each with a line feed. Cached results over the lines are stored under it.
    package let digest: String

    /// Reads the first lines of a file.
    ///
    /// - Parameter limit: how many; nil: all.
    /// - Throws: `file` where it cannot be read, is not UTF-8 (with the line) or has no text.
    package init(_ path: String, limit: Int? = nil) throws(RuntimeError) {
        var reader = LineReader(path: path, limit: limit ?? .max)
        try DataFile.read(path, what: "the text") { (_, piece) throws(RuntimeError) in try reader.take(piece) }
        let lines = try reader.finished()
        guard !lines.isEmpty else {
            throw RuntimeError(.file, "the text '\(path)' has no lines", hint: "give a file with one passage a line")
        }
        self.path = path
        self.lines = lines
        digest = Digest.of(Data(lines.map { $0 + "\n" }.joined().utf8))
    }
}

/// Divides a text into lines, piece by piece, so that of a large file no more is read than the lines that are wanted.
private struct LineReader {
    let path: String
    let limit: Int
    private var lines: [String] = []
    /// What has no end of line yet.
    private var rest: [UInt8] = []
    private var number = 0
    private var byteCount = 0

    init(path: String, limit: Int) {
        self.path = path
        self.limit = limit
    }

    /// - Returns: whether another piece is needed.
    mutating func take(_ piece: ArraySlice<UInt8>) throws(RuntimeError) -> Bool {
        byteCount += piece.count
        guard byteCount <= DataFile.largest else {
            throw DataFile.isTooLarge("what is read of the text '\(path)'", size: byteCount)
        }
        var piece = piece
        while lines.count < limit, let end = piece.firstIndex(of: 0x0A) {
            rest += piece[..<end]
            try endLine()
            piece = piece[(end + 1)...]
        }
        rest += piece
        return lines.count < limit
    }

    /// All lines, the last of which may have no end.
    mutating func finished() throws(RuntimeError) -> [String] {
        if lines.count < limit, !rest.isEmpty { try endLine() }
        return lines
    }

    private mutating func endLine() throws(RuntimeError) {
        var bytes = rest[...]
        if number == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        if bytes.last == 0x0D { bytes = bytes.dropLast() }
        number += 1
        guard let line = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw RuntimeError(
                .file, "line \(number) of the text '\(path)' is not UTF-8",
                hint: "convert the file, for example with iconv -t UTF-8")
        }
        if line.contains(where: { !$0.isWhitespace }) { lines.append(line) }
        rest.removeAll(keepingCapacity: true)
    }
}

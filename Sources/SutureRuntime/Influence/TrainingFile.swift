// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The examples that a model was trained on, one a line: JSON objects with a prompt and a response, or plain texts.
///
/// The file is read in pieces. What is kept is a place in the file for every 64 examples, so a million lines take a quarter of
/// a megabyte. Blank lines are no examples.
package final class TrainingFile {
    /// Absolute path.
    package let path: String
    /// Of the examples.
    package let count: Int
    /// SHA-256 of the bytes up to the last example.
    package let digest: String
    private let hasRecords: Bool
    private let marks: [Mark]
    private let handle: FileHandle

    /// Where an example begins.
    private struct Mark {
        var offset: UInt64
        /// Of the line, from 1.
        var line: Int
    }

    /// Of what is kept in memory, in bytes.
    var indexSize: Int { marks.count * MemoryLayout<Mark>.size }

    private static let stride = 64
    private static let pieceSize = 1 << 20
    /// Less is not worth a call.
    private static let smallestPiece = 1 << 12
    /// A line beyond this is no example.
    private static let longestLine = 1 << 24

    /// Looks through the whole file once.
    ///
    /// - Parameter limit: examples that are used, the first ones; nil: all.
    /// - Throws: `file` where it cannot be read or has no example.
    package init(_ path: String, limit: Int? = nil) throws(RuntimeError) {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw RuntimeError(
                .file, "the training file '\(path)' cannot be read", hint: "check the path and its permissions")
        }
        self.path = path
        self.handle = handle
        var marks: [Mark] = []
        var count = 0
        var hash = Digest.Sum()
        var first: UInt8?
        try Self.lines(of: handle, path, from: Mark(offset: 0, line: 1)) { (mark, bytes) throws(RuntimeError) in
            if count % Self.stride == 0 { marks.append(mark) }
            if first == nil { first = bytes.first { !Self.isBlank($0) } }
            bytes.withUnsafeBytes { hash.add($0) }
            hash.add("\n")
            count += 1
            return count < limit ?? .max
        }
        guard count > 0 else {
            throw RuntimeError(
                .file, "the training file '\(path)' has no examples",
                hint: "give a file with one JSON object with \"prompt\" and \"response\", or one text, a line")
        }
        (self.marks, self.count) = (marks, count)
        hasRecords = first == UInt8(ascii: "{")
        digest = hash.text
    }

    deinit { try? handle.close() }

    /// An example with the number of its line, from 1.
    package struct Example: Sendable {
        package var line: Int
        package var text: MarkedText
    }

    /// Some examples that follow each other.
    ///
    /// - Throws: `file`, with the line, for one that is no example.
    package func block(_ range: Range<Int>) throws(RuntimeError) -> [Example] {
        guard !range.isEmpty, range.upperBound <= count else { return [] }
        var found: [Example] = []
        var index = range.lowerBound / Self.stride * Self.stride
        try Self.lines(of: handle, path, from: marks[range.lowerBound / Self.stride], piece: size(of: range)) {
            (mark, bytes) throws(RuntimeError) in
            if index >= range.lowerBound {
                found.append(Example(line: mark.line, text: try example(bytes, line: mark.line)))
            }
            index += 1
            return index < range.upperBound
        }
        return found
    }

    /// The lines of some examples that follow each other. Reads no example.
    func lines(_ range: Range<Int>) throws(RuntimeError) -> [Int] {
        guard !range.isEmpty, range.upperBound <= count else { return [] }
        var found: [Int] = []
        var index = range.lowerBound / Self.stride * Self.stride
        try Self.lines(of: handle, path, from: marks[range.lowerBound / Self.stride], piece: size(of: range)) {
            (mark, _) throws(RuntimeError) in
            if index >= range.lowerBound { found.append(mark.line) }
            index += 1
            return index < range.upperBound
        }
        return found
    }

    /// Some examples, in the order of their indices.
    package func examples(_ indices: [Int]) throws(RuntimeError) -> [Example] {
        var found: [Example] = []
        for index in indices {
            guard (0..<count).contains(index), let one = try block(index..<index + 1).first else {
                throw RuntimeError(
                    .usage, "there is no training example \(index): the file '\(path)' has \(count)",
                    hint: "examples count from 0")
            }
            found.append(one)
        }
        return found
    }

    // MARK: Reading

    /// What is read for some examples at once: all of them, unless they are long.
    private func size(of range: Range<Int>) -> Int {
        let (first, last) = (range.lowerBound / Self.stride, (range.upperBound - 1) / Self.stride + 1)
        guard last < marks.count else { return Self.pieceSize }
        return max(Self.smallestPiece, min(Self.pieceSize, Int(marks[last].offset - marks[first].offset)))
    }

    private func example(_ bytes: ArraySlice<UInt8>, line: Int) throws(RuntimeError) -> MarkedText {
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw RuntimeError(
                .file, "line \(line) of the training file '\(path)' is not UTF-8",
                hint: "convert the file, for example with iconv -t UTF-8")
        }
        guard hasRecords else { return MarkedText(text: text) }
        let record = try? JSONDecoder().decode(Record.self, from: Data(bytes))
        guard let found = record?.example else {
            throw RuntimeError(
                .file,
                "line \(line) of the training file '\(path)' is no example: it needs texts \"prompt\" and \"response\", or \"text\"",
                hint: "write {\"prompt\": \"…\", \"response\": \"…\"}, with any space between the two in one of them")
        }
        return found
    }

    /// An example under the names that such files use.
    private struct Record: Decodable {
        var prompt: String?
        var instruction: String?
        var response: String?
        var completion: String?
        var answer: String?
        var output: String?
        var text: String?

        var example: MarkedText? {
            if let text, (prompt ?? instruction ?? "").isEmpty { return text.isEmpty ? nil : MarkedText(text: text) }
            guard let text = response ?? completion ?? answer ?? output, !text.isEmpty else { return nil }
            return MarkedText(prompt: prompt ?? instruction ?? "", text: text)
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// Calls `body` with each line that is not blank, without its end, until it returns false.
    private static func lines(
        of handle: FileHandle, _ path: String, from start: Mark, piece pieceSize: Int = pieceSize,
        _ body: (Mark, ArraySlice<UInt8>) throws(RuntimeError) -> Bool
    ) throws(RuntimeError) {
        var mark = start
        var rest: [UInt8] = []
        func take(_ line: ArraySlice<UInt8>, end: Int) throws(RuntimeError) -> Bool {
            var bytes = line
            if mark.offset == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
            if bytes.last == 0x0D { bytes = bytes.dropLast() }
            let isBlankLine = bytes.allSatisfy(isBlank)
            let goesOn = isBlankLine ? true : try body(mark, bytes)
            mark = Mark(offset: mark.offset + UInt64(line.count + end), line: mark.line + 1)
            return goesOn
        }
        try RuntimeError.wrapping(.file) { try handle.seek(toOffset: start.offset) }
        while true {
            let piece = try RuntimeError.wrapping(.file) { try handle.read(upToCount: pieceSize) }
            guard let piece, !piece.isEmpty else { break }
            rest += piece
            var begin = 0
            while let end = rest[begin...].firstIndex(of: 0x0A) {
                guard try take(rest[begin..<end], end: 1) else { return }
                begin = end + 1
            }
            rest.removeFirst(begin)
            guard rest.count <= longestLine else {
                throw RuntimeError(
                    .file, "line \(mark.line) of the training file '\(path)' has more than \(longestLine >> 20) MiB",
                    hint: "give a file with one example a line")
            }
        }
        if !rest.isEmpty { _ = try take(rest[...], end: 0) }
    }
}

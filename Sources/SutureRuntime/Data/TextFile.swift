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
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw RuntimeError(.file, "the text '\(path)' cannot be read", hint: "check the path and its permissions")
        }
        var lines: [String] = []
        var number = 0
        var start = data.startIndex
        if data.starts(with: [0xEF, 0xBB, 0xBF]) { start += 3 }
        while start < data.endIndex, lines.count < limit ?? .max {
            let end = data[start...].firstIndex(of: 0x0A) ?? data.endIndex
            number += 1
            var bytes = data[start..<end]
            if bytes.last == 0x0D { bytes.removeLast() }
            guard let line = String(validating: bytes, as: UTF8.self), !line.utf8.contains(0) else {
                throw RuntimeError(
                    .file, "line \(number) of the text '\(path)' is not UTF-8",
                    hint: "convert the file, for example with iconv -t UTF-8")
            }
            if line.contains(where: { !$0.isWhitespace }) { lines.append(line) }
            start = end < data.endIndex ? end + 1 : data.endIndex
        }
        guard !lines.isEmpty else {
            throw RuntimeError(.file, "the text '\(path)' has no lines", hint: "give a file with one passage a line")
        }
        self.path = path
        self.lines = lines
        digest = Digest.of(Data(lines.map { $0 + "\n" }.joined().utf8))
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What evaluators have measured so far, on disk. Each chunk of cases is a line, appended and flushed: its checksum, and the
/// chunk as JSON. A line that a kill cut short is dropped when the log is read, and its cases are measured again.
package final class ScoreLog {
    /// One chunk. It says who measured what, on which cases and in which stage.
    package struct Entry: Codable {
        package var stage: String
        package var evaluator: Int
        package var group: Int
        /// The case indices of the chunk; empty for what concerns the run as a whole.
        package var cases: [Int]
        package var scores: [Score]
    }

    private struct Key: Hashable {
        var stage: String
        var evaluator: Int
        var group: Int
        var cases: [Int]
    }

    private let handle: FileHandle
    private var known: [Key: [Score]] = [:]
    private var order: [(key: Key, scores: [Score])] = []

    /// Opens or makes the log, and reads what is there.
    ///
    /// - Throws: `file` for a whole line that is damaged.
    package init(_ url: URL) throws {
        let manager = FileManager.default
        try manager.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        if !manager.fileExists(atPath: url.path) { try RunFolder.write(Data(), to: url) }
        guard let data = try SmallFile.contents(atPath: url.path, limit: RunFolder.largestFile) else {
            throw RuntimeError(.file, "'\(url.path)' cannot be read", hint: SealedFile.hint)
        }
        var valid = 0
        var entries: [Entry] = []
        var start = data.startIndex
        while let end = data[start...].firstIndex(of: UInt8(ascii: "\n")) {
            entries.append(try Self.entry(data[start..<end], "line \(entries.count + 1) of \(url.path)"))
            start = end + 1
            valid = start - data.startIndex
        }
        handle = try FileHandle(forUpdating: url)
        try handle.truncate(atOffset: UInt64(valid))
        try handle.seekToEnd()
        for entry in entries { remember(entry) }
    }

    deinit { try? handle.close() }

    /// The scores of a chunk, if it has been measured.
    package func scores(stage: String, evaluator: Int, group: Int, cases: [Int]) -> [Score]? {
        known[Key(stage: stage, evaluator: evaluator, group: group, cases: cases)]
    }

    package func append(stage: String, evaluator: Int, group: Int, cases: [Int], scores: [Score]) throws {
        let entry = Entry(
            stage: stage, evaluator: evaluator, group: group, cases: cases, scores: scores)
        try handle.write(contentsOf: Self.line(entry))
        try handle.synchronize()
        remember(entry)
    }

    /// The stages in the order in which they were first measured.
    package var stages: [String] {
        var stages: [String] = []
        for entry in order where !stages.contains(entry.key.stage) { stages.append(entry.key.stage) }
        return stages
    }

    /// All scores of an evaluator in a stage, in the order of groups and cases.
    package func scores(stage: String, evaluator: Int) -> [Score] {
        order.filter { $0.key.stage == stage && $0.key.evaluator == evaluator }
            .sorted { ($0.key.group, $0.key.cases.first ?? .max) < ($1.key.group, $1.key.cases.first ?? .max) }
            .flatMap(\.scores)
    }

    /// Digits of a line's checksum.
    private static let checksumLength = 16

    private static func checksum(_ json: Data) -> Data { Data(Digest.of(json).prefix(checksumLength).utf8) }

    private static func line(_ entry: Entry) throws -> Data {
        let json = try JSON.encode(entry)
        return checksum(json) + Data(" ".utf8) + json + Data("\n".utf8)
    }

    private static func entry(_ line: Data, _ name: String) throws(RuntimeError) -> Entry {
        let json = Data(line.dropFirst(checksumLength + 1))
        guard line.prefix(checksumLength + 1) == checksum(json) + Data(" ".utf8) else {
            throw SealedFile.isDamaged(name)
        }
        return try SealedFile.readingState { try JSON.decode(Entry.self, from: json, name: name) }
    }

    private func remember(_ entry: Entry) {
        let key = Key(stage: entry.stage, evaluator: entry.evaluator, group: entry.group, cases: entry.cases)
        let scores = entry.scores
        guard known.updateValue(scores, forKey: key) == nil else { return }
        order.append((key, scores))
    }
}

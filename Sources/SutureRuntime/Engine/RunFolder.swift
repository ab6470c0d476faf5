// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// The folder that a run leaves. Every file is written under another name, flushed and renamed; `DONE` or `FAILED` comes last.
///
/// During the run, `state/` holds what has been done so far. It is removed when `DONE` is written.
package struct RunFolder: Sendable {
    package let url: URL

    /// The figures of a large run have some hundred megabytes.
    static let largestFile = 4 << 30

    package static let skippedName = "skipped.jsonl"

    package init(_ url: URL) { self.url = url }

    package var resolvedConfiguration: URL { url.appending(path: "config.resolved.yaml") }
    package var sourceConfiguration: URL { url.appending(path: "config.source.yaml") }
    package var cases: URL { url.appending(path: "cases.jsonl") }
    /// The cases that were left out, one a line; missing where there are none.
    package var skipped: URL { url.appending(path: RunFolder.skippedName) }
    package var metrics: URL { url.appending(path: "metrics.json") }
    package var locations: URL { url.appending(path: "locations.json") }
    /// The locations as comma-separated values, where they are the whole result.
    package var locationTable: URL { url.appending(path: "locations.csv") }
    package var patch: URL { url.appending(path: "patch") }
    package var report: URL { url.appending(path: "report.html") }
    package var log: URL { url.appending(path: "log.jsonl") }
    package var state: URL { url.appending(path: "state") }
    package var done: URL { url.appending(path: "DONE") }
    package var failed: URL { url.appending(path: "FAILED") }
    /// Held by the process that works here; see ``PlaceLock``.
    package var lock: URL { url.appending(path: ".lock") }

    package var isDone: Bool { FileManager.default.fileExists(atPath: done.path) }

    /// Replaces a file by rename.
    package static func write(_ data: Data, to url: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try OutputFile.replace(url, by: data)
        } catch {
            throw RuntimeError(error)
        }
    }

    /// Replaces a file by a value as indented JSON.
    package static func write(_ value: some Encodable, to url: URL) throws {
        try write(JSON.encode(value, layout: .page) + Data("\n".utf8), to: url)
    }

    /// A value as one line of a JSON lines file, with its line feed.
    package static func line(_ value: some Encodable) throws -> Data {
        try JSON.encode(value) + Data("\n".utf8)
    }

    /// Writes down which cases were left out.
    func write(skipped cases: [SkippedCase]) throws {
        guard !cases.isEmpty else {
            try? FileManager.default.removeItem(at: skipped)
            return
        }
        var lines = Data()
        for one in cases { lines += try RunFolder.line(one) }
        try RunFolder.write(lines, to: skipped)
    }

    /// Says that the run is done and drops what only an unfinished one needs.
    func finish(_ runID: String) throws {
        try? FileManager.default.removeItem(at: failed)
        try RunFolder.write(Data(try FinishedFiles.text(runID, self).utf8), to: done)
        try? FileManager.default.removeItem(at: state)
    }

    /// Forgets what an earlier run has left here.
    func clear() throws(RuntimeError) {
        try RuntimeError.wrapping {
            // Without DONE first: what a kill leaves of the rest is no finished run.
            for file in [done, failed] where FileManager.default.fileExists(atPath: file.path) {
                try FileManager.default.removeItem(at: file)
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: url.path)
            where name != lock.lastPathComponent {
                try FileManager.default.removeItem(at: url.appending(path: name))
            }
        }
    }

    /// Reads a file of a finished run that ``write(_:to:)`` has written.
    ///
    /// - Throws: `file`, naming the file and what is wrong with it.
    package func read<Value: Decodable>(_ type: Value.Type, from url: URL) throws(RuntimeError) -> Value {
        try RuntimeError.wrapping { try JSON.decode(type, from: try contents(of: url), name: "'\(url.path)'") }
    }

    /// Reads a file of JSON lines of a finished run.
    ///
    /// - Throws: `file`, naming the file, the line and what is wrong with it.
    func readLines<Value: Decodable>(_ type: Value.Type, from url: URL) throws(RuntimeError) -> [Value] {
        let lines = try contents(of: url).split(separator: UInt8(ascii: "\n"))
        return try RuntimeError.wrapping {
            try zip(lines, 1...).map { try JSON.decode(type, from: $0, name: "line \($1) of '\(url.path)'") }
        }
    }

    private func contents(of url: URL) throws(RuntimeError) -> Data {
        let read = try RuntimeError.wrapping(.file) {
            try SmallFile.contents(atPath: url.path, limit: RunFolder.largestFile)
        }
        guard let data = read
        else {
            throw RuntimeError(.file, "'\(url.path)' cannot be read", hint: "run again with --fresh")
        }
        try FinishedFiles(of: self).check(data, of: url, in: self)
        return data
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// The folder that a run leaves behind. Every file is written beside its place and renamed; `DONE` or `FAILED` comes last.
///
/// While the run is under way, `state/` holds what it has done so far; it goes away with `DONE`.
public struct RunFolder: Sendable {
    public let url: URL

    public init(_ url: URL) { self.url = url }

    public var resolvedConfiguration: URL { url.appending(path: "config.resolved.yaml") }
    public var sourceConfiguration: URL { url.appending(path: "config.source.yaml") }
    public var cases: URL { url.appending(path: "cases.jsonl") }
    public var metrics: URL { url.appending(path: "metrics.json") }
    public var locations: URL { url.appending(path: "locations.json") }
    public var patch: URL { url.appending(path: "patch") }
    public var report: URL { url.appending(path: "report.html") }
    public var log: URL { url.appending(path: "log.jsonl") }
    public var state: URL { url.appending(path: "state") }
    public var done: URL { url.appending(path: "DONE") }
    public var failed: URL { url.appending(path: "FAILED") }

    public var isDone: Bool { FileManager.default.fileExists(atPath: done.path) }

    /// Replaces a file by rename.
    package static func write(_ data: Data, to url: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            // On Linux `.atomic` writes beside and renames.
            try data.write(to: url, options: .atomic)
        } catch {
            throw RuntimeError(
                .run, "\(url.path) cannot be written: \(error.localizedDescription)",
                hint: "check the folder's permissions and the free space")
        }
    }

    /// Replaces a file by a value as indented JSON.
    package static func write(_ value: some Encodable, to url: URL) throws {
        try write(JSON.encode(value, layout: .page) + Data("\n".utf8), to: url)
    }

    /// A value as a line of a file of JSON lines, line feed included.
    package static func line(_ value: some Encodable) throws -> Data {
        try JSON.encode(value) + Data("\n".utf8)
    }

    /// Reads a file that ``write(_:to:)`` has written.
    ///
    /// - Throws: `file`, naming the file and what is wrong with it.
    static func read<Value: Decodable>(_ type: Value.Type, from url: URL) throws(RuntimeError) -> Value {
        try RuntimeError.wrapping { try JSON.decode(type, from: try contents(of: url), name: "'\(url.path)'") }
    }

    /// Reads a file of JSON lines.
    ///
    /// - Throws: `file`, naming the file, the line and what is wrong with it.
    static func readLines<Value: Decodable>(_ type: Value.Type, from url: URL) throws(RuntimeError) -> [Value] {
        let lines = try contents(of: url).split(separator: UInt8(ascii: "\n"))
        return try RuntimeError.wrapping {
            try zip(lines, 1...).map { try JSON.decode(type, from: $0, name: "line \($1) of '\(url.path)'") }
        }
    }

    private static func contents(of url: URL) throws(RuntimeError) -> Data {
        guard let data = FileManager.default.contents(atPath: url.path) else {
            throw RuntimeError(.file, "'\(url.path)' cannot be read", hint: "run again with --fresh")
        }
        return data
    }
}

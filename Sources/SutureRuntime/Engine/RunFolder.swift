// SPDX-License-Identifier: Apache-2.0

import Foundation

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

    package static func write(_ value: some Encodable, to url: URL) throws {
        try write(json(value, pretty: true), to: url)
    }

    /// JSON with sorted keys, so that equal values give equal bytes.
    package static func json(_ value: some Encodable, pretty: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try encoder.encode(value) + Data("\n".utf8)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// What was done to a model folder and to those that it was made from: `suture_patch/log.jsonl`, one line for every patch that was
/// applied or reverted.
///
/// Each line carries the checksum of the one before it, and of itself; so a line that was changed, moved or taken out is found.
/// That the last lines are there is known from ``StackRecord/logDigest``.
package struct PatchLog: Sendable {
    package static let fileName = "log.jsonl"
    private static let schema = 1
    /// A line has less than 1 KB.
    private static let largestFile = 1 << 26

    package enum Action: String, Sendable, Hashable, Codable {
        case apply, revert
    }

    /// A line.
    package struct Entry: Sendable, Hashable, Codable {
        package var schema: Int
        /// From 1.
        package var number: Int
        /// In ISO 8601, UTC.
        package var time: String
        package var action: Action
        /// The patch that was applied or reverted.
        package var patch: PatchReference
        /// Nil for a patch that no run made.
        package var runID: String?
        /// What was in force afterwards, in order.
        package var stack: [PatchReference]
        /// SHA-256 of the files of weights afterwards, by name; empty where they were written with a later patch alone, as `patch
        /// export --model` does.
        package var weights: [String: String]
        /// The version of suture.
        package var version: String
        /// The checksum of the line before; nil in the first.
        package var previous: String?
        /// ``SelfDigest``
        package fileprivate(set) var digest: String?

        enum CodingKeys: String, CodingKey {
            case schema, number, time, action, patch, stack, weights, version, previous
            case runID = "run_id"
            case digest = "sha256"
        }
    }

    package private(set) var entries: [Entry] = []

    /// The checksum of the last line; empty where there is none.
    var digest: String { entries.last?.digest ?? "" }

    /// Reads the log of a model folder; empty where it has none.
    ///
    /// - Throws: `file`, naming the first line that is not as it was written.
    package init(of model: URL) throws(RuntimeError) {
        let path = PatchPlaces(model).log.path
        let read = try RuntimeError.wrapping(.file) {
            try SmallFile.contents(atPath: path, limit: Self.largestFile)
        }
        guard let data = read else { return }
        for line in data.split(separator: UInt8(ascii: "\n")) {
            let number = entries.count + 1
            guard let entry = Self.entry(Data(line)), entry.number == number, entry.previous == entries.last?.digest
            else {
                throw RuntimeError(
                    .file, "line \(number) of '\(path)' is not as suture wrote it",
                    hint: "take the original model instead; nobody knows what was done to this one")
            }
            entries.append(entry)
        }
    }

    /// What is wrong with the log of a model that lacks lines that its record knows.
    static func isCut(_ model: URL) -> RuntimeError {
        RuntimeError(
            .file, "'\(PatchPlaces(model).log.path)' lacks its last lines",
            hint: "take the original model instead; nobody knows what was done to this one")
    }

    /// Nil for a line that is not as it was written.
    private static func entry(_ line: Data) -> Entry? {
        guard let json = try? JSONValue(line, name: "it"), json["schema"]?.integer == schema,
            let entry = try? JSON.decode(Entry.self, from: line, name: "it"), entry.digest == SelfDigest.of(json)
        else { return nil }
        return entry
    }

    /// Adds a line.
    ///
    /// - Parameters:
    ///   - stack, weights: what is in force afterwards.
    mutating func append(
        _ action: Action, _ patch: PatchReference, runID: String?, stack: [PatchReference], weights: [String: String],
        at time: Date
    ) throws(RuntimeError) {
        var entry = Entry(
            schema: Self.schema, number: entries.count + 1, time: Self.text(of: time), action: action, patch: patch,
            runID: runID, stack: stack, weights: weights, version: Versions.suture, previous: entries.last?.digest)
        entry.digest = try SelfDigest.of(entry)
        entries.append(entry)
    }

    /// A time as records have it: "2026-11-27T20:41:07Z".
    static func text(of time: Date) -> String { time.formatted(.iso8601) }

    /// The file's content.
    var data: Data {
        get throws(RuntimeError) {
            try RuntimeError.wrapping {
                try entries.reduce(into: Data()) { $0 += try JSON.encode($1) + Data("\n".utf8) }
            }
        }
    }

    /// A line for each entry, for people.
    package var table: TextTable {
        TextTable(
            header: ["", "time", "what", "patch", "run", "in force afterwards"],
            rows: entries.map { entry in
                let stack = entry.stack.map(\.name).joined(separator: ", ")
                return [
                    String(entry.number), entry.time, entry.action.rawValue, entry.patch.name, entry.runID ?? "–",
                    stack.isEmpty ? "none" : stack,
                ]
            }, numeric: [0])
    }
}

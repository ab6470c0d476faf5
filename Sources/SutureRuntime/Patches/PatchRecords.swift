// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What a patch carries of the run that made it, beside the changes: the cases that were edited, and the run's figures. With them
/// it can be looked at, compared and measured anywhere.
package struct PatchRecords: Sendable {
    package static let casesName = "cases.jsonl"
    package static let figuresName = "figures.json"
    /// A case has a few KB; a patch of 10,000 has tens of MB.
    private static let largestFile = 1 << 30

    package var cases: [EditCase]
    package var figures: [StagedMetric]

    package static let none = PatchRecords(cases: [], figures: [])

    package init(cases: [EditCase], figures: [StagedMetric] = []) {
        self.cases = cases
        self.figures = figures
    }

    /// Writes the files that have something in them.
    ///
    /// - Returns: their digests, by name.
    func write(to folder: URL) throws -> [String: String] {
        var files: [String: Data] = [:]
        if !cases.isEmpty {
            files[Self.casesName] = try cases.reduce(into: Data()) { $0 += try JSON.encode($1) + Data("\n".utf8) }
        }
        if !figures.isEmpty { files[Self.figuresName] = try JSON.encode(figures, layout: .page) + Data("\n".utf8) }
        for (name, data) in files { try data.write(to: folder.appendingPathComponent(name)) }
        return files.mapValues { Digest.of($0) }
    }

    /// Reads what a patch carries; nothing where it carries nothing.
    ///
    /// - Throws: `file` for a file that is not the one that the patch describes.
    package init(_ folder: URL, _ manifest: PatchManifest) throws(RuntimeError) {
        self = .none
        for (name, digest) in (manifest.records ?? [:]).sorted(by: { $0.key < $1.key }) {
            let path = folder.appendingPathComponent(name).path
            let read = try RuntimeError.wrapping(.file) {
                try SmallFile.contents(atPath: path, limit: Self.largestFile)
            }
            guard let data = read, Digest.of(data) == digest else {
                throw RuntimeError(
                    .file, "'\(path)' is not the file that \(PatchManifest.fileName) describes: its digest differs",
                    hint: "take the whole patch from the run again")
            }
            try RuntimeError.wrapping(.file) {
                switch name {
                case Self.casesName:
                    cases = try data.split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
                        try JSON.decode(EditCase.self, from: Data(line), name: "line \(number + 1) of '\(path)'")
                    }
                case Self.figuresName: figures = try JSON.decode([StagedMetric].self, from: data, name: "'\(path)'")
                default: break
                }
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// What `DONE` says: the name of the run, and a checksum for each file that the run wrote, as `sha256sum -c` reads them.
///
///     quickstart-12345678
///     0f3c…  cases.jsonl
///     91aa…  metrics.json
struct FinishedFiles {
    /// Checksums by path from the run folder. Empty where an older version wrote the file.
    private var digests: [String: String] = [:]

    /// Reads `DONE`.
    ///
    /// - Throws: `file` for one that is too large.
    init(of folder: RunFolder) throws(RuntimeError) {
        let data = try RuntimeError.wrapping(.file) { try SmallFile.contents(atPath: folder.done.path) }
        let text = data.flatMap { String(validating: $0, as: UTF8.self) } ?? ""
        for line in text.split(separator: "\n").dropFirst() {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { continue }
            digests[String(parts[1].drop { $0 == " " })] = String(parts[0])
        }
    }

    /// - Throws: `file` where a file is not what the run wrote.
    func check(_ data: Data, of url: URL, in folder: RunFolder) throws(RuntimeError) {
        guard let written = digests[url.lastPathComponent], written != Digest.of(data) else { return }
        throw Self.isChanged(url)
    }

    /// The same for a file that is too large to be read at once.
    func checkFile(_ url: URL, in folder: RunFolder) throws(RuntimeError) {
        guard let written = digests[url.lastPathComponent], try written != Digest.ofFile(url.path) else { return }
        throw Self.isChanged(url)
    }

    private static func isChanged(_ url: URL) -> RuntimeError {
        RuntimeError(
            .file, "'\(url.path)' is not as the run wrote it: its checksum differs", hint: "run again with --fresh")
    }

    /// The text of `DONE` for what is in a folder now. The log is not in it: the host may still write to it.
    static func text(_ runID: String, _ folder: RunFolder) throws -> String {
        let others = [folder.done, folder.failed, folder.log, folder.lock].map(\.lastPathComponent)
        let state = folder.state.lastPathComponent
        var text = runID + "\n"
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted()
        where !others.contains(name) && name.split(separator: "/").first.map(String.init) != state {
            let path = folder.url.appending(path: name).path
            guard FileStamp.isRegularFile(path) else { continue }
            text += "\(try Digest.ofFile(path))  \(name)\n"
        }
        return text
    }
}

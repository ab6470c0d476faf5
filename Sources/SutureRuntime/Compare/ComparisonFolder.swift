// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The folder of a comparison. It is next to the folders of the runs and, like them, is named by its content.
package struct ComparisonFolder: Sendable {
    package let url: URL

    package init(_ url: URL) { self.url = url }

    /// - Parameter runs: at least one.
    package init(of name: String, runs: [RunLauncher.PlannedRun]) {
        let digest = Digest.of(Data(runs.map(\.experiment.digest).joined(separator: "\n").utf8))
        let parent = runs.first.map { $0.folder.url.deletingLastPathComponent() } ?? URL(fileURLWithPath: ".")
        url = parent.appending(path: "\(name)-comparison-\(digest.prefix(8))")
    }

    package var table: URL { url.appending(path: "comparison.md") }
    package var page: URL { url.appending(path: "comparison.html") }
    package var data: URL { url.appending(path: "comparison.json") }
    package var source: URL { url.appending(path: "config.source.yaml") }
    /// Checksums of the others, as `sha256sum -c` reads them.
    package var checksums: URL { url.appending(path: "comparison.sha256") }

    /// Each file is written under another name and renamed.
    ///
    /// - Parameter source: the experiment file; nil for runs that were not made together.
    package func write(_ comparison: Comparison, source: Data?) throws(RuntimeError) {
        do {
            try? FileManager.default.removeItem(at: checksums)
            try RunFolder.write(comparison, to: data)
            let figures = ComparisonTable(comparison)
            let text = figures.table { $0 }.markdown { figures.rows[$0][$1].isBest }
            try RunFolder.write(Data("# \(Markdown.escaped(comparison.title))\n\n\(text)".utf8), to: table)
            try RunFolder.write(Data(ComparisonReport(comparison: comparison, folder: url).html.utf8), to: page)
            if let source { try RunFolder.write(source, to: self.source) }
            // The folder may be one of the user's, with other files in it.
            let written = [page, data, table] + (source == nil ? [] : [self.source])
            let lines = try written.map { "\(try Digest.ofFile($0.path))  \($0.lastPathComponent)\n" }
            try RunFolder.write(Data(lines.joined().utf8), to: checksums)
        } catch {
            throw RuntimeError(error)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What `suture clean` has found in some folders, and removed.
package struct Cleaning: Sendable {
    package var found = Leftovers()
    /// A sentence for each leftover that could not be removed.
    package var failures: [String] = []
    private var isDryRun: Bool

    /// - Parameters:
    ///   - folders: none: the current folder and the cache of second moments.
    ///   - isDryRun: removes nothing.
    /// - Throws: `usage` for a folder that is not there.
    package init(folders: [String], isDryRun: Bool) throws(RuntimeError) {
        self.isDryRun = isDryRun
        var places = folders.map { URL(fileURLWithPath: $0) }
        for place in places {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder), isFolder.boolValue else {
                throw RuntimeError(
                    .usage, "there is no folder '\(place.path)'", hint: "name a folder to look for leftovers in")
            }
        }
        if places.isEmpty {
            places = [
                URL(fileURLWithPath: FileManager.default.currentDirectoryPath), StatisticsService.cacheFolder,
            ]
        }
        for place in places {
            let more = Leftovers(in: place)
            // One folder may be in another.
            found.items += more.items.filter { item in !found.items.contains { $0.path == item.path } }
            found.inUse += more.inUse.filter { !found.inUse.contains($0) }
            found.unreadable += more.unreadable.filter { !found.unreadable.contains($0) }
        }
        if !isDryRun { failures = found.remove() }
    }

    /// For a terminal.
    package var text: String {
        guard !found.items.isEmpty else { return "nothing is left to remove" }
        var table = TextTable(header: ["bytes", "what", "path"], numeric: [0])
        table.rows = found.items.map { [String($0.bytes), $0.kind.rawValue, $0.path] }
        let count = found.items.count - failures.count
        let total = found.items.reduce(0) { $0 + $1.bytes }
        let what = found.items.count == 1 ? "1 leftover" : "\(isDryRun ? found.items.count : count) leftovers"
        let end = isDryRun ? "\(what) of \(total) bytes would be removed" : "\(what) of \(total) bytes removed"
        return table.text() + "\n" + end
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What `suture locate` answers in the terminal: the strongest layers of each map, and what is selected.
package struct LocateSummary {
    private let file: LocationsFile
    private let folder: RunFolder
    private let width: Int

    /// The largest number of rows in a table. Beyond it the table refers to the file.
    private static let longestTable = 20
    /// Layers named for each map.
    private static let shownLayers = 3

    /// - Parameter width: of the terminal, in columns.
    package init(file: LocationsFile, folder: RunFolder, width: Int = .max) {
        self.file = file
        self.folder = folder
        self.width = width
    }

    package var text: String {
        [maps, selection, "\(file.locator.name): \(folder.url.path)"].filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// A row for each map: its strongest place, and the layers in which the map is strongest there.
    private var maps: String {
        let all = LocationMap.all(of: file)
        guard !all.isEmpty else { return "" }
        var table = TextTable(header: ["cases", "site", "measure", "strongest at", "top layers (score)"])
        table.rows = all.prefix(LocateSummary.longestTable).map { map in
            let (place, layers) = LocateSummary.strongest(map)
            return [map.sourceName, map.kind.name, map.measure, place, layers].map(LocateSummary.line)
        }
        let rest = all.count - table.rows.count
        return table.text(width: width) + (rest > 0 ? "\n… and \(rest) more maps in locations.csv" : "")
    }

    private static func strongest(_ map: LocationMap) -> (place: String, layers: String) {
        // The first rank is the strongest.
        func strength(_ score: Double) -> Double { map.isRank ? -score : score }
        var best: (strength: Double, row: LocationMap.Row)?
        for row in map.rows {
            let finite = row.scores.compactMap { $0 }.filter(\.isFinite)
            guard let most = finite.map(strength).max() else { continue }
            if best.map({ most > $0.strength }) ?? true { best = (most, row) }
        }
        guard let row = best?.row else { return ("", "") }
        let cells = zip(map.layers, row.scores).compactMap { layer, score in score.map { (layer: layer, score: $0) } }
            .filter(\.score.isFinite).sorted { (strength($1.score), $0.layer) < (strength($0.score), $1.layer) }
        let texts = cells.prefix(shownLayers).map { "\($0.layer) (\(Figures.text($0.score)))" }
        return (row.name, texts.joined(separator: ", "))
    }

    private var selection: String {
        let selection = LocationSelection(file)
        guard !selection.lines.isEmpty else { return "nothing is selected" }
        let table = selection.table(limit: LocateSummary.longestTable)
        let rest = selection.lines.count - table.rows.count
        return table.text(width: width) + (rest > 0 ? "\n… and \(rest) more in locations.csv" : "")
    }

    /// Text on one line.
    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a locator selected, layer by layer.
package struct LocationSelection: Sendable, Hashable {
    package struct Line: Sendable, Hashable {
        /// "all cases", "case 17"
        package var source: String
        package var kind: Site.Kind
        package var layer: Int?
        /// "last subject token", "token 7, the"; empty: every token.
        package var place: String
        /// Neurons or heads; 0: the whole site.
        package var units: Int
    }

    package var lines: [Line]

    package init(_ file: LocationsFile) {
        struct Key: Hashable {
            var caseIndex: Int?
            var site: Site
            var role: Location.Role
            var position: Int?
        }
        let prompts = Dictionary(file.cases.map { ($0.index, $0) }) { first, _ in first }
        var order: [Key] = []
        var units: [Key: Set<Int>] = [:]
        for one in file.locations where one.isSelected {
            let key = Key(caseIndex: one.caseIndex, site: one.site, role: one.role, position: one.position)
            if units[key] == nil { order.append(key) }
            units[key, default: []].formUnion(one.unit.map { [$0] } ?? [])
        }
        lines = order.map { key in
            let prompt = key.caseIndex.flatMap { prompts[$0] }
            let token = key.position.map { position in
                guard let prompt, prompt.tokens.indices.contains(position) else { return "token \(position)" }
                return "token \(position), \(LocationMap.word(prompt.tokens[position]))"
            }
            return Line(
                source: key.caseIndex.map { "case \(prompt?.id ?? String($0))" } ?? "all cases", kind: key.site.kind,
                layer: key.site.layer, place: token ?? key.role.phrase, units: units[key]?.count ?? 0)
        }
    }

    /// For people: a row for each layer and place.
    ///
    /// - Parameter limit: the largest number of rows.
    package func table(limit: Int) -> TextTable {
        TextTable(
            header: ["selected for", "site", "layer", "place", "units"],
            rows: lines.prefix(limit).map {
                [
                    $0.source, $0.kind.name, $0.layer.map(String.init) ?? "",
                    $0.place.isEmpty ? "every token" : $0.place,
                    $0.units == 0 ? "all" : String($0.units),
                ]
            }, numeric: [2, 4])
    }
}

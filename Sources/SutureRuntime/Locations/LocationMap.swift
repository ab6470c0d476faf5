// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Scores of one kind of site under one measure: a row for each place in the prompt (or each head), a column for each
/// layer.
package struct LocationMap: Sendable, Hashable {
    /// Where the scores come from.
    package enum Source: Sendable, Hashable {
        /// The locator emitted them for every case together.
        case all
        /// The mean over this many cases, by the roles of their tokens. The locator emitted them case by case.
        case mean(cases: Int)
        /// One case, by its index and its id.
        case one(index: Int, id: String)
    }

    package struct Row: Sendable, Hashable {
        /// The token's text, its role, or the head.
        package var name: String
        package var isSubject = false
        /// One for each layer of the map; nil: not measured.
        package var scores: [Double?]
        package var isSelected: [Bool]
    }

    package var source: Source
    package var kind: Site.Kind
    /// What the scores measure; empty: what the locator's documentation says.
    package var measure: String
    /// Ascending.
    package var layers: [Int]
    package var rows: [Row]

    /// "mean over 2 cases, mlp_output, probability of Paris"
    package var title: String { [sourceName, kind.name, measure].filter { !$0.isEmpty }.joined(separator: ", ") }

    /// "all cases", "mean over 2 cases", "case 17"
    package var sourceName: String {
        switch source {
        case .all: "all cases"
        case .mean(let count): "mean over \(count) case\(count == 1 ? "" : "s")"
        case .one(_, let id): "case \(id)"
        }
    }

    /// The largest finite size of a score; 0 where there is none.
    package var limit: Double { scores.map(abs).max() ?? 0 }

    /// Every finite score.
    package var scores: [Double] { rows.flatMap(\.scores).compactMap { $0 }.filter(\.isFinite) }
}

extension LocationMap {
    /// The maps of a file: those over all cases come first, then those of each case. Neurons, and places that are selected
    /// without a measurement beside them, make no map.
    ///
    /// A mean over cases is drawn once. Where the locator gives maps over several cases of a kind of site, they are its means,
    /// however it groups the cases; elsewhere the mean is taken here.
    package static func all(of file: LocationsFile) -> [LocationMap] {
        struct Key: Hashable {
            var caseIndex: Int?
            var kind: Site.Kind
            var measure: String
        }
        let drawn = file.locations.filter { $0.site.layer != nil && ($0.unit == nil || $0.site.kind.hasHeads) }
        let groups = Dictionary(grouping: drawn) {
            Key(caseIndex: $0.caseIndex, kind: $0.site.kind, measure: $0.measure)
        }
        .filter { $0.value.contains { !$0.isSelected } }
        var order: [Key] = []
        var seen: Set<Key> = []
        for one in drawn {
            let key = Key(caseIndex: one.caseIndex, kind: one.site.kind, measure: one.measure)
            if groups[key] != nil, seen.insert(key).inserted { order.append(key) }
        }
        let prompts = Dictionary(file.cases.map { ($0.index, $0) }) { first, _ in first }
        var whole: [LocationMap] = []
        var single: [LocationMap] = []
        for key in order {
            let cells = groups[key] ?? []
            guard let index = key.caseIndex else {
                whole.append(LocationMap(cells, .all, key.kind, key.measure, prompt: nil))
                continue
            }
            let prompt = prompts[index]
            single.append(
                LocationMap(
                    cells, .one(index: index, id: prompt?.id ?? String(index)), key.kind, key.measure, prompt: prompt))
        }
        let averaged = Set(groups.keys.filter { $0.caseIndex == nil }.map(\.kind))
        var done: Set<Key> = []
        for key in order where key.caseIndex != nil && !averaged.contains(key.kind) {
            let mean = Key(caseIndex: nil, kind: key.kind, measure: key.measure)
            guard done.insert(mean).inserted else { continue }
            let members = order.filter { $0.caseIndex != nil && $0.kind == key.kind && $0.measure == key.measure }
            let cells = members.flatMap { groups[$0] ?? [] }.filter { $0.role != .none && $0.unit == nil }
            guard members.count > 1, !cells.isEmpty else { continue }
            whole.append(
                LocationMap(
                    cells.map { Location($0.site, role: $0.role, score: $0.score, isSelected: false) },
                    .mean(cases: members.count), key.kind, key.measure, prompt: nil))
        }
        return whole + single
    }

    private struct Place: Hashable {
        var position: Int?
        var role: Location.Role
        var unit: Int?

        init(_ location: Location) {
            position = location.position
            role = location.position == nil ? location.role : .none
            unit = location.unit
        }

        var order: (Int, Int, Int) {
            (position ?? -1, Location.Role.inPrompt.firstIndex(of: role) ?? 0, unit ?? -1)
        }
    }

    /// Scores at the same place, as those of the tokens of a role are, are averaged.
    private init(
        _ cells: [Location], _ source: Source, _ kind: Site.Kind, _ measure: String, prompt: LocationsFile.Prompt?
    ) {
        self.source = source
        self.kind = kind
        self.measure = measure
        let layers = Set(cells.compactMap(\.site.layer)).sorted()
        self.layers = layers
        let columns = Dictionary(layers.enumerated().map { ($1, $0) }) { first, _ in first }
        let places = Dictionary(grouping: cells) { Place($0) }
        rows = places.keys.sorted { $0.order < $1.order }.map { place in
            var sums = [Double](repeating: 0, count: layers.count)
            var counts = [Int](repeating: 0, count: layers.count)
            var row = Row(name: "", scores: [], isSelected: [Bool](repeating: false, count: layers.count))
            for cell in places[place] ?? [] {
                guard let column = cell.site.layer.flatMap({ columns[$0] }) else { continue }
                sums[column] += cell.score
                counts[column] += 1
                if cell.isSelected { row.isSelected[column] = true }
            }
            row.scores = zip(sums, counts).map { $1 == 0 ? nil : $0 / Double($1) }
            row.name = LocationMap.name(place, prompt)
            row.isSubject = place.position.map { prompt?.subject.contains($0) ?? false } ?? place.role.isSubject
            return row
        }
    }

    private static func name(_ place: Place, _ prompt: LocationsFile.Prompt?) -> String {
        var name = place.role == .none ? "" : place.role.phrase
        if let position = place.position {
            name =
                prompt.flatMap { $0.tokens.indices.contains(position) ? word($0.tokens[position]) : nil }
                ?? "token \(position)"
        }
        guard let unit = place.unit else { return name.isEmpty ? "whole prompt" : name }
        return name.isEmpty ? "head \(unit)" : "\(name), head \(unit)"
    }

    /// A token's text without the blanks at its ends; a token of blanks alone is shown by signs.
    static func word(_ token: String) -> String {
        let parts = token.split(whereSeparator: \.isWhitespace)
        guard parts.isEmpty else { return parts.joined(separator: " ") }
        return token.isEmpty ? "∅" : token.map { $0.isNewline ? "⏎" : "␣" }.joined()
    }
}

extension Site.Kind {
    /// Whether the units of a location at this site are heads.
    fileprivate var hasHeads: Bool {
        switch self {
        case .headOutput, .query, .key, .value, .attentionPattern, .attentionOutput: true
        default: false
        }
    }
}

extension Location.Role {
    /// In the order of a prompt.
    fileprivate static let inPrompt: [Location.Role] = [
        .none, .subjectFirst, .subjectMiddle, .subjectLast, .afterSubject, .further, .last,
    ]

    fileprivate var isSubject: Bool { self == .subjectFirst || self == .subjectMiddle || self == .subjectLast }

    /// For people: "last subject token".
    var phrase: String {
        switch self {
        case .none: ""
        case .subjectFirst: "first subject token"
        case .subjectMiddle: "middle subject tokens"
        case .subjectLast: "last subject token"
        case .afterSubject: "token after the subject"
        case .further: "further tokens"
        case .last: "last token"
        }
    }
}

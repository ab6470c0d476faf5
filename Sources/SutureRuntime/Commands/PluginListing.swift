// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// What `suture plugins` answers.
package struct PluginListing: Sendable, Codable {
    package struct Component: Sendable, Codable {
        package var id: String
        package var kind: String
        package var version: String
        package var summary: String
        package var plugin: String
        package var file: String
        package var isNative: Bool
        package var requires: [String]
        package var parameters: [Parameter]
    }

    package struct Parameter: Sendable, Codable {
        package var name: String
        package var type: String
        /// As JSON; "required" where there is none, "null" where it may be left out.
        package var `default`: String
        /// "> 0", "one of a, b", "a patcher", and what the data must have; empty: anything of the type.
        package var allowed: String
        package var unit: String
        package var help: String
    }

    package struct Problem: Sendable, Codable, CustomStringConvertible {
        package var file: String
        package var sentence: String
        package var hint: String
        package var description: String { hint.isEmpty ? sentence : "\(sentence); \(hint)" }
    }

    package var components: [Component]
    package var problems: [Problem]
    package var searched: [String]

    package init(_ catalogue: PluginCatalogue) {
        components = catalogue.components.map(Component.init)
        problems = catalogue.problems.map { Problem(file: $0.file, sentence: $0.sentence, hint: $0.hint) }
        searched = catalogue.searched
    }

    /// The components of that name, of whatever kind.
    ///
    /// - Throws: `plugin`, naming what is there.
    package func find(_ id: String, in catalogue: PluginCatalogue) throws(RuntimeError) -> [Component] {
        let found = components.filter { $0.id == id }
        guard found.isEmpty else { return found }
        let meant = NearestName.of(id, in: components.map(\.id))
        throw RuntimeError(
            .plugin, "no plugin offers \"\(id)\"; looked in \(searched.joined(separator: ", "))",
            hint: meant.map { "did you mean \"\($0)\"?" } ?? "`suture plugins list` shows what is there")
    }
}

extension PluginListing.Component {
    /// The component as a whole, for people.
    package var facts: [(String, String)] {
        [
            ("component", "\(id) \(version)"), ("kind", isNative ? "\(kind), native" : kind), ("does", summary),
            ("plugin", plugin), ("file", file), ("needs of every case", requires.joined(separator: ", ")),
        ].filter { !$0.1.isEmpty }
    }

    init(_ component: ComponentDescription) {
        self.init(
            id: component.id, kind: component.kind.name, version: component.version, summary: component.summary,
            plugin: component.pluginID, file: component.file, isNative: component.isNative,
            requires: component.requires.names,
            parameters: component.parameters.map(PluginListing.Parameter.init))
    }
}

extension PluginListing.Parameter {
    init(_ declaration: ParameterDeclaration) {
        let range = declaration.range
        var allowed: [String] = []
        if range.minimum.isFinite { allowed.append("\(range.excludesMinimum ? ">" : "≥") \(range.minimum.short)") }
        if range.maximum.isFinite { allowed.append("\(range.excludesMaximum ? "<" : "≤") \(range.maximum.short)") }
        if !declaration.choices.isEmpty { allowed.append("one of \(declaration.choices.joined(separator: ", "))") }
        if let kind = ComponentKind(rawValue: declaration.componentKind) { allowed.append(kind.phrase) }
        for (fields, condition) in [(declaration.needs, "with it"), (declaration.needsOtherwise, "without it")]
        where !fields.isEmpty {
            allowed.append("\(condition) every case needs \(fields.names.joined(separator: ", "))")
        }
        self.init(
            name: declaration.name, type: declaration.kind.phrase,
            default: declaration.defaultJSON ?? (declaration.isRequired ? "required" : "null"),
            allowed: allowed.joined(separator: ", "), unit: declaration.unit, help: declaration.help)
    }
}

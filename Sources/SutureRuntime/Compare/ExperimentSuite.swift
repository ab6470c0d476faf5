// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An experiment file that stands for one run or for several: its `variants`, its `sweep`, and the sweeps of the command
/// line. The runs share whatever they do not change, so that what they find can be compared.
package struct ExperimentSuite: Sendable {
    /// One of the runs.
    package struct Member: Sendable {
        /// "pmet", "tnff alpha=10"; empty where there is one run alone.
        package var label: String
        /// The label without its sweep: members of a variant are one line of a plot.
        package var variant: String
        package var experiment: Experiment
    }

    package var name: String
    package var members: [Member]
    package var comparison: ComparisonSettings
    /// The bytes of the experiment file.
    package var source: Data

    /// Several runs, even if it is a variant or a sweep of one.
    package var isComparison: Bool { !members.contains { $0.label.isEmpty } }

    /// - Parameters:
    ///   - overrides: for every run.
    ///   - sweeps: `key=a,b`; every combination of values is a run.
    ///   - parts: what the file has to have.
    /// - Throws: what ``Experiment`` throws, of any run, and `usage` for variants and sweeps that are none.
    package init(
        file: String, overrides: [String] = [], sweeps: [String] = [], parts: ExperimentParts = .all,
        currentFolder: String = FileManager.default.currentDirectoryPath
    ) throws(RuntimeError) {
        let read = try ExperimentFile(file, overrides: overrides, currentFolder: currentFolder)
        source = read.source
        name = read.root["experiment"]?.text ?? ""
        comparison = try ComparisonSettings(read.root["compare"])
        members = []
        var base = read
        base.root = base.root.without(["variants", "sweep", "compare"])

        var commandLine: [SweepAxis] = []
        for text in sweeps { commandLine.append(try SweepAxis(commandLine: text)) }
        for variant in try Variant.all(of: read.root["variants"]) {
            var root = base.root
            for change in variant.changes { try change.apply(to: &root) }
            let inFile = try SweepAxis.axes(of: variant.sweep ?? read.root["sweep"])
            try Self.checkCount(members.count, plus: inFile + commandLine)
            for step in SweepAxis.product(inFile + commandLine) {
                var tree = root
                for change in step.changes { try change.apply(to: &tree) }
                let label = ([variant.name] + step.names).filter { !$0.isEmpty }.joined(separator: " ")
                if !label.isEmpty { tree = tree.named("\(name).\(ExperimentSuite.slug(label))") }
                let experiment = try Experiment(
                    tree, file: read.path, source: read.source, overrides: overrides + step.texts, paths: read.paths,
                    parts: parts)
                members.append(Member(label: label, variant: variant.name, experiment: experiment))
            }
        }
    }

    /// The largest number of runs. Each is planned before the first begins, and a table of more helps nobody.
    static let largestCount = 10_000

    private static func checkCount(_ count: Int, plus axes: [SweepAxis]) throws(RuntimeError) {
        let size = axes.reduce(1.0) { $0 * Double($1.steps.count) }
        guard Double(count) + size <= Double(largestCount) else {
            let sizes = axes.map { String($0.steps.count) }.joined(separator: " × ")
            throw RuntimeError(
                .usage, "the sweep has \(sizes) runs, and a file may stand for at most \(largestCount)",
                hint: "sweep over fewer values, or divide the sweep")
        }
    }

    /// Letters, digits and points of a label; the rest becomes hyphens.
    private static func slug(_ label: String) -> String {
        let parts = label.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".")) }
        return String(parts.joined(separator: "-").prefix(60))
    }
}

/// A named set of changes of the file.
private struct Variant {
    var name: String
    var changes: [VariantChange] = []
    var sweep: ConfigNode?

    /// One without a name where the file has none.
    static func all(of node: ConfigNode?) throws(RuntimeError) -> [Variant] {
        guard let node, !node.isNull else { return [Variant(name: "")] }
        guard case .mapping(let entries) = node.content, !entries.isEmpty else {
            throw RuntimeError(
                .usage, "\(node.place): variants must be a section of names, got \(node.phrase)",
                hint: "write  variants: {memit: {}, rome: {method: rome}}")
        }
        var variants: [Variant] = []
        for entry in entries {
            var variant = Variant(name: entry.key)
            switch entry.value.content {
            case .mapping(let changes):
                for change in changes {
                    if change.key == "sweep" {
                        variant.sweep = change.value
                    } else {
                        variant.changes.append(VariantChange(entry: change))
                    }
                }
            case .scalar where entry.value.isNull: break
            default:
                throw RuntimeError(
                    .usage,
                    "\(entry.value.place): the variant '\(entry.key)' must be a section of keys, got "
                        + entry.value.phrase, hint: "write  \(entry.key): {method: {name: …}}")
            }
            variants.append(variant)
        }
        return variants
    }
}

/// `method: {name: pmet, …}` replaces the method; `method: {v_lr: 1}`, without a name, and sections such as `edit` change
/// what they name; `method.v_lr: 1` does the same.
private struct VariantChange {
    var entry: ConfigNode.Entry

    func apply(to root: inout ConfigNode) throws(RuntimeError) {
        let keys = entry.key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard ExperimentSchema.root.keys.contains(keys[0]) else {
            throw ConfigReader.unknown(keys[0], in: "variants", known: ExperimentSchema.root.keys, at: entry.place)
        }
        if keys.count == 1, case .mapping(let inner) = entry.value.content, entry.value["name"] == nil,
            case .mapping? = root[keys[0]]?.content
        {
            for change in inner {
                try Override(setting: [keys[0], change.key], to: change.value).apply(to: &root)
            }
        } else {
            try Override(setting: keys, to: entry.value).apply(to: &root)
        }
    }
}

/// The values that a key takes, one after the other.
private struct SweepAxis {
    /// One value.
    struct Step {
        var name: String
        var text: String
        var change: Override
    }

    /// A run of the product.
    struct Combination {
        var steps: [Step]
        var names: [String] { steps.map(\.name) }
        var texts: [String] { steps.map(\.text).filter { !$0.isEmpty } }
        var changes: [Override] { steps.map(\.change) }
    }

    var steps: [Step]

    /// `method.alpha=1,10`
    init(commandLine text: String) throws(RuntimeError) {
        let overrides = try Override.sweep(text)
        steps = []
        for text in overrides {
            let change = try Override(text)
            let value = text.drop { $0 != "=" }.dropFirst()
            steps.append(
                Step(
                    name: overrides.count > 1 ? "\(change.keys[change.keys.count - 1])=\(value)" : "", text: text,
                    change: change))
        }
    }

    private init(_ steps: [Step]) { self.steps = steps }

    /// `{method.alpha: [1, 10]}`
    static func axes(of node: ConfigNode?) throws(RuntimeError) -> [SweepAxis] {
        guard let node, !node.isNull else { return [] }
        guard case .mapping(let entries) = node.content else {
            throw RuntimeError(
                .usage, "\(node.place): sweep must be a section of keys with lists, got \(node.phrase)",
                hint: "write  sweep: {method.alpha: [1, 10, 100]}")
        }
        var axes: [SweepAxis] = []
        for entry in entries {
            guard case .list(let values) = entry.value.content, !values.isEmpty else {
                throw RuntimeError(
                    .usage,
                    "\(entry.value.place): sweep.\(entry.key) must be a list of values, got "
                        + entry.value.phrase, hint: "write [\(entry.value.phrase)] for a list of one")
            }
            let keys = entry.key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard ExperimentSchema.root.keys.contains(keys[0]) else {
                throw ConfigReader.unknown(keys[0], in: "sweep", known: ExperimentSchema.root.keys, at: entry.place)
            }
            axes.append(
                SweepAxis(
                    values.map { value in
                        Step(
                            name: "\(keys[keys.count - 1])=\(value.short)", text: "",
                            change: Override(setting: keys, to: value))
                    }))
        }
        return axes
    }

    /// Every combination; the last axis changes fastest. Without an axis there is one combination, without steps.
    static func product(_ axes: [SweepAxis]) -> [Combination] {
        axes.reduce([Combination(steps: [])]) { runs, axis in
            runs.flatMap { run in axis.steps.map { Combination(steps: run.steps + [$0]) } }
        }
    }
}

extension ConfigNode {
    /// Without some keys at the top.
    fileprivate func without(_ keys: [String]) -> ConfigNode {
        guard case .mapping(let entries) = content else { return self }
        return ConfigNode(.mapping(entries.filter { !keys.contains($0.key) }), at: place)
    }

    /// With another name of the experiment.
    fileprivate func named(_ name: String) -> ConfigNode {
        guard case .mapping(var entries) = content, let index = entries.firstIndex(where: { $0.key == "experiment" })
        else { return self }
        entries[index].value.content = .scalar(name, isQuoted: true)
        return ConfigNode(.mapping(entries), at: place)
    }

    /// The value for labels: a scalar as it is written, a list as [a,b], a component by its name.
    fileprivate var short: String {
        switch content {
        case .scalar(let text, _): text
        case .list(let items): "[" + items.map(\.short).joined(separator: ",") + "]"
        case .mapping: self["name"]?.text ?? "{…}"
        }
    }
}

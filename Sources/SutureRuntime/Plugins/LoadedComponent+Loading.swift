// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension LoadedComponent {
    /// Loads a component of a run from its file, and those among its settings.
    ///
    /// - Throws: `plugin` when the file is not the one that was planned, or does not offer the component any more.
    convenience init(_ component: ResolvedComponent) throws(RuntimeError) {
        _ = try PluginLibrary.load(component.file, digest: component.digest)
        let description = try Self.description(of: component.id, component.kind, in: component.file)
        guard description.parameters.map(\.name) == component.settings.map(\.name) else {
            throw RuntimeError(
                .plugin, "\(component.file) declares other parameters for \"\(component.id)\" than when the run began",
                hint: "start the run anew with this plugin, or put the old one back")
        }
        var slots: [String: LoadedComponent] = [:]
        for setting in component.settings {
            if case .component(let inner) = setting.value { slots[setting.name] = try LoadedComponent(inner) }
        }
        try self.init(description, arguments: component.arguments, slots: slots)
    }

    /// What it and the components among its settings need of each case.
    ///
    /// - Parameter resolved: what it was loaded by.
    func needs(as resolved: ResolvedComponent) -> [CaseRequirements.Need] {
        CaseRequirements.needs(of: description, resolved.arguments)
            + resolved.settings.flatMap { setting -> [CaseRequirements.Need] in
                guard case .component(let inner) = setting.value else { return [] }
                return slots[setting.name]?.needs(as: inner) ?? []
            }
    }

    /// Loads a component of a library as it is now.
    ///
    /// - Parameters:
    ///   - arguments: one checked value per declared parameter, in declaration order.
    ///   - digest: what the file's digest must be; nil: any.
    /// - Throws: `plugin` when the file does not offer it, `usage` when it refuses its arguments.
    package convenience init(
        file: String, kind: ComponentKind, component: String, arguments: [ArgumentValue], digest: String? = nil
    ) throws(RuntimeError) {
        if let digest { _ = try PluginLibrary.load(file, digest: digest) }
        try self.init(Self.description(of: component, kind, in: file), arguments: arguments)
    }

    private static func description(
        of id: String, _ kind: ComponentKind, in file: String
    ) throws(RuntimeError) -> ComponentDescription {
        let report = DescribeJob.describe(file)
        if let found = report.components.first(where: { $0.kind == kind && $0.id == id }) { return found }
        // A problem of this component says more than one of another.
        let problems = report.problems
        if let problem = problems.first(where: { $0.component == id }) ?? problems.first(where: { $0.component == nil })
        {
            throw problem.error
        }
        throw RuntimeError(
            .plugin, "\(file) offers no \(kind.name) \"\(id)\"",
            hint: "start the run anew, so that plugins are looked for again")
    }
}

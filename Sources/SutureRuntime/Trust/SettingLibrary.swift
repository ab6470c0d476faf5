// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A library that a setting names, as a component says by the unit of the setting.
package struct SettingLibrary: Sendable, Hashable {
    /// A path, or a name for the system's loader.
    package var name: String
    /// The user wrote it with the command, or it is the component's own default. Then no file asks for it.
    package var isTrusted: Bool

    /// Those of a component, without those of the components among its settings.
    ///
    /// - Parameter settings: what the arguments were read from.
    static func all(
        of component: ComponentDescription, _ arguments: [ArgumentValue], _ settings: ConfigNode
    ) -> [SettingLibrary] {
        named(by: component, arguments).map { parameter, name in
            let node = settings[parameter.name]
            return SettingLibrary(name: name, isTrusted: node?.place.isCommandLine ?? true)
        }
    }

    /// The names in a run folder, which does not say who wrote them.
    ///
    /// - Throws: `plugin` for a component that the catalogue lacks.
    static func all(
        of experiment: ResolvedExperiment, in catalogue: PluginCatalogue
    ) throws(RuntimeError) -> [String] {
        var names: [String] = []
        for component in experiment.components {
            let description = try catalogue.find(kind: component.kind, id: component.id)
            names += named(by: description, component.arguments).map(\.name)
        }
        return names
    }

    private static func named(
        by component: ComponentDescription, _ arguments: [ArgumentValue]
    ) -> [(parameter: ParameterDeclaration, name: String)] {
        zip(component.parameters, arguments).flatMap { parameter, value in
            guard parameter.unit == ParameterDeclaration.libraryUnit else {
                return [(parameter: ParameterDeclaration, name: String)]()
            }
            return switch value {
            case .text(let name): [(parameter, name)]
            case .texts(let names): names.map { (parameter, $0) }
            default: []
            }
        }
    }
}

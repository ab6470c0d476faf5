// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension PatchManifest {
    /// How the figures of a patch were measured: what `patch verify --evaluate` does again.
    package struct Evaluation: Sendable, Hashable, Codable {
        /// With all of their settings, and without the places of their libraries.
        package var evaluators: [ResolvedComponent]
        package var seed: Int
        /// The type that the model was computed in: "float32".
        package var dtype: String
        /// SHA-256 of the files that settings of evaluators name, by setting: "evaluators.perplexity.path".
        package var inputs: [String: String]

        init(_ experiment: ResolvedExperiment) {
            evaluators = experiment.evaluators.map(\.withoutPlace)
            seed = experiment.seed
            dtype = experiment.model.dtype.description
            inputs = experiment.digests.filter { $0.key.hasPrefix("evaluators.") }
        }
    }
}

extension ResolvedComponent {
    /// The same without the place of its library: another machine has it elsewhere.
    fileprivate var withoutPlace: ResolvedComponent {
        var component = self
        component.file = ""
        component.settings = settings.map { setting in
            var setting = setting
            if case .component(let inner) = setting.value { setting.value = .component(inner.withoutPlace) }
            return setting
        }
        return component
    }

    /// The same component, with these settings, as it is installed here.
    ///
    /// - Throws: `plugin` where there is none, or where it has other settings by now.
    func installed(in catalogue: PluginCatalogue) throws(RuntimeError) -> ResolvedComponent {
        let found = try catalogue.find(kind: kind, id: id)
        guard found.parameters.map(\.name) == settings.map(\.name) else {
            throw RuntimeError(
                .plugin, "the \(kind.name) \"\(id)\" that is installed has other settings than the run's",
                hint: "install \(pluginID) \(pluginVersion)")
        }
        var component = ResolvedComponent(found, arguments: arguments, label: label)
        component.settings = try settings.map { (setting) throws(RuntimeError) -> Setting in
            var setting = setting
            if case .component(let inner) = setting.value {
                setting.value = .component(try inner.installed(in: catalogue))
            }
            return setting
        }
        return component
    }
}

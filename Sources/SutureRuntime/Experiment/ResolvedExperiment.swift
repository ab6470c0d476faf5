// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// A component of a run with all of its settings.
public struct ResolvedComponent: Sendable, Hashable, Codable {
    /// A setting by name.
    package struct Setting: Sendable, Hashable, Codable {
        package var name: String
        package var value: ArgumentValue
        /// What the value names, where it names something that the run reads.
        package var names: RunInput.Form?

        package init(name: String, value: ArgumentValue, names: RunInput.Form? = nil) {
            self.name = name
            self.value = value
            self.names = names
        }
    }

    package var id: String
    /// The name of an evaluator's figures.
    package var label: String
    package var kind: ComponentKind
    package var version: String
    package var pluginID: String
    package var pluginVersion: String
    /// The absolute path of the shared library.
    package var file: String
    /// SHA-256 of the shared library.
    package var digest: String
    /// In declaration order.
    package var settings: [Setting]

    /// The components among the settings, and theirs.
    package var nested: [ResolvedComponent] {
        settings.flatMap { setting -> [ResolvedComponent] in
            guard case .component(let inner) = setting.value else { return [] }
            return [inner] + inner.nested
        }
    }

    /// The values in declaration order, as a plugin is called with.
    package var arguments: [ArgumentValue] { settings.map(\.value) }

    /// - Precondition: one value for each declared parameter, as ``ArgumentResolver`` returns them.
    package init(_ component: ComponentDescription, arguments: [ArgumentValue], label: String? = nil) {
        precondition(arguments.count == component.parameters.count)
        id = component.id
        self.label = label ?? component.id
        kind = component.kind
        version = component.version
        pluginID = component.pluginID
        pluginVersion = component.pluginVersion
        file = component.file
        digest = component.digest
        settings = zip(component.parameters, arguments).map { parameter, value in
            Setting(name: parameter.name, value: value, names: parameter.input(namedBy: value))
        }
    }

    init(
        id: String, label: String, kind: ComponentKind, version: String, pluginID: String, pluginVersion: String,
        file: String, digest: String, settings: [Setting]
    ) {
        self.id = id
        self.label = label
        self.kind = kind
        self.version = version
        self.pluginID = pluginID
        self.pluginVersion = pluginVersion
        self.file = file
        self.digest = digest
        self.settings = settings
    }
}

/// An experiment with nothing left to decide: what a run does, and what a resumed run must do again.
///
/// Written as `config.resolved.yaml` and read back exactly. Encoding it in another format stores that text.
package struct ResolvedExperiment: Sendable, Hashable {
    package var name: String
    package var model: Experiment.Model
    package var plugins: [String]
    package var dataset: Experiment.Dataset
    /// Nil for an experiment that only evaluates; see ``requiredLocator()``.
    package var locator: ResolvedComponent?
    /// Nil for an experiment that only locates or evaluates; see ``requiredMethod()``.
    package var method: ResolvedComponent?
    package var edit: Experiment.Edit
    package var statistics: Experiment.Statistics?
    package var training: Experiment.Training?
    /// Chooses the training examples that others trace; nil: they trace all.
    package var prefilter: ResolvedComponent?
    /// Of `suture influence` alone.
    package var influence: ResolvedInfluence?
    /// Of `suture influence --validate` alone.
    package var validation: ResolvedValidation?
    package var evaluators: [ResolvedComponent]
    package var seed: Int
    package var limits: Experiment.Limits
    package var output: Experiment.Output
    /// The absolute path of the experiment file.
    package var source: String
    /// The overrides as given.
    package var overrides: [String]
    /// Of the host and the libraries it is built on, by name. Filled by the engine.
    package var versions: [String: String]
    /// SHA-256 of what the run reads, by the setting that names it; see ``RunInput``. Filled by the engine.
    package var digests: [String: String]

    /// Locator, method and evaluators, and the components among their settings.
    package var components: [ResolvedComponent] {
        ([locator, method].compactMap { $0 } + evaluators + (influence?.components.map(\.component) ?? [])
            + [validation?.trainer, prefilter].compactMap { $0 })
            .flatMap { [$0] + $0.nested }
    }

    /// The method.
    ///
    /// - Throws: `usage` for an experiment that only locates or evaluates.
    package func requiredMethod() throws(RuntimeError) -> ResolvedComponent {
        guard let method else {
            let what = locator == nil ? "the figures of `suture evaluate`" : "the locations of `suture locate`"
            throw RuntimeError(
                .usage, "\"\(runID)\" holds \(what), and a run with a method is needed here",
                hint: "start a run with `suture run`")
        }
        return method
    }

    /// The locator.
    ///
    /// - Throws: `usage` for an experiment that only evaluates.
    package func requiredLocator() throws(RuntimeError) -> ResolvedComponent {
        guard let locator else {
            throw RuntimeError(
                .usage, "\"\(runID)\" holds the figures of `suture evaluate`, and locations are needed here",
                hint: "start `suture locate`")
        }
        return locator
    }

    /// The same experiment, wherever it was written and wherever its output goes, as text.
    private var identity: String {
        ConfigWriter.yaml(members(ofRun: false))
    }

    /// SHA-256 of all that decides about the numbers, lower-case hexadecimal. Overrides count by their effect.
    package var digest: String { Digest.of(Data(identity.utf8)) }

    /// What influence may depend on beside the queries, the training examples, the estimator and the weights, as a digest: how
    /// the model is run, second moments, the files that settings name, and the build.
    var traceSurroundings: String {
        let members = members(ofRun: false).filter {
            ["model", "statistics", "seed", "versions", "digests"].contains($0.0)
        }
        return Digest.of(Data(ConfigWriter.yaml(members).utf8))
    }

    /// Experiment name and eight digits of ``digest``: the same run has the same name, so a repeated one finds itself.
    package var runID: String { "\(name)-\(digest.prefix(8))" }
}

extension Experiment {
    /// Fills the settings of all components, those among the settings of others included.
    ///
    /// - Parameters:
    ///   - note: receives a sentence for each component that was swapped on the command line and does not take all that
    ///     the file says to the one it replaces. Those settings are left out.
    ///   - needs: receives what each component needs of the data, by its declaration and by its settings.
    ///   - libraries: receives the libraries that settings name (see ``SettingLibrary``).
    ///   - made: receives each component, those among the settings of another before it.
    ///   - model: what layers and sites settings may name; nil: any.
    ///   - used: leaves the other components and the form of the edit out, whatever the file says.
    ///   - find: looks a component up; what it throws is passed on.
    /// - Throws: what ``ArgumentResolver`` throws.
    package func resolve(
        note: (String) -> Void = { _ in }, needs: (CaseRequirements.Need) -> Void = { _ in },
        libraries: (SettingLibrary) -> Void = { _ in }, made: (PlacedComponent) -> Void = { _ in },
        model parts: ModelParts? = nil, used: ExperimentParts = .all,
        _ find: (ComponentKind, ComponentRequest) throws(RuntimeError) -> ComponentDescription
    ) throws(RuntimeError) -> ResolvedExperiment {
        func resolved(_ kind: ComponentKind, _ request: ComponentRequest) throws(RuntimeError) -> ResolvedComponent {
            let component = try find(kind, request)
            let (settings, dropped) = request.settings(takenBy: component)
            if !dropped.isEmpty {
                note("\(component.id) has no \(dropped.joined(separator: ", ")); what the file says there is left out")
            }
            let arguments = try ArgumentResolver.resolve(settings, for: component, paths: paths, model: parts) {
                kind, node, path throws(RuntimeError) in
                try resolved(kind, try Experiment.component(node, path: path))
            }
            for need in CaseRequirements.needs(of: component, arguments) { needs(need) }
            for library in SettingLibrary.all(of: component, arguments, settings) { libraries(library) }
            let resolved = ResolvedComponent(
                component, arguments: arguments, label: request.label == request.name ? nil : request.label)
            made(PlacedComponent(component: resolved, place: request.place))
            return resolved
        }
        var locator: ResolvedComponent?
        if let request = self.locator, used == .all || used == .locator { locator = try resolved(.locator, request) }
        var method: ResolvedComponent?
        if let request = self.method, used == .all { method = try resolved(.patcher, request) }
        var evaluators: [ResolvedComponent] = []
        for request in self.evaluators where used == .all || used == .evaluators {
            evaluators.append(try resolved(.evaluator, request))
        }
        var influence: ResolvedInfluence?
        if used.tracesInfluence, let settings = self.influence, let estimator {
            influence = ResolvedInfluence(
                settings: settings, estimator: try resolved(.estimator, estimator),
                annotator: try annotator.map { (request) throws(RuntimeError) in try resolved(.annotator, request) })
        }
        var prefilter: ResolvedComponent?
        if used == .all || used.tracesInfluence, let request = self.prefilter {
            prefilter = try resolved(.estimator, request)
        }
        var validation: ResolvedValidation?
        if used == .validation, let settings = self.validation, let trainer {
            validation = ResolvedValidation(settings: settings, trainer: try resolved(.patcher, trainer))
        }
        return ResolvedExperiment(
            name: name, model: model, plugins: plugins, dataset: dataset, locator: locator, method: method,
            edit: used != .all ? Edit(mode: .batch, size: nil, restore: .afterBatch) : edit,
            statistics: statistics, training: training, prefilter: prefilter, influence: influence,
            validation: validation,
            evaluators: evaluators, seed: seed,
            limits: limits, output: output, source: file,
            overrides: overrides, versions: [:], digests: [:])
    }
}

extension Experiment.ComponentRequest {
    /// The settings for a component. One that was named on the command line, in the place of another, is not told what the file
    /// says to that other and it does not know; what the command line itself says is kept and checked.
    fileprivate func settings(takenBy component: ComponentDescription) -> (ConfigNode, dropped: [String]) {
        guard case .commandLine = place, case .mapping(let entries) = settings.content else { return (settings, []) }
        let known = Set(component.parameters.map(\.name))
        let kept = entries.filter { entry in
            if case .commandLine = entry.place { return true }
            return known.contains(entry.key)
        }
        let dropped = entries.map(\.key).filter { key in !kept.contains { $0.key == key } }
        return (ConfigNode(.mapping(kept), at: settings.place), dropped)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureLaws

/// What `suture plugins check` answers: which laws of its kind each component of a library keeps.
package struct PluginCheck: Sendable, Encodable {
    /// One component.
    package struct Component: Sendable, Encodable {
        package var id: String
        package var kind: String
        package var version: String
        /// Empty where the component could not be checked.
        package var laws: [LawResult]
        /// Why the component could not be checked; nil where it was.
        package var unchecked: String?
    }

    /// The absolute path of the library.
    package var file: String
    package var components: [Component] = []
    /// Components that the library declares and the host cannot use.
    package var problems: [PluginListing.Problem]

    /// What is checked, and on what.
    package struct Request: Sendable {
        /// The shared library.
        package var file: String
        /// Only the components of this id; nil: all.
        package var component: String?
        /// `key=value`, for the one component that is checked.
        package var settings: [String]
        /// Finds the locations of patchers: a name, or `{name: …}` with settings; nil: two layers are given to them.
        package var locator: String?
        /// Further files and folders of plugins, for the components that settings name.
        package var plugins: [String]
        package var family: TinyModel.Family
        /// A component that gives no sign of life for this long is stuck.
        package var stallSeconds: Double

        package init(
            file: String, component: String? = nil, settings: [String] = [], locator: String? = nil,
            plugins: [String] = [], family: TinyModel.Family = .gpt2, stallSeconds: Double = 60
        ) {
            self.file = file
            self.component = component
            self.settings = settings
            self.locator = locator
            self.plugins = plugins
            self.family = family
            self.stallSeconds = stallSeconds
        }
    }

    /// Checks the components of a library, each in a worker of its own, so that one that crashes is a broken law and the
    /// others are checked.
    ///
    /// - Parameters:
    ///   - forwardsSignals: SIGINT and SIGTERM end the check after its next step instead of this process.
    ///   - now: the clock that ``Request/stallSeconds`` is measured by.
    ///   - onEvent: hears which component is checked, and what its worker says.
    /// - Throws: `usage` for a file that does not exist and for settings that do not fit; `plugin` for a library that cannot be
    ///   used; `interrupted`. A broken law is not thrown; ``failure`` says it.
    package init(
        _ request: Request, executable: String = WorkerProcess.thisExecutable,
        forwardsSignals: Bool = true, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        onEvent: (_ component: String, WorkerEvent) -> Void = { _, _ in }
    ) throws(RuntimeError) {
        file = try Self.library(request.file)
        let catalogue = try PluginCatalogue.scanBlocking(
            PluginSearchPath(named: [file] + request.plugins), executable: executable)
        let file = file
        if let problem = catalogue.problems.first(where: { $0.file == file && $0.component == nil && $0.kind == nil }),
            !catalogue.components.contains(where: { $0.file == file })
        {
            throw problem.error
        }
        problems = catalogue.problems.filter { $0.file == file }.map {
            PluginListing.Problem(file: $0.file, sentence: $0.sentence, hint: $0.hint)
        }
        let wanted = try Self.wanted(request, of: catalogue, in: file)
        let resolver = Resolver(catalogue: catalogue)
        let settings = try Self.settings(request.settings)
        var locator: ResolvedComponent?
        if let text = request.locator, let value = try Override("locator=\(text)").value {
            locator = try resolver.component(value, .locator, path: "locator")
        }
        for description in wanted {
            let resolved: ResolvedComponent
            do {
                resolved = try resolver.component(description, settings)
            } catch {
                // Of one component that someone asked for, the settings are the error; of a whole library, one line.
                guard request.component == nil, error.kind == .usage else { throw error }
                components.append(Component(description, unchecked: Self.reason(error)))
                continue
            }
            let job = CheckJob(
                component: resolved, locator: description.kind == .patcher ? locator : nil, family: request.family)
            let worker = WorkerProcess(
                executable: executable, limits: .init(stallSeconds: request.stallSeconds),
                forwardsSignals: forwardsSignals,
                now: now)
            do {
                let laws = try worker.runBlocking(job) { onEvent(description.id, $0) }.laws
                components.append(Component(description, laws: laws))
            } catch {
                guard error.kind != .interrupted else { throw error }
                guard error.kind != .usage else {
                    guard request.component == nil else { throw error }
                    components.append(Component(description, unchecked: Self.reason(error)))
                    continue
                }
                components.append(Component(description, laws: Self.laws(of: description.kind, endedBy: error)))
            }
        }
    }

    /// Why the answer is not a good one: the command's exit code; nil where every component was checked and keeps its laws.
    package var failure: RuntimeError.Kind? {
        let breaks = components.contains { $0.laws.contains { $0.outcome == .broken } }
        if breaks || !problems.isEmpty { return .plugin }
        return components.contains { $0.unchecked != nil } ? .usage : nil
    }

    /// A row for each law of each component.
    package var table: TextTable {
        var table = TextTable(header: ["component", "law", "result", "what it says"])
        for component in components {
            let name = "\(component.kind) \(component.id)"
            if let reason = component.unchecked { table.rows.append([name, "", "not checked", reason]) }
            for law in component.laws {
                let text = law.outcome == .kept ? law.statement : law.sentences.joined(separator: "; ")
                table.rows.append([name, law.law, law.outcome.rawValue, text])
            }
        }
        return table
    }

    // MARK: Steps

    /// The absolute path of a file that can be a library.
    private static func library(_ path: String) throws(RuntimeError) -> String {
        let path = PathResolver(fileFolder: "/").absolute(path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw RuntimeError(.usage, "there is no plugin file \(path)", hint: "name the shared library of the plugin")
        }
        guard !isFolder.boolValue else {
            throw RuntimeError(.usage, "\(path) is a folder", hint: "name the shared library in it: libNAME.so")
        }
        return path
    }

    private static func wanted(
        _ request: Request, of catalogue: PluginCatalogue, in file: String
    ) throws(RuntimeError) -> [ComponentDescription] {
        let offered = catalogue.components.filter { $0.file == file }
        guard let id = request.component else {
            guard request.settings.isEmpty || offered.count == 1 else {
                throw RuntimeError(
                    .usage, "--set is for one component, and \(file) offers \(offered.count)",
                    hint: "name the component with --component")
            }
            return offered
        }
        let wanted = offered.filter { $0.id == id }
        guard wanted.isEmpty else { return wanted }
        if let problem = catalogue.problems.first(where: { $0.file == file && $0.component == id }) {
            throw problem.error
        }
        let names = offered.map(\.id)
        throw RuntimeError(
            .usage, "\(file) offers no component \"\(id)\"",
            hint: NearestName.of(id, in: names).map { "did you mean \"\($0)\"?" }
                ?? "it offers \(names.joined(separator: ", "))")
    }

    /// `key=value` texts as a section of an experiment file.
    private static func settings(_ texts: [String]) throws(RuntimeError) -> ConfigNode {
        var node = ConfigNode(.mapping([]), at: .inside("the command line"))
        for text in texts {
            let override = try Override(text)
            guard let value = override.value else {
                throw RuntimeError(.usage, "\(override.place): --set needs a value", hint: "write --set key=value")
            }
            try Override(setting: override.keys, to: value).apply(to: &node)
        }
        return node
    }

    /// Why a component of a whole library could not be checked, and how it can be.
    private static func reason(_ error: RuntimeError) -> String {
        "\(error); check it alone with --component, and give its settings with --set"
    }

    /// The laws of a component whose worker did not end well.
    private static func laws(of kind: ComponentKind, endedBy error: RuntimeError) -> [LawResult] {
        Law.laws(of: kind).map { law in
            law.name == "answers"
                ? LawResult(law, .broken, [error.description])
                : LawResult(law, .notApplicable, ["the check did not come to an end"])
        }
    }

    /// Finds components and fills their settings.
    private struct Resolver {
        let catalogue: PluginCatalogue

        func component(_ node: ConfigNode, _ kind: ComponentKind, path: String) throws(RuntimeError)
            -> ResolvedComponent
        {
            let request = try Experiment.component(node, path: path)
            return try component(catalogue.find(kind: kind, id: request.name), request.settings)
        }

        func component(_ description: ComponentDescription, _ settings: ConfigNode) throws(RuntimeError)
            -> ResolvedComponent
        {
            let arguments = try ArgumentResolver.resolve(
                settings, for: description, paths: PathResolver(fileFolder: FileManager.default.currentDirectoryPath)
            ) { kind, node, path throws(RuntimeError) in try component(node, kind, path: path) }
            return ResolvedComponent(description, arguments: arguments)
        }
    }
}

extension PluginCheck.Component {
    fileprivate init(_ description: ComponentDescription, laws: [LawResult] = [], unchecked: String? = nil) {
        self.init(
            id: description.id, kind: description.kind.name, version: description.version, laws: laws,
            unchecked: unchecked)
    }
}

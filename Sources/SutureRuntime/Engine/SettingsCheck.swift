// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Lets the components of planned runs check their own settings, as they do when a run begins, but with no model: what a
/// component can know of its settings is known before anything is loaded or written.
///
/// They are made in one worker, inner components before those that they are settings of, each with its settings once, however
/// many runs share it. So this comes after everything that asks whether their code may be loaded.
struct SettingsCheck {
    /// A component with its settings, and where a file names it.
    private struct Entry {
        var component: ResolvedComponent
        var place: ConfigNode.Place
        /// The run that it belongs to, for sentences; empty where there is one run alone.
        var run: String
    }

    private var entries: [Entry] = []
    private var known: Set<ResolvedComponent> = []
    private var permission = CodePermission.none
    private var stallSeconds = 0.0

    /// Adds the components of a run.
    ///
    /// - Parameter label: of the run among others.
    mutating func add(_ run: RunLauncher.PlannedRun, label: String = "") {
        for placed in run.components {
            var component = placed.component
            // What its figures are called makes no other component.
            component.label = component.id
            guard known.insert(component).inserted else { continue }
            entries.append(Entry(component: component, place: placed.place, run: label))
        }
        permission.allowsAll = permission.allowsAll || run.permission.allowsAll
        permission.allowed += run.permission.allowed.filter { !permission.allowed.contains($0) }
        stallSeconds = max(stallSeconds, run.experiment.limits.stallSeconds)
    }

    /// - Throws: what the first component says that refuses its settings, with the place in the file; `plugin` for one that takes
    ///   the worker down.
    func perform() throws(RuntimeError) {
        guard !entries.isEmpty else { return }
        let worker = WorkerProcess(limits: .init(stallSeconds: stallSeconds))
        var accepted = 0
        do {
            _ = try worker.runBlocking(SettingsJob(components: entries.map(\.component), permission: permission)) {
                if case .output = $0 { accepted += 1 }
            }
        } catch {
            guard accepted < entries.count, error.kind != .plugin, error.kind != .interrupted else { throw error }
            let entry = entries[accepted]
            let run = entry.run.isEmpty ? "" : "\(entry.run): "
            throw RuntimeError(error.kind, "\(run)\(entry.place): \(error.message)", hint: error.hint)
        }
    }
}

/// A component of an experiment, and where the file names it.
package struct PlacedComponent: Sendable {
    package var component: ResolvedComponent
    package var place: ConfigNode.Place
}

/// The job of a worker that makes components with their settings and lets go of them.
struct SettingsJob: WorkerJob {
    static let name = "settings"

    var components: [ResolvedComponent]
    /// Which libraries they may bind functions from.
    var permission: CodePermission

    struct Result: Codable, Sendable {}

    /// Says when a component has accepted its settings.
    func run(in link: WorkerLink) throws -> Result {
        try HostTables.install(for: link, permission: permission)
        for component in components {
            _ = try LoadedComponent(component)
            try link.output(Result())
        }
        return Result()
    }
}

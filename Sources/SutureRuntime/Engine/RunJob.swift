// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The job of a run's worker: do what the run folder's config.resolved.yaml says, and leave the results there.
package struct RunJob: WorkerJob {
    package static let name = "run"

    /// The run folder.
    package var folder: String

    package init(folder: String) { self.folder = folder }

    package struct Result: Codable, Sendable {
        package init() {}
    }

    package func run(in link: WorkerLink) throws -> Result {
        let folder = RunFolder(URL(fileURLWithPath: folder))
        let experiment = try ResolvedExperiment(runFolder: folder.url.path)
        HostTables.setLog { level, message in link.log(level, message) }
        try HostTables.installAll()
        let engine = try RunEngine(folder: folder, experiment: experiment, events: LinkEvents(link: link))
        let results = try engine.run()
        try RunWriter(folder: folder, experiment: experiment).write(results)
        return Result()
    }

    private struct LinkEvents: RunEvents {
        let link: WorkerLink

        func phase(_ name: String, done: Int, total: Int) throws {
            link.phase(name, done, of: total)
            guard !link.isCancelled else {
                throw SutureError(
                    .cancelled, "the run was interrupted", hint: "go on with `suture run --resume` and its folder")
            }
        }
    }
}

extension HostTables {
    /// Registers every table of this host and takes them into use.
    package static func installAll() throws(SutureError) {
        register(id: "suture.model/1", table: UnsafeRawPointer(ModelTable.pointer))
        register(id: "suture.session/1", table: UnsafeRawPointer(SessionTable.pointer))
        register(id: "suture.function/1", table: UnsafeRawPointer(FunctionTable.pointer))
        try install()
    }
}

extension LoadedComponent {
    /// Loads a component of a run from its file.
    ///
    /// - Throws: `plugin` when the file does not offer it any more.
    convenience init(_ component: ResolvedComponent) throws(RuntimeError) {
        let report = DescribeJob.describe(component.file)
        guard
            let description = report.components.lazy.compactMap(\.value).first(where: {
                $0.kind == component.kind && $0.id == component.id
            })
        else {
            if let problem = report.problems.first { throw problem.error }
            throw RuntimeError(
                .plugin, "\(component.file) offers no \(component.kind.name) \"\(component.id)\"",
                hint: "start the run anew, so that plugins are looked for again")
        }
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
}

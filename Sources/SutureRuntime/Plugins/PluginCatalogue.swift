// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// The components that were found, and what could not be used. A value: no plugin is loaded in this process.
public struct PluginCatalogue: Sendable {
    /// In search order. Two files may offer the same id; then neither can be used (``find(kind:id:)``).
    public var components: [ComponentDescription] = []
    /// What kept files and components from being used.
    public var problems: [PluginProblem] = []
    /// Where was looked.
    public var searched: [String] = []

    /// A catalogue of these values, as a scan found them.
    public init(
        components: [ComponentDescription] = [], problems: [PluginProblem] = [], searched: [String] = []
    ) {
        self.components = components
        self.problems = problems
        self.searched = searched
    }

    /// A library that has not loaded after this long is stuck.
    public static let loadSeconds = 10.0

    // MARK: Scanning

    /// Finds the plugins along a search path. They are loaded in a child process; one that crashes or hangs there is a
    /// problem of its file, and the scan continues with the others.
    ///
    /// - Throws: `usage` when a named file does not exist; `run` when no child process can be started.
    public static func scan(
        _ path: PluginSearchPath, executable: String = WorkerProcess.thisExecutable,
        loadSeconds: Double = PluginCatalogue.loadSeconds
    ) async throws(RuntimeError) -> PluginCatalogue {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<PluginCatalogue, RuntimeError>, Never>) in
            Thread.detachNewThread {
                continuation.resume(
                    returning: Result { () throws(RuntimeError) in
                        try scanBlocking(path, executable: executable, loadSeconds: loadSeconds)
                    })
            }
        }
        return try result.get()
    }

    /// The same on the calling thread, which blocks. Not for Swift's task pool.
    public static func scanBlocking(
        _ path: PluginSearchPath, executable: String = WorkerProcess.thisExecutable,
        loadSeconds: Double = PluginCatalogue.loadSeconds
    ) throws(RuntimeError) -> PluginCatalogue {
        try scanBlocking(path, executable: executable, loadSeconds: loadSeconds, now: { .now }, onEvent: { _ in })
    }

    /// The same with a clock of the caller's, who hears what the child processes say, so that a test of the limit need not
    /// wait for it.
    static func scanBlocking(
        _ path: PluginSearchPath, executable: String, loadSeconds: Double = PluginCatalogue.loadSeconds,
        now: @escaping @Sendable () -> ContinuousClock.Instant, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> PluginCatalogue {
        let found = try path.files()
        var catalogue = PluginCatalogue(searched: found.searched)
        var pending = found.files[...]
        while !pending.isEmpty {
            let worker = WorkerProcess(executable: executable, limits: .init(stallSeconds: loadSeconds), now: now)
            var done = 0
            do {
                _ = try worker.runBlocking(DescribeJob(files: Array(pending))) { event in
                    onEvent(event)
                    guard case .output(let json) = event,
                        let report = try? WorkerJSON.decode(DescribeJob.Report.self, from: Data(json.utf8))
                    else { return }
                    catalogue.components += report.components
                    catalogue.problems += report.problems
                    done += 1
                }
                pending = []
            } catch {
                // The child died of the first file that it did not report; the others get a new one.
                guard error.kind == .plugin, done < pending.count else { throw error }
                let file = pending[pending.startIndex + done]
                catalogue.problems.append(PluginProblem(file: file, sentence: error.message, hint: error.hint))
                pending = pending.dropFirst(done + 1)
            }
        }
        catalogue.noteDuplicates()
        return catalogue
    }

    private mutating func noteDuplicates() {
        for (index, component) in components.enumerated() {
            let others = components[..<index].filter { $0.kind == component.kind && $0.id == component.id }
            guard let first = others.first else { continue }
            problems.append(
                PluginProblem(
                    file: component.file, sentence: Self.duplicate(component, [first.file, component.file]),
                    hint: Self.duplicateHint, kind: component.kind, component: component.id))
        }
    }

    private static let duplicateHint = "remove all but one of these files from where plugins are looked for"

    private static func duplicate(_ component: ComponentDescription, _ files: [String]) -> String {
        "the \(component.kind.name) \"\(component.id)\" is offered by more than one plugin: "
            + files.joined(separator: ", ")
    }

    /// A sentence for each library that was named and cannot be used. A component of that name from elsewhere would take its
    /// place without a word.
    func unusable(among named: [String]) throws(RuntimeError) -> [String] {
        let files = Set(try PluginSearchPath.only(named).files().files)
        return problems.filter { $0.component == nil && files.contains($0.file) }.map(\.error.description)
    }

    // MARK: Finding

    /// The component of an id.
    ///
    /// - Throws: `plugin` when there is none or more than one, with the names that there are.
    public func find(kind: ComponentKind, id: String) throws(RuntimeError) -> ComponentDescription {
        let found = components.filter { $0.kind == kind && $0.id == id }
        if found.count == 1 { return found[0] }
        if let first = found.first {
            throw RuntimeError(.plugin, Self.duplicate(first, found.map(\.file)), hint: Self.duplicateHint)
        }
        if let problem = problems.first(where: { $0.kind == kind && $0.component == id }) { throw problem.error }
        let names = Set(components.lazy.filter { $0.kind == kind }.map(\.id)).sorted()
        var sentence = "there is no \(kind.name) \"\(id)\"; "
        sentence += names.isEmpty ? "no \(kind.name) was found" : "\(kind.name)s: \(names.joined(separator: ", "))"
        sentence += "; looked in \(searched.joined(separator: ", "))"
        throw RuntimeError(.plugin, sentence, hint: hint(for: id, kind, names))
    }

    private func hint(for id: String, _ kind: ComponentKind, _ names: [String]) -> String {
        if let near = NearestName.of(id, in: names) { return "did you mean \"\(near)\"?" }
        if let other = components.first(where: { $0.id == id }) {
            return "\"\(id)\" is \(other.kind.phrase); use it as one"
        }
        let broken = problems.filter { $0.component == nil }
        if !broken.isEmpty {
            // The wanted one may be in a library that could not be used.
            let shown = broken.prefix(3).map(\.sentence).joined(separator: "; ")
            return "some libraries could not be used: \(shown)"
        }
        return "name its library with --plugin, or put it into a plugin folder"
    }
}

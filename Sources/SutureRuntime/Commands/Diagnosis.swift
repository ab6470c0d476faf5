// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TorchBackend

/// What `suture doctor` answers. Everything that a run needs is tried, not only looked for.
package struct Diagnosis: Sendable, Codable {
    package struct Finding: Sendable, Codable {
        package var subject: String
        package var answer: String
        package var isGood: Bool
        package var hint: String
    }

    package var findings: [Finding] = []

    /// The exit code when something is wrong: 3 for plugins, 1 for the rest.
    package var failure: RuntimeError.Kind? {
        let wrong = findings.filter { !$0.isGood }
        guard !wrong.isEmpty else { return nil }
        return wrong.allSatisfy { $0.subject.hasPrefix("plugin") } ? .plugin : .run
    }

    package init(plugins: [String]) throws(RuntimeError) {
        add("suture", "\(Versions.suture), build \(Versions.build)")
        add("plugin ABI", Versions.abi)
        add("libtorch", String(cString: torch_backend_version()))
        tensors()
        devices()
        cache()
        try self.plugins(plugins)
    }

    /// For people: a line for each finding, and its hint below it.
    package var table: TextTable {
        TextTable(
            header: [],
            rows: findings.flatMap { finding in
                [[finding.isGood ? "✓" : "✗", finding.subject, finding.answer]]
                    + (finding.hint.isEmpty ? [] : [["", "", finding.hint]])
            })
    }

    private mutating func add(_ subject: String, _ answer: String, isGood: Bool = true, hint: String = "") {
        findings.append(Finding(subject: subject, answer: answer, isGood: isGood, hint: hint))
    }

    /// Computes a product, a factorisation and a gradient, which shows that the kernels load and agree.
    private mutating func tensors() {
        do {
            try HostTables.install()
            let x = try RandomNumbers(seed: 0).normal([16, 16], dtype: .float64).leaf()
            let square = try x.matmul(x.transposed()) + Tensor.identity(16, dtype: .float64)
            let factor = try square.cholesky()
            let error = try (factor.matmul(factor.transposed()) - square).abs().max().item()
            try square.sum().backward()
            let hasGradient = try x.gradient()?.isAllFinite() ?? false
            let works = error < 1e-9 && hasGradient
            add(
                "tensors", works ? "product, Cholesky and gradient work" : "results are wrong (error \(error))",
                isGood: works,
                hint: works ? "" : "set up libtorch again: remove .deps and run make setup")
        } catch {
            add("tensors", error.message, isGood: false, hint: error.hint)
        }
    }

    private mutating func devices() {
        add(
            "device cpu",
            "\(ProcessInfo.processInfo.activeProcessorCount) cores, \(Processor.defaultThreads) threads for one operation, "
                + "kernels \(Processor.kernels)")
        do {
            let count = try Device.count(of: .cuda)
            add("device cuda", count == 0 ? "none" : "\(count) found")
        } catch {
            // A missing GPU is not an error; the sentence says what a run on cuda would need.
            add("device cuda", "none", hint: error.description)
        }
    }

    private mutating func cache() {
        let folder = StatisticsService.cacheFolder
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let probe = try TemporaryPlace.make(.file, beside: folder.appending(path: ".probe").path)
            try FileManager.default.removeItem(atPath: probe.path)
            let files =
                (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "moments").path)) ?? []
            add("cache", "\(folder.path), \(files.count) second moments")
        } catch {
            add(
                "cache", "\(folder.path) cannot be written", isGood: false,
                hint: "set SUTURE_CACHE to a folder of yours")
        }
    }

    private mutating func plugins(_ named: [String]) throws(RuntimeError) {
        let catalogue = try PluginCatalogue.scanBlocking(PluginSearchPath(named: named))
        let files = Dictionary(grouping: catalogue.components, by: \.file)
        for (file, components) in files.sorted(by: { $0.key < $1.key }) {
            add("plugin \(components[0].pluginID)", "\(components.map(\.id).joined(separator: ", ")) (\(file))")
        }
        for problem in catalogue.problems {
            add("plugin \(problem.file)", problem.sentence, isGood: false, hint: problem.hint)
        }
        if catalogue.components.isEmpty {
            add(
                "plugins", "none found in \(catalogue.searched.joined(separator: ", "))", isGood: false,
                hint: "build them (make build), or name a folder with --plugin or SUTURE_PLUGIN_PATH")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What `suture plan` answers besides the resolved configuration: the size of the run, before anything is started.
package struct PlanSummary: Sendable, Codable {
    package var run: String
    package var folder: String
    package var isDone: Bool
    package var cases: Int
    /// The cases of the dataset that the run leaves out.
    package var skipped: [SkippedCase]
    /// What the model's folder warns of, and what was wrong with the cases, as sentences.
    package var warnings: [String]
    package var patches: Int
    /// What the run takes at least.
    package var memory: MemoryPlan
    /// Of one operation.
    package var threads: Int
    /// What chooses the kernels of operations; see ``Processor/kernels``.
    package var kernels: String
    /// Layers whose second moment at the neurons is already on disk.
    package var cachedMoments: [Int]
    package var configuration: String

    package init(_ planned: RunLauncher.PlannedRun) throws {
        let experiment = planned.experiment
        let model = URL(fileURLWithPath: experiment.model.source)
        let configuration = try ModelConfiguration(folder: model)
        run = experiment.runID
        folder = planned.folder.url.path
        isDone = planned.folder.isDone
        cases = planned.caseCount
        skipped = planned.skipped
        warnings = planned.warnings
        patches = planned.groupCount
        memory = planned.memory
        threads = experiment.model.threads
        kernels = Processor.kernels
        cachedMoments = try StatisticsService.cachedLayers(
            .neurons, layers: 0..<configuration.layerCount, of: experiment)
        self.configuration = experiment.yaml
    }

    /// For people.
    package var facts: [(String, String)] {
        [
            ("run", run + (isDone ? " (already done)" : "")), ("folder", folder),
            (
                "cases",
                "\(cases) in \(patches) patch\(patches == 1 ? "" : "es")"
                    + (skipped.isEmpty ? "" : ", \(skipped.count) skipped")
            ),
            ("threads", "\(threads) for one operation, kernels \(kernels)"),
            ("memory", memory.sentence),
            (
                "second moments on disk",
                cachedMoments.isEmpty ? "none" : "layers " + cachedMoments.map(String.init).joined(separator: ", ")
            ),
        ]
    }
}

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
    /// Of the weights in memory, in the dtype of the run; what is mapped from disk included.
    package var weightBytes: Int
    /// Of one operation.
    package var threads: Int
    /// What chooses the kernels of operations; see ``Processor/kernels``.
    package var kernels: String
    /// Of one second moment in float64, at the neurons.
    package var momentBytes: Int
    /// Layers whose second moment at the neurons is already on disk.
    package var cachedMoments: [Int]
    package var configuration: String

    package init(_ planned: RunLauncher.PlannedRun) throws {
        let experiment = planned.experiment
        let model = URL(fileURLWithPath: experiment.model.source)
        let configuration = try ModelConfiguration(folder: model)
        let checkpoint = try Checkpoint(opening: model)
        run = experiment.runID
        folder = planned.folder.url.path
        isDone = planned.folder.isDone
        cases = planned.caseCount
        skipped = planned.skipped
        warnings = planned.warnings
        patches = planned.groupCount
        weightBytes =
            try checkpoint.names.reduce(0) { try $0 + checkpoint.entry($1).elementCount } * experiment.model.dtype.size
        threads = experiment.model.threads
        kernels = Processor.kernels
        momentBytes = configuration.dMLP * configuration.dMLP * DType.float64.size
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
            ("weights", Figures.size(weightBytes)), ("one second moment", Figures.size(momentBytes)),
            (
                "second moments on disk",
                cachedMoments.isEmpty ? "none" : "layers " + cachedMoments.map(String.init).joined(separator: ", ")
            ),
        ]
    }
}

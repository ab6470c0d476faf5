// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Whether the figures that patches carry of their runs are found again: the evaluators of each run, with its settings and its seed,
/// measure the recorded cases on the edited model.
///
/// The figures of a run are those of weights in the type that it computed in. A folder holds weights that were rounded to the stored
/// type, so that figures of a half-precision folder may differ a little. Under a model folder, all patches in force are measured
/// together.
package struct PatchReevaluation: Sendable, Hashable, Codable {
    package struct Figure: Sendable, Hashable, Codable {
        package var patch: String
        /// "counterfact.efficacy_accuracy"
        package var name: String
        package var unit: String
        package var recorded: Double
        package var now: Double
        /// now − recorded, in the unit.
        package var difference: Double
        /// How large the difference may be.
        package var allowed: Double
        package var agrees: Bool
    }

    /// What was not compared.
    package struct Omission: Sendable, Hashable, Codable {
        package var patch: String
        /// The figures; empty where the patch has none.
        package var names: [String]
        package var reason: String
    }

    /// How far figures may be from the recorded ones.
    package struct Tolerance: Sendable, Hashable, Codable {
        package var percent: Double

        /// One case in a hundred, or a hundredth of what is no percentage.
        package static let usual = Tolerance(percent: 1)

        package init(percent: Double) { self.percent = percent }

        private static let percentages: Set<String> = ["percent", "points"]

        /// In the unit of the figure: percentage points of a percentage, and that share of the recorded value of another figure.
        func allowed(for recorded: Metric) -> Double {
            Self.percentages.contains(recorded.unit) ? percent : percent / 100 * abs(recorded.value)
        }
    }

    package private(set) var figures: [Figure] = []
    package private(set) var omissions: [Omission] = []
    /// What may explain differences, as sentences.
    package private(set) var notes: [String] = []

    /// - Parameters:
    ///   - folder: of a patch, or of a model with patches in force.
    ///   - model: that a patch belongs to.
    ///   - launcher: knows where plugins are.
    ///   - onEvent: hears how far the worker is.
    /// - Throws: `usage` for a patch without a model; what the evaluators fail of.
    package init(
        _ folder: URL, model: URL?, _ tolerance: Tolerance = .usual, _ launcher: RunLauncher,
        onEvent: (WorkerEvent) -> Void = { _ in }
    ) throws(RuntimeError) {
        guard FileManager.default.fileExists(atPath: folder.appending(path: PatchManifest.fileName).path) else {
            let members = try StackedModel(opening: folder).record?.members ?? []
            for member in members {
                try measure(
                    PatchPlaces(folder).member(member.name), member.name, in: folder, over: [], tolerance, launcher,
                    onEvent)
            }
            if members.count > 1 {
                notes.append(
                    "the \(members.count) patches are measured together, and the recorded figures may be of each alone")
            }
            return
        }
        guard let model else {
            throw RuntimeError(
                .usage, "the figures of the patch '\(folder.path)' cannot be measured without its model",
                hint: "name the model folder with --model")
        }
        let manifest = try PatchManifest(folder: folder)
        let members = try StackedModel(opening: model).record?.members ?? []
        let isInForce = members.contains { $0.digest == manifest.identity }
        try measure(
            folder, PatchName.proposed(for: folder, manifest), in: model, over: isInForce ? [] : [folder], tolerance,
            launcher, onEvent)
    }

    private mutating func measure(
        _ place: URL, _ name: String, in model: URL, over overlays: [URL], _ tolerance: Tolerance,
        _ launcher: RunLauncher, _ onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) {
        let manifest = try PatchManifest(folder: place)
        let records = try PatchRecords(place, manifest)
        let recorded = records.figures.filter { $0.stage == PatchMeasureJob.stage }
        guard !recorded.isEmpty, !records.cases.isEmpty else {
            omissions.append(Omission(patch: name, names: [], reason: "it carries no figures of a run"))
            return
        }
        guard let evaluation = manifest.evaluation else {
            omissions.append(
                Omission(
                    patch: name, names: recorded.map(\.key),
                    reason: "it does not say how they were measured; start its run anew"))
            return
        }
        let again = try launcher.remeasure(
            place, evaluation, in: model, over: overlays, onEvent: onEvent)
        notes += again.notes.map { "\(name): \($0)" }
        let evaluators = Set(evaluation.evaluators.map(\.label))
        var reasons: [String: [String]] = [:]
        for figure in recorded {
            let twin = again.figures.first { $0.key == figure.key && $0.metric.protocol == figure.metric.protocol }
            guard let twin else {
                let reason =
                    again.leftOut[figure.evaluator]
                    ?? (evaluators.contains(figure.evaluator)
                        ? "the evaluator does not give it on the recorded cases"
                        : "the method measured it during the edit")
                reasons[reason, default: []].append(figure.key)
                continue
            }
            figures.append(Figure(name, figure, now: twin.value, tolerance))
        }
        omissions += reasons.sorted { $0.key < $1.key }.map { Omission(patch: name, names: $0.value, reason: $0.key) }
    }

    /// What is no longer as it was recorded, as sentences.
    package var sentences: [String] {
        figures.filter { !$0.agrees }.map { one in
            "\(one.name) of '\(one.patch)' is \(Figures.text(one.now)), and \(Figures.text(one.recorded)) was recorded"
        }
    }

    /// A line for each figure, for people.
    package var table: TextTable {
        TextTable(
            header: ["patch", "figure", "unit", "recorded", "now", "difference", "may be", ""],
            rows: figures.map { one in
                [
                    one.patch, one.name, one.unit, Figures.text(one.recorded), Figures.text(one.now),
                    Figures.text(one.difference), Figures.text(one.allowed), one.agrees ? "✓" : "✗",
                ]
            }, numeric: [3, 4, 5, 6])
    }

    /// What is not in the table, and what may explain it, as sentences.
    package var remarks: [String] {
        omissions.map { one in
            one.names.isEmpty
                ? "\(one.patch): nothing is compared: \(one.reason)"
                : "\(one.patch): not compared are \(one.names.joined(separator: ", ")): \(one.reason)"
        } + notes
    }
}

extension PatchReevaluation.Figure {
    fileprivate init(
        _ patch: String, _ recorded: StagedMetric, now: Double, _ tolerance: PatchReevaluation.Tolerance
    ) {
        let before = recorded.value
        let allowed = tolerance.allowed(for: recorded.metric)
        // Figures that are not finite agree with themselves alone.
        let agrees = before.isFinite ? abs(now - before) <= allowed : now.bitPattern == before.bitPattern
        self.init(
            patch: patch, name: recorded.key, unit: recorded.unit, recorded: before, now: now,
            difference: now - before, allowed: allowed, agrees: agrees)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The cases of a run: what the dataset has, less what cannot be used and may be skipped. Host and worker choose alike,
/// since the choice depends on dataset, settings, model and components alone.
package struct CaseSelection: Sendable {
    /// What a run works on, numbered from 0; with `dataset.known`, what it chooses from (``KnownCases``).
    package var cases: [EditCase]
    /// What it leaves out.
    package var skipped: [SkippedCase]
    /// What the user should know, as sentences.
    package var warnings: [String]

    /// At most so many skipped cases are listed in ``warnings``.
    private static let listed = 20

    /// Reads a dataset and checks its cases.
    ///
    /// - Parameters:
    ///   - model: the model folder, for the length of its context; nil: that is not checked.
    ///   - needs: what the components need of each case.
    /// - Throws: the first thing that is wrong with a case, unless the dataset skips such cases; and where none is left.
    package init(
        _ dataset: Experiment.Dataset, model: String?, needs: [CaseRequirements.Need]
    ) throws(RuntimeError) {
        let log = ReadingLog(dataset.invalid)
        // The limit counts what is left of the known cases, which the model decides about later.
        var read = dataset
        if dataset.known != nil { read.limit = nil }
        cases = try DatasetReaders.named(dataset.name).read(read, log)
        skipped = log.skipped
        warnings = log.warnings(of: dataset.path)
        if let model, dataset.join == .template {
            let chat = try ChatCases(model: model, dataset: dataset.path)
            try leaveOut(of: dataset, unlessAll: true) { editCase in
                chat.problem(applyingTo: &editCase)
            }
        }
        if let model {
            let check = ContextCheck(model: URL(fileURLWithPath: model), dataset: dataset.path)
            try leaveOut(of: dataset) { editCase throws(RuntimeError) in try check.problem(of: editCase) }
        }
        try leaveOut(of: dataset, unlessAll: true) { editCase in
            CaseRequirements.problem(of: editCase, dataset: dataset, needs: needs)
        }
        if let model {
            let check = try DatasetReaders.named(dataset.name).tokenCheck(of: dataset, for: needs) {
                () throws(RuntimeError) in
                try RuntimeError.wrapping(.file) { try Tokenizer(folder: URL(fileURLWithPath: model)) }
            }
            if let check { try leaveOut(of: dataset) { editCase throws(RuntimeError) in try check(editCase) } }
        }
        guard let first = skipped.first else { return }
        let total = cases.count + skipped.count
        guard !cases.isEmpty else {
            throw RuntimeError(
                .file,
                total == 1
                    ? "the only case of '\(dataset.path)' cannot be used: \(first.reason)"
                    : "none of the \(total) cases of '\(dataset.path)' can be used; the first: \(first.reason)")
        }
        warnings.append(
            "\(skipped.count) of \(total) cases of '\(dataset.path)' \(skipped.count == 1 ? "is" : "are") skipped, and "
                + "\(cases.count) \(cases.count == 1 ? "is" : "are") left")
        warnings += skipped.prefix(Self.listed).map { "skipped: \($0.reason)" }
        if skipped.count > Self.listed {
            warnings.append(
                "skipped: \(skipped.count - Self.listed) more, which the run lists in \(RunFolder.skippedName)")
        }
    }

    /// Leaves out the cases that have a problem, or throws the first.
    ///
    /// - Parameters:
    ///   - unlessAll: throws the first where all have one: then the fault is not in the cases.
    ///   - problem: what is wrong with a case, which it may change.
    private mutating func leaveOut(
        of dataset: Experiment.Dataset, unlessAll: Bool = false,
        _ problem: (inout EditCase) throws(RuntimeError) -> RuntimeError?
    ) throws(RuntimeError) {
        var kept: [EditCase] = []
        var first: RuntimeError?
        for var editCase in cases {
            guard let found = try problem(&editCase) else {
                editCase.index = kept.count
                kept.append(editCase)
                continue
            }
            guard dataset.invalid == .skip else { throw found }
            first = first ?? found
            skipped.append(SkippedCase(id: editCase.id, reason: found.description))
        }
        if unlessAll, kept.isEmpty, let first { throw first }
        cases = kept
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Whether the recorded cases of patches hold: each by itself over the model, and all together.
package struct PatchMeasure: Sendable, Hashable, Codable {
    /// The cases of one patch, under the model with certain patches.
    package struct Share: Sendable, Hashable, Codable {
        package var patch: String
        /// How many cases it records.
        package var cases: Int
        /// Of how many every token of the new object is the first choice, teacher-forced: with this patch alone, and with all.
        package var alone: Int
        package var together: Int
        /// The mean of the new object's negative log-likelihood per token, with this patch alone, and with all.
        package var likelihoodAlone: Double
        package var likelihoodTogether: Double
        /// The data sets' names of the cases that hold alone and no longer together.
        package var lost: [String]
    }

    package let shares: [Share]

    /// - Parameters:
    ///   - folders: of the patches, in order.
    ///   - progress: hears how many of the models have been measured.
    /// - Throws: `file` for patches of another model.
    package init(
        _ folders: [URL], on model: URL, dtype: DType = .float32,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(RuntimeError) {
        let sources = try folders.map { (folder) throws(RuntimeError) in try PatchAlgebra.Source(folder) }
        shares = try RuntimeError.wrapping {
            try HostTables.install()
            let original = try LanguageModel(folder: model, dtype: dtype)
            let all = try PatchOverlay(folders.map(\.path), over: original).model
            return try zip(folders, sources).enumerated().map { number, pair in
                progress(number, folders.count)
                let cases = pair.1.records.cases.filter { !$0.targetNew.isEmpty || !$0.answer.isEmpty }
                // A patch that was made on others means nothing without them.
                let needed = (pair.1.manifest.madeOn ?? []).compactMap { reference in
                    zip(folders, sources).first { $0.1.reference.digest == reference.digest }?.0
                }
                let own = try PatchOverlay((needed + [pair.0]).map(\.path), over: original).model
                let (alone, together) = try (Self.ratings(cases, own), Self.ratings(cases, all))
                let lost = cases.indices.filter { alone[$0].isFirstChoice && !together[$0].isFirstChoice }
                return Share(
                    patch: pair.1.reference.name, cases: cases.count, alone: alone.count(where: \.isFirstChoice),
                    together: together.count(where: \.isFirstChoice),
                    likelihoodAlone: alone.map(\.negativeLogLikelihood).mean() ?? 0,
                    likelihoodTogether: together.map(\.negativeLogLikelihood).mean() ?? 0,
                    lost: lost.map { cases[$0].id })
            }
        }
    }

    private static let tokenBudget = 4096

    /// How likely the new object of each case is after its prompt.
    static func ratings(_ cases: [EditCase], _ model: LanguageModel) throws -> [TargetRating] {
        let handle = ModelTable.handle(model)
        defer { ModelTable.release(handle) }
        return try withoutGradients {
            let model = try Model(borrowing: handle)
            let requests = try cases.map { one in
                let object = one.targetNew.isEmpty ? one.answer : one.targetNew
                return try TargetRequest(
                    one.filledPrompt, objects: [object], joint: one.targetNew.isEmpty ? "" : one.joint, model)
            }
            return try model.ratings(of: requests, tokenBudget: tokenBudget).map { $0[0] }
        }
    }

    /// What no longer holds, as sentences.
    package var sentences: [String] {
        shares.filter { !$0.lost.isEmpty }.map { one in
            "\(one.lost.count) of \(one.alone) cases of '\(one.patch)' no longer hold with all patches: "
                + one.lost.prefix(5).joined(separator: ", ") + (one.lost.count > 5 ? ", …" : "")
        }
    }

    /// A line for each patch, for people.
    package var table: TextTable {
        TextTable(
            header: ["patch", "cases", "hold alone", "hold together", "NLL alone", "NLL together"],
            rows: shares.map { one in
                [
                    one.patch, String(one.cases), String(one.alone), String(one.together),
                    Figures.text(one.likelihoodAlone), Figures.text(one.likelihoodTogether),
                ]
            }, numeric: [1, 2, 3, 4, 5])
    }
}

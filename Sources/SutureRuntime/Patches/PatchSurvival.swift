// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What is left of an edit once the edited model is stored in formats in which models are served: the recorded cases of a patch,
/// asked with all weights of the edited model after each round trip.
package struct PatchSurvival: Sendable, Hashable, Codable {
    package struct Outcome: Sendable, Hashable, Codable {
        /// nil: float32, nothing lost.
        package var form: WeightForm?
        /// Of how many cases every token of the new object is the first choice, teacher-forced.
        package var holding: Int
        /// The mean of the new object's negative log-likelihood per token.
        package var likelihood: Double
        /// The data set's names of the cases that hold in float32 and no longer here.
        package var lost: [String]
    }

    package let cases: Int
    package let outcomes: [Outcome]

    /// - Throws: `refused` for a patch without cases, `file` for one of another model.
    package init(
        _ patch: URL, on model: URL, forms: [WeightForm] = WeightForm.allCases,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(RuntimeError) {
        let source = try PatchAlgebra.Source(patch)
        let cases = source.records.cases.filter { !$0.targetNew.isEmpty || !$0.answer.isEmpty }
        guard !cases.isEmpty else {
            throw RuntimeError(
                .refused, "the patch '\(patch.path)' carries no cases that could be asked",
                hint: "patches of earlier builds carry none; start their run anew")
        }
        self.cases = cases.count
        outcomes = try RuntimeError.wrapping {
            try HostTables.install()
            let edited = try PatchOverlay([patch.path], over: LanguageModel(folder: model)).model
            let plain = try PatchMeasure.ratings(cases, edited)
            func outcome(_ form: WeightForm?, _ ratings: [TargetRating]) -> Outcome {
                Outcome(
                    form: form, holding: ratings.count(where: \.isFirstChoice),
                    likelihood: ratings.map(\.negativeLogLikelihood).mean() ?? 0,
                    lost: cases.indices.filter { plain[$0].isFirstChoice && !ratings[$0].isFirstChoice }.map {
                        cases[$0].id
                    })
            }
            return try [outcome(nil, plain)]
                + forms.enumerated().map { number, form in
                    progress(number, forms.count)
                    let stored = try withoutGradients { try edited.converting { try form.roundTrip($1) } }
                    return outcome(form, try PatchMeasure.ratings(cases, stored))
                }
        }
    }

    /// A line for each format, for people.
    package var table: TextTable {
        TextTable(
            header: ["format", "cases", "hold", "NLL", "lost"],
            rows: outcomes.map { one in
                [
                    one.form?.rawValue ?? "float32", String(cases), String(one.holding),
                    Figures.text(one.likelihood),
                    one.lost.isEmpty ? "–" : one.lost.joined(separator: ", "),
                ]
            }, numeric: [1, 2, 3])
    }
}

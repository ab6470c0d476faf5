// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// What a patch does to each weight. An entry of `weights` in metrics.json.
package struct WeightChange: Sendable, Hashable, Codable {
    package var parameter: String
    /// Frobenius norm of the change.
    package var deltaNorm: Double
    /// Frobenius norm of the weight before.
    package var baseNorm: Double
    /// Rank of the factors; the number of rows; nil for a dense change.
    package var rank: Int?
    package var form: String
    /// The number of the patch, where a run has several.
    package var group: Int
    /// The stage of an intermediate result, which is relative to the group's start; nil for the patch itself.
    package var stage: String?

    enum CodingKeys: String, CodingKey {
        case parameter
        case deltaNorm = "delta_norm"
        case baseNorm = "base_norm"
        case rank, form, group, stage
    }
}

/// Refuses patches that change nothing, have numbers that are not finite, or have shapes that do not fit.
package enum PatchCheck {
    /// What is wrong with a method that changed nothing at all.
    static func nothing(by method: String) -> RuntimeError {
        RuntimeError(
            .refused, "\(method) returned no weight change",
            hint: "its warnings say why; if there are none, check its layers and its locator")
    }

    /// The edited model and what changed. Without deltas the model stays as it is.
    ///
    /// - Throws: `refused`, with a sentence that names the parameter. The model is as before.
    package static func apply(
        _ deltas: [Delta], to model: LanguageModel, by method: String, group: Int
    ) throws -> (model: LanguageModel, changes: [WeightChange]) {
        if let unknown = deltas.first(where: { $0.form.name == nil }) { throw unknownForm(of: unknown) }
        let edited: LanguageModel
        do {
            edited = try withoutGradients { try model.summing(deltas) }
        } catch let error as SutureError {
            throw RuntimeError(.refused, "\(method): \(error.message)", hint: error.hint)
        }
        var changes: [WeightChange] = []
        for (parameter, own) in Dictionary(grouping: deltas, by: \.parameter).sorted(by: { $0.key < $1.key }) {
            let base = try model.transformer.weights.tensor(parameter)
            let new = try edited.transformer.weights.tensor(parameter)
            var sum = try Tensor.zeros(base.shape, dtype: .float64)
            for delta in own { sum = try sum + delta.dense(shape: base.shape).cast(to: .float64, device: .cpu) }
            let norm = try sum.norm().item()
            guard norm.isFinite else {
                throw RuntimeError(.refused, "\(method): the change of \(parameter) is not finite")
            }
            guard norm > 0, try !base.equal(new).all().isTrue else {
                throw RuntimeError(
                    .refused, "\(method): the change of \(parameter) (norm \(norm)) leaves every weight as it was",
                    hint: "raise the strength of the edit, or use a wider dtype")
            }
            changes.append(
                WeightChange(
                    parameter: parameter, deltaNorm: norm,
                    baseNorm: try base.cast(to: .float64, device: .cpu).norm().item(), rank: rank(own),
                    form: own[0].form.name?.rawValue ?? "", group: group))
        }
        return (edited, changes)
    }

    private static func rank(_ deltas: [Delta]) -> Int? {
        var rank = 0
        for delta in deltas {
            switch delta.form {
            case .lowRank(let left, _): rank += left.shape.last ?? 0
            case .rows(let rows, _): rank += rows.count
            case .dense, .extension: return nil
            }
        }
        return rank
    }

    /// What is wrong with a change that does not change a weight.
    static func unknownForm(of delta: Delta) -> RuntimeError {
        guard case .extension(let extra) = delta.form else {
            return RuntimeError(.refused, "the change of \(delta.parameter) has no form that can be stored")
        }
        return RuntimeError(.refused, extra.isUnknown.message, hint: extra.isUnknown.hint)
    }
}

extension Tensor {
    /// The value of a bool of one element.
    fileprivate var isTrue: Bool { get throws { try item() != 0 } }
}

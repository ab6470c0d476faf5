// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension InfluencePatcher {
    /// Steps over P+ alone.
    fileprivate func promotingPlan(
        _ recalled: Recalled, _ name: String, _ value: @escaping (Int) -> TokenValue,
        loss: @escaping (RowValues) throws -> Tensor
    ) -> StepPlan {
        let promoting = recalled.promoting
        return StepPlan(itemCount: promoting.count) { items, training in
            let rows = items.map { recalled.rows[promoting[$0]] }
            return [name: try training.backward(rows, value(rows.count), loss: loss)]
        }
    }
}

/// Gradient ascent on the loss of the promoting examples, where no token is pushed below chance.
struct GradientAscent: InfluencePatcher {
    static let descriptor = ComponentDescriptor(
        id: "gradient-ascent", summary: "Raises the loss of the training examples that promote unwanted texts.",
        requires: [.prompt])

    let queries = QuerySettings()
    let recall = RecallSettings()
    let optimizer = OptimizerSettings()
    let development = DevelopmentSettings()

    @Parameter(.proximity) var proximity = 0.0

    func plan(_ recalled: Recalled, random: RandomNumbers) -> StepPlan {
        promotingPlan(recalled, "ascent", { .floored(Array(repeating: true, count: $0)) }) { try $0.now.mean() }
    }
}

/// Negative preference optimisation on the promoting examples (Zhang et al. 2024).
struct NegativePreference: InfluencePatcher {
    static let descriptor = ComponentDescriptor(
        id: "npo", summary: "Negative preference optimisation on the training examples that promote unwanted texts.",
        requires: [.prompt])

    let queries = QuerySettings()
    let recall = RecallSettings()
    let optimizer = OptimizerSettings()
    let development = DevelopmentSettings()

    @Parameter("beta", in: .positive, help: "The scale of the log ratio; towards 0 it becomes gradient ascent.")
    var beta = 0.1

    @Parameter(.proximity) var proximity = 0.0

    func plan(_ recalled: Recalled, random: RandomNumbers) -> StepPlan {
        let beta = beta
        return promotingPlan(recalled, "preference", { _ in .logProbability }) {
            try Losses.negativePreference($0, beta: beta)
        }
    }
}

/// Unlikelihood of every token of the promoting examples.
struct ExampleUnlikelihood: InfluencePatcher {
    static let descriptor = ComponentDescriptor(
        id: "example-unlikelihood", summary: "Unlikelihood of the training examples that promote unwanted texts.",
        requires: [.prompt])

    let queries = QuerySettings()
    let recall = RecallSettings()
    let optimizer = OptimizerSettings()
    let development = DevelopmentSettings()

    @Parameter(.proximity) var proximity = 0.0

    func plan(_ recalled: Recalled, random: RandomNumbers) -> StepPlan {
        promotingPlan(recalled, "unlikelihood", { _ in .complement }) { try $0.now.mean() * -1 }
    }
}

// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

/// How sure the model is of the new object.
struct Confidence: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "confidence", summary: "How sure the model is of the new object.",
        requires: [.prompt, .subject, .targetNew])

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let model = try session.model
        let requests = try cases.map {
            try TargetRequest($0.filledPrompt, objects: [$0.targetNew], joint: $0.joint, model)
        }
        let ratings = try model.ratings(of: requests, tokenBudget: 4096)
        return zip(cases, ratings).map { Score("probability", $1[0].probability, caseIndex: $0.index) }
    }

    func summarize(_ scores: [Score]) -> [Metric] {
        let mean = Metric.mean(
            of: "probability", in: scores, times: 100, unit: "percent", direction: .higherIsBetter,
            protocol: "per token")
        return mean.map { [$0] } ?? []
    }
}

let plugin = PluginExport(id: "org.example.confidence", version: "1.0.0", components: [Confidence.self])

@c @implementation
public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
    plugin.entry(hostMajor: major)
}

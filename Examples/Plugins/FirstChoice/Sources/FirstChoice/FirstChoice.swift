// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

struct FirstChoice: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "first-choice", summary: "How often the new object is the model's first choice.",
        requires: [.prompt, .targetNew])

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let model = try session.model
        let requests = try cases.map { try TargetRequest($0.filledPrompt, objects: [$0.targetNew], model) }
        return try zip(cases, model.ratings(of: requests, tokenBudget: 4096)).map { item, ratings in
            Score("prompt", ratings[0].isFirstChoice ? 100 : 0, caseIndex: item.index)
        }
    }

    func summarize(_ scores: [Score]) -> [Metric] {
        [.mean(of: "prompt", in: scores, unit: "percent", direction: .higherIsBetter, protocol: "teacher-forced")]
            .compactMap(\.self)
    }
}

let plugin = PluginExport(id: "org.example.first-choice", version: "1.0.0", components: [FirstChoice.self])

@c @implementation
public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
    plugin.entry(hostMajor: major)
}

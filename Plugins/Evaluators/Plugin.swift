// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

let plugin = PluginExport(
    id: "suture.evaluators", version: "1.1.0",
    components: [
        CounterFact.self, ZsRE.self, Perplexity.self, Drift.self, GenerationMatch.self, ExactMatch.self,
        BLEUEvaluator.self, ROUGEEvaluator.self, Similarity.self, Negatives.self, Fluency.self, Consistency.self,
    ])

@c @implementation
public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
    plugin.entry(hostMajor: major)
}

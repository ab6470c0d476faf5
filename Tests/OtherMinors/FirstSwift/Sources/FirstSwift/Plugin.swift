// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

let plugin = PluginExport(id: "minors.swift", version: "1.0.0", components: [FirstSwift.self])

@c @implementation
public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
    plugin.entry(hostMajor: major)
}

/// Hands out how many cases it was given, times a setting. Uses no tensor, so that a small host can call it.
struct FirstSwift: Evaluator {
    static let descriptor = ComponentDescriptor(id: "first-swift", summary: "Counts cases.")
    @Parameter("factor", help: "What the count is multiplied by.") var factor = 2.0

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        [Score(cases.first?.subject ?? "none", Double(cases.count) * factor)]
    }

    func summarize(_ scores: [Score]) throws -> [Metric] { [] }
}

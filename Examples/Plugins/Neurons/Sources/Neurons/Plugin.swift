// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

let plugin = PluginExport(
    id: "org.example.neurons", version: "1.0.0", components: [MuteNeurons.self, BehindContext.self])

@c @implementation
public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
    plugin.entry(hostMajor: major)
}

// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

let plugin = PluginExport(
    id: "suture.annotators", version: "1.0.0",
    components: [WordList.self, Pattern.self, NativeFunction.self, MarksFile.self])

@c @implementation
public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
    plugin.entry(hostMajor: major)
}

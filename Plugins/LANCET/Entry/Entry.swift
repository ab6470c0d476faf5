// SPDX-License-Identifier: Apache-2.0

import CSuture
import LANCET

// In a target of its own, so that tests can link the methods of several plugins, each of which exports this symbol.
@c @implementation
public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
    plugin.entry(hostMajor: major)
}

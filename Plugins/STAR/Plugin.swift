// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the library offers.
package let plugin = PluginExport(id: "suture.star", version: "1.0.0", components: [STAR.self, MINT.self, SGD.self])

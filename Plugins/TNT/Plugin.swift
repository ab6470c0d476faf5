// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the library offers.
package let plugin = PluginExport(
    id: "suture.tnt", version: "1.1.0",
    components: [TNT.self, Unlikelihood.self, NegativeLikelihood.self, Corrective.self])

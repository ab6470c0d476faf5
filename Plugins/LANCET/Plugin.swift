// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the library offers.
package let plugin = PluginExport(
    id: "suture.lancet", version: "1.0.0",
    components: [LANCET.self, GradientAscent.self, NegativePreference.self, ExampleUnlikelihood.self, Retrain.self])

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the library offers.
package let plugin = PluginExport(
    id: "suture.locators", version: "1.0.0",
    components: [
        FixedLayers.self, CausalTrace.self, LayerOcclusion.self, NeuronAttribution.self, LogitLens.self,
        PromptExchange.self, Suppression.self, ActivationPatching.self, AttributionPatching.self,
    ])

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the library offers.
package let plugin = PluginExport(
    id: "suture.influence", version: "1.0.0",
    components: [
        GradientInfluence.self, TracIn.self, KFACInfluence.self, EKFACInfluence.self, LinFAC.self, TFIDF.self,
        RandomInfluence.self,
    ])

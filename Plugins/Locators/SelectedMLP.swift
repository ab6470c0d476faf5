// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension Model.Info {
    /// What a locator selects of a whole MLP: its neurons, or its output where the model's MLPs are made of experts.
    func mlpSite(_ layer: Int) -> Site { sites.contains(.neurons) ? .neurons(layer) : .mlpOutput(layer) }
}

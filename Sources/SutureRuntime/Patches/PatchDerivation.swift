// SPDX-License-Identifier: Apache-2.0

/// Where a patch comes from that no run made.
package struct PatchDerivation: Sendable, Hashable, Codable {
    package enum Operation: String, Sendable, Hashable, Codable {
        case merge, scale, diff, extract
    }

    package var operation: Operation
    /// The patches that it was made of, in order.
    package var sources: [PatchReference]
    /// What the changes were multiplied by.
    package var factor: Double?
    /// ‖what was left out‖ / ‖Δ‖ over all parameters; nil where nothing was left out.
    package var error: Double?
    /// The model folder that it belongs to, as it was called then.
    package var model: String

    package init(
        _ operation: Operation, of sources: [PatchReference] = [], factor: Double? = nil, error: Double? = nil,
        model: String
    ) {
        self.operation = operation
        self.sources = sources
        self.factor = factor
        self.error = error
        self.model = model
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Keys of the facts of earlier groups of cases: what a write must leave as it is. They follow the run in its session.
package enum PreviousKeys {
    /// Kpᵀ at a layer, `[n, dMLP]`, float64, or rows with the same Kp Kpᵀ; nil before the first group is done.
    package static func read(at layer: Int, _ model: Model, in session: Session) throws -> Tensor? {
        try session.carried(name(layer))?.cast(device: model.info.device)
    }

    /// Adds the keys of a group that is done, Kᵀ `[fact, dMLP]`, float64.
    package static func add(_ keys: Tensor, at layer: Int, in session: Session) throws {
        let earlier = try session.carried(name(layer))
        let all = try earlier.map { try Tensor.concatenated([$0.cast(device: keys.device), keys]) } ?? keys
        try session.carry(name(layer), compressed(all))
    }

    /// At most as many rows as columns, with the same rowsᵀ · rows.
    static func compressed(_ rows: Tensor) throws -> Tensor {
        rows.shape[0] > rows.shape[1] ? try rows.qr().r : rows
    }

    private static func name(_ layer: Int) -> String { "keys/\(Site.neurons(layer))" }
}

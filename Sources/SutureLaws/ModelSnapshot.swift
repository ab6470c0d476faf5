// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// All weights of a model at one time, as bytes. As large as the model: for small ones.
struct ModelSnapshot {
    private let weights: [(name: String, bytes: [UInt8])]

    /// Copies every weight, changes included.
    init(of model: Model) throws(SutureError) {
        var weights: [(name: String, bytes: [UInt8])] = []
        for name in try model.parameterNames { weights.append((name, try model.parameter(name).bytes())) }
        self.weights = weights
    }

    /// The first weight of which a bit differs; nil where none does.
    func firstDifference(from model: Model) throws(SutureError) -> String? {
        for (name, bytes) in weights where try model.parameter(name).bytes() != bytes { return name }
        return nil
    }
}

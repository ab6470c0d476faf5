// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a method keeps from one group of cases for the next, where each group is edited on top of the one before.
final class CarriedState {
    private(set) var tensors: [String: Tensor]
    /// The state when the current group began.
    private var start: [String: Tensor]

    init(_ tensors: [String: Tensor] = [:]) {
        self.tensors = tensors
        start = tensors
    }

    subscript(_ key: String) -> Tensor? {
        get { tensors[key] }
        set { tensors[key] = newValue }
    }

    /// Begins a new group with the current state.
    func beginGroup() { start = tensors }

    /// Forgets what the current group has added.
    func rewind() { tensors = start }
}

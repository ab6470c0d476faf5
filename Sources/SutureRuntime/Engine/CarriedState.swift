// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a method keeps from one group of cases for the next, where groups are edited one upon the other.
final class CarriedState {
    private(set) var tensors: [String: Tensor]
    /// As it was when the current group began.
    private var start: [String: Tensor]

    init(_ tensors: [String: Tensor] = [:]) {
        self.tensors = tensors
        start = tensors
    }

    subscript(_ key: String) -> Tensor? {
        get { tensors[key] }
        set { tensors[key] = newValue }
    }

    /// A new group begins from what there is.
    func beginGroup() { start = tensors }

    /// What the current group has added is forgotten.
    func rewind() { tensors = start }
}

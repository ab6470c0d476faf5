// SPDX-License-Identifier: Apache-2.0

import CSuture

/// A tensor with a name, as an estimator hands out.
public struct NamedTensor: Sendable {
    /// What it is: "scores".
    public var name: String
    /// The numbers.
    public var tensor: Tensor

    /// A tensor under a name.
    public init(_ name: String, _ tensor: Tensor) {
        self.name = name
        self.tensor = tensor
    }
}

extension NamedTensor: Crossing {
    /// Shares the tensor.
    package init(_ c: Foreign<suture_named_tensor>) throws(SutureError) {
        let name = try foreignName(c.name, "suture_named_tensor.name")
        guard let handle = c.tensor else {
            throw SutureError(
                .invalidArgument, "there is no tensor for \"\(name)\"", hint: "set suture_named_tensor.tensor")
        }
        self.init(name, try Tensor(borrowing: handle))
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_named_tensor> {
        arena.make(suture_named_tensor.self) {
            $0.name = arena.string(name)
            $0.tensor = tensor.handle
        }
    }
}

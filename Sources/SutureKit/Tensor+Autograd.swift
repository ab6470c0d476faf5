// SPDX-License-Identifier: Apache-2.0

import CSuture

extension Tensor {
    /// A new leaf with the same data, of which gradients are wanted (or not).
    public func leaf(requiresGradient: Bool = true) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.leaf(handle, requiresGradient ? 1 : 0, out) }
    }

    /// The same data outside the graph.
    public func detached() throws(SutureError) -> Tensor { try unary(.detach) }

    /// Adds d self / d leaf to the gradient of every leaf. This tensor has one element.
    public func backward(keepsGraph: Bool = false) throws(SutureError) {
        try Host.check(try Host.tables().tensor.pointee.backward(handle, keepsGraph ? 1 : 0))
    }

    /// The gradient accumulated in a leaf, or nil where none arrived.
    public func gradient() throws(SutureError) -> Tensor? {
        var out: OpaquePointer?
        try Host.check(try Host.tables().tensor.pointee.gradient(handle, &out))
        guard let out else { return nil }
        return try Tensor(owning: out)
    }

    /// d sum(self) / d input for each input, nil where self does not depend on it. Accumulates nothing.
    public func gradients(of inputs: [Tensor], keepsGraph: Bool = false) throws(SutureError) -> [Tensor?] {
        let table = try Host.tables().tensor
        var out = [OpaquePointer?](repeating: nil, count: inputs.count)
        let error = inputs.map(\.handle).withUnsafeBufferPointer { handles in
            out.withUnsafeMutableBufferPointer { results -> OpaquePointer? in
                guard let handles = handles.baseAddress, let results = results.baseAddress else { return nil }
                return table.pointee.gradients(handle, handles, Int64(inputs.count), keepsGraph ? 1 : 0, results)
            }
        }
        try Host.check(error)
        var gradients: [Tensor?] = []
        for handle in out { gradients.append(try handle.map { h throws(SutureError) in try Tensor(owning: h) }) }
        return gradients
    }

    /// Changes this tensor's data in place, without telling autograd. Both have the same shape and type.
    public func assign(from source: Tensor) throws(SutureError) {
        try Host.check(try Host.tables().tensor.pointee.assign(handle, source.handle))
    }
}

/// Runs `body` without recording for gradients on this thread: less memory, faster.
public func withoutGradients<Result>(_ body: () throws -> Result) throws -> Result {
    let table = try Host.tables().tensor
    let previous = table.pointee.set_gradient_mode(0)
    defer { _ = table.pointee.set_gradient_mode(previous) }
    return try body()
}

/// Runs `body` while recording for gradients on this thread, inside ``withoutGradients(_:)`` say.
public func withGradients<Result>(_ body: () throws -> Result) throws -> Result {
    let table = try Host.tables().tensor
    let previous = table.pointee.set_gradient_mode(1)
    defer { _ = table.pointee.set_gradient_mode(previous) }
    return try body()
}

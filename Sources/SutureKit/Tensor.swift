// SPDX-License-Identifier: Apache-2.0

import CSuture

/// A multi-dimensional array with automatic differentiation.
///
/// A value of this type is a counted reference to a tensor that the host owns; every operation is the host's (libtorch's
/// today), so a plugin has PyTorch's power without linking it. Operations return new tensors and never change their
/// inputs; the exceptions are ``assign(from:)`` and optimisers. The last reference that goes frees the memory.
///
///     let logits = try hidden.matmul(unembedding.transposed())
///     let loss = try logits.logSoftmax().mean() * -1
///     try loss.backward()
///
/// Shapes in comments name their axes: `[batch, position, dModel]`.
public struct Tensor: Sendable {
    /// Owns one count of the host's handle.
    // Handles are counted atomically by the host and tensors are not changed after creation except by `assign` and
    // optimisers, whose callers keep such a tensor to one thread (tensor.h).
    final class Reference: @unchecked Sendable {
        let handle: OpaquePointer
        private let release: @convention(c) (OpaquePointer) -> Void

        init(owning handle: OpaquePointer, release: @escaping @convention(c) (OpaquePointer) -> Void) {
            self.handle = handle
            self.release = release
        }

        deinit { release(handle) }
    }

    let reference: Reference

    /// Takes over an owned handle of the ABI.
    public init(owning handle: OpaquePointer) throws(SutureError) {
        reference = Reference(owning: handle, release: try Host.tables().tensor.pointee.release)
    }

    /// Shares a borrowed handle of the ABI: takes a count of its own.
    public init(borrowing handle: OpaquePointer) throws(SutureError) {
        let table = try Host.tables().tensor
        table.pointee.retain(handle)
        reference = Reference(owning: handle, release: table.pointee.release)
    }

    /// The handle, valid as long as this value. For code at the boundary.
    public var handle: OpaquePointer { reference.handle }

    /// The handle with a count of its own, to be given away across the boundary.
    public func retainedHandle() throws(SutureError) -> OpaquePointer {
        try Host.tables().tensor.pointee.retain(handle)
        return handle
    }

    /// Makes one tensor by an ABI function.
    static func make(
        _ body: (UnsafePointer<suture_tensor_api>, UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?
    ) throws(SutureError) -> Tensor {
        let table = try Host.tables().tensor
        var out: OpaquePointer?
        try Host.check(body(table, &out))
        guard let out else { throw SutureError(.internal, "the host returned no tensor and no error") }
        return Tensor(reference: Reference(owning: out, release: table.pointee.release))
    }

    init(reference: Reference) { self.reference = reference }

    // MARK: What it is

    private var info: suture_tensor_info {
        var info = suture_tensor_info()
        info.struct_size = MemoryLayout<suture_tensor_info>.size
        // A tensor exists, so its host does, and asking a live handle what it is does not fail. If it ever did, the zeros
        // would describe a scalar on the CPU.
        if let table = try? Host.tables().tensor, let error = table.pointee.info(handle, &info) {
            _ = Host.take(error)
        }
        return info
    }

    /// Sizes of the axes, outermost first; empty for a scalar.
    public var shape: [Int] {
        let info = self.info
        return withUnsafeBytes(of: info.shape) { bytes in
            bytes.assumingMemoryBound(to: Int64.self).prefix(Int(info.rank)).map(Int.init)
        }
    }

    /// Number of axes; 0 for a scalar.
    public var rank: Int { Int(info.rank) }
    /// The type of the elements.
    public var dtype: DType { DType(rawValue: info.dtype) ?? .float32 }
    /// Where the elements are.
    public var device: Device { Device(Device.Kind(rawValue: info.device) ?? .cpu, index: Int(info.device_index)) }
    /// Whether operations on it are recorded, so that gradients can be taken.
    public var requiresGradient: Bool { info.requires_gradient != 0 }
    /// Whether the elements follow each other in row-major order.
    package var isContiguous: Bool { info.is_contiguous != 0 }
    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    // MARK: Values out

    /// The elements in row-major order, converted to `Element`'s type. Copies.
    public func scalars<Element: TensorElement>(as _: Element.Type = Element.self) throws(SutureError) -> [Element] {
        let source = dtype == Element.dtype ? self : try cast(to: Element.dtype)
        let count = source.count
        let table = try Host.tables().tensor
        var failure: OpaquePointer?
        let result = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            guard count > 0, let base = buffer.baseAddress else { return }
            failure = table.pointee.to_bytes(source.handle, base, Int64(count * MemoryLayout<Element>.stride))
            initialized = failure == nil ? count : 0
        }
        try Host.check(failure)
        return result
    }

    /// The value of a tensor of one element.
    ///
    /// - Throws: `invalidArgument` when it has more or fewer.
    public func item() throws(SutureError) -> Double {
        guard count == 1 else {
            throw SutureError(.invalidArgument, "item() needs one element, the shape is \(shape)")
        }
        return try scalars(as: Double.self)[0]
    }
}

extension Tensor: CustomStringConvertible {
    /// Shape, dtype and device, without the elements.
    public var description: String { "Tensor(\(shape), \(dtype), \(device))" }
}

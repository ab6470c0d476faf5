// SPDX-License-Identifier: Apache-2.0

import CSuture

extension Tensor {
    /// Calls `body` with a spec that lives as long as the call.
    static func withSpec<Result>(
        _ shape: [Int], _ dtype: DType, _ device: Device, _ body: (UnsafePointer<suture_tensor_spec>) -> Result
    ) -> Result {
        shape.map(Int64.init).withUnsafeBufferPointer { sizes in
            var spec = suture_tensor_spec()
            spec.struct_size = MemoryLayout<suture_tensor_spec>.size
            spec.dtype = dtype.rawValue
            spec.device = device.kind.rawValue
            spec.device_index = Int32(device.index)
            spec.rank = Int32(shape.count)
            spec.shape = sizes.baseAddress
            return withUnsafePointer(to: spec) { body($0) }
        }
    }

    /// A tensor whose every element is `value`.
    public static func full(
        _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
    ) throws(SutureError) -> Tensor {
        try make { table, out in withSpec(shape, dtype, device) { table.pointee.full($0, value, out) } }
    }

    /// A tensor of zeros.
    public static func zeros(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(SutureError) -> Tensor {
        try full(shape, 0, dtype: dtype, device: device)
    }

    /// A tensor of ones.
    public static func ones(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(SutureError) -> Tensor {
        try full(shape, 1, dtype: dtype, device: device)
    }

    /// The integers of a range, `[n]`, int64.
    public static func range(_ range: Range<Int>, device: Device = .cpu) throws(SutureError) -> Tensor {
        try make { table, out in
            withSpec([], .int64, device) {
                table.pointee.arange($0, Double(range.lowerBound), Double(range.upperBound), 1, out)
            }
        }
    }

    /// The identity matrix, `[n, n]`.
    public static func identity(
        _ n: Int, dtype: DType = .float32, device: Device = .cpu
    ) throws(SutureError) -> Tensor {
        try make { table, out in withSpec([], dtype, device) { table.pointee.eye($0, Int64(n), out) } }
    }

    /// A tensor with these elements in row-major order. Without a shape it has one axis. Copies.
    ///
    /// - Throws: `invalidArgument` when the count does not fit the shape.
    public init<Element: TensorElement>(
        _ values: [Element], shape: [Int]? = nil, device: Device = .cpu
    ) throws(SutureError) {
        let made = try Tensor.make { table, out in
            values.withUnsafeBytes { bytes in
                Tensor.withSpec(shape ?? [values.count], Element.dtype, device) { spec in
                    // An empty array has no address; any will do for zero bytes.
                    let base = bytes.baseAddress ?? UnsafeRawPointer(spec)
                    return table.pointee.from_bytes(spec, base, Int64(bytes.count), out)
                }
            }
        }
        self.init(reference: made.reference)
    }

    /// A scalar, shape `[]`.
    public init(_ value: Double, dtype: DType = .float32, device: Device = .cpu) throws(SutureError) {
        self.init(reference: try Tensor.full([], value, dtype: dtype, device: device).reference)
    }

    /// A tensor over raw row-major bytes of a given type. Copies.
    public init(
        bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, device: Device = .cpu
    ) throws(SutureError) {
        let made = try Tensor.make { table, out in
            Tensor.withSpec(shape, dtype, device) { spec in
                let base = bytes.baseAddress ?? UnsafeRawPointer(spec)
                return table.pointee.from_bytes(spec, base, Int64(bytes.count), out)
            }
        }
        self.init(reference: made.reference)
    }

    /// A tensor that looks at memory without a copy and keeps `owner` alive meanwhile. The memory must not change, and the
    /// tensor must not be assigned to. For memory-mapped weights.
    public init(
        borrowing bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, owner: AnyObject
    ) throws(SutureError) {
        guard let base = bytes.baseAddress else {
            self.init(reference: try Tensor.zeros(shape, dtype: dtype).reference)
            return
        }
        let retained = Unmanaged.passRetained(owner)
        do {
            let made = try Tensor.make { table, out in
                Tensor.withSpec(shape, dtype, .cpu) { spec in
                    table.pointee.from_borrowed(
                        spec, base, Int64(bytes.count), retained.toOpaque(),
                        { context in
                            if let context { Unmanaged<AnyObject>.fromOpaque(context).release() }
                        }, out)
                }
            }
            self.init(reference: made.reference)
        } catch {
            retained.release()
            throw error
        }
    }

    /// All elements as raw row-major bytes. Copies.
    public func bytes() throws(SutureError) -> [UInt8] {
        let size = count * dtype.size
        let table = try Host.tables().tensor
        var failure: OpaquePointer?
        let result = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            guard size > 0, let base = buffer.baseAddress else { return }
            failure = table.pointee.to_bytes(handle, base, Int64(size))
            initialized = failure == nil ? size : 0
        }
        try Host.check(failure)
        return result
    }

    /// Copies all elements as raw row-major bytes into memory that has room for them.
    package func copyBytes(to target: UnsafeMutableRawBufferPointer) throws(SutureError) {
        guard let base = target.baseAddress else { return }
        try Host.check(try Host.tables().tensor.pointee.to_bytes(handle, base, Int64(target.count)))
    }

    /// The same numbers in another type, on another device. The same tensor where nothing changes.
    public func cast(to dtype: DType? = nil, device: Device? = nil) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            let target = device ?? self.device
            return table.pointee.cast(
                handle, (dtype ?? self.dtype).rawValue, target.kind.rawValue, Int32(target.index), out)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A thin coat over the C table, for these tests alone: handles that release themselves, errors that are thrown.
import CSuture
import CSutureHost
import TorchBackend

var api: suture_tensor_api { torch_backend_tensor_api().pointee }

struct TableError: Error, CustomStringConvertible {
    let code: Int32
    let message: String
    let hint: String

    var description: String { "\(code): \(message) (\(hint))" }

    /// Takes the error over.
    init(_ error: OpaquePointer) {
        code = suture_host_error_code(nil, error)
        message = String(cString: suture_host_error_message(nil, error))
        hint = String(cString: suture_host_error_hint(nil, error))
        suture_host_error_release(nil, error)
    }
}

func check(_ error: OpaquePointer?) throws {
    if let error { throw TableError(error) }
}

/// The error that `body` throws.
func failure(_ body: () throws -> Void) -> TableError? {
    do {
        try body()
        return nil
    } catch {
        return error as? TableError
    }
}

/// One handle. [call-thread] unless a test says otherwise.
final class T {
    let handle: OpaquePointer

    init(taking handle: OpaquePointer) { self.handle = handle }
    deinit { api.release(handle) }

    /// What a function of the table puts into its one `out`.
    static func make(_ body: (UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?) throws -> T {
        var out: OpaquePointer?
        try check(body(&out))
        return T(taking: out!)  // set on success, says the contract
    }

    static func two(
        _ body: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?
    ) throws -> (T, T) {
        var first: OpaquePointer?
        var second: OpaquePointer?
        try check(body(&first, &second))
        return (T(taking: first!), T(taking: second!))
    }

    /// Row-major values; a missing shape means a vector.
    convenience init(_ values: [Double], _ shape: [Int64]? = nil, dtype: Int32 = SUTURE_DTYPE_F64) throws {
        let made = try withSpec(SUTURE_DTYPE_F64, shape ?? [Int64(values.count)]) { spec in
            try T.make { api.from_bytes(spec, values, Int64(values.count * 8), $0) }
        }
        let result = dtype == SUTURE_DTYPE_F64 ? made : try made.cast(dtype)
        api.retain(result.handle)
        self.init(taking: result.handle)
    }

    convenience init(ints values: [Int64], _ shape: [Int64]? = nil) throws {
        let made = try withSpec(SUTURE_DTYPE_I64, shape ?? [Int64(values.count)]) { spec in
            try T.make { api.from_bytes(spec, values, Int64(values.count * 8), $0) }
        }
        api.retain(made.handle)
        self.init(taking: made.handle)
    }

    var info: suture_tensor_info {
        var info = suture_tensor_info()
        info.struct_size = MemoryLayout<suture_tensor_info>.size
        if let error = api.info(handle, &info) { suture_host_error_release(nil, error) }
        return info
    }
    var dtype: Int32 { info.dtype }
    var shape: [Int64] {
        let info = info
        return withUnsafeBytes(of: info.shape) { Array($0.bindMemory(to: Int64.self).prefix(Int(info.rank))) }
    }
    /// All elements, row-major, as float64.
    var values: [Double] {
        get throws {
            let wide = try cast(SUTURE_DTYPE_F64)
            var result = [Double](repeating: .nan, count: Int(shape.reduce(1, *)))
            try check(api.to_bytes(wide.handle, &result, Int64(result.count * 8)))
            return result
        }
    }
    var value: Double { get throws { try values[0] } }

    func cast(_ dtype: Int32) throws -> T { try .make { api.cast(handle, dtype, -1, 0, $0) } }
    func unary(_ operation: Int32) throws -> T { try .make { api.unary(operation, handle, $0) } }
    func binary(_ operation: Int32, _ other: T) throws -> T {
        try .make { api.binary(operation, handle, other.handle, $0) }
    }
    func number(_ operation: Int32, _ number: Double, reversed: Bool = false) throws -> T {
        try .make { api.binary_number(operation, handle, number, reversed ? 1 : 0, $0) }
    }
    func reduce(_ operation: Int32, _ dimensions: [Int64] = [], keeps: Bool = false) throws -> T {
        try .make { api.reduce(operation, handle, dimensions, Int64(dimensions.count), keeps ? 1 : 0, $0) }
    }
    func along(_ operation: Int32, _ dimension: Int64) throws -> T {
        try .make { api.along(operation, handle, dimension, $0) }
    }
    func decompose(_ operation: Int32) throws -> [T] {
        var out = [OpaquePointer?](repeating: nil, count: 3)
        try check(api.decompose(operation, handle, &out))
        return out.compactMap { $0.map(T.init(taking:)) }
    }
    func shaped(_ operation: Int32, _ sizes: [Int64]) throws -> T {
        try .make { api.shape(operation, handle, sizes, Int64(sizes.count), $0) }
    }
    func reshape(_ sizes: [Int64]) throws -> T { try shaped(SUTURE_RESHAPE, sizes) }
    func transpose(_ first: Int64, _ second: Int64) throws -> T {
        try .make { api.transpose(handle, first, second, $0) }
    }
    func slice(_ dimension: Int64, _ start: Int64, _ end: Int64, step: Int64 = 1) throws -> T {
        try .make { api.slice(handle, dimension, start, end, step, $0) }
    }
    func indexed(_ operation: Int32, _ dimension: Int64, _ index: T, _ source: T? = nil) throws -> T {
        try .make { api.indexed(operation, handle, dimension, index.handle, source?.handle, $0) }
    }
    func pick(_ pairs: T) throws -> T { try .make { api.pick(handle, pairs.handle, $0) } }
    func put(_ pairs: T, _ values: T, adds: Bool) throws -> T {
        try .make { api.put(handle, pairs.handle, values.handle, adds ? 1 : 0, $0) }
    }
    func matmul(_ other: T) throws -> T { try binary(SUTURE_MATMUL, other) }
    func leaf(_ requires: Bool = true) throws -> T { try .make { api.leaf(handle, requires ? 1 : 0, $0) } }
    func backward(keepsGraph: Bool = false) throws { try check(api.backward(handle, keepsGraph ? 1 : 0)) }
    /// The accumulated gradient.
    var gradient: T? {
        get throws {
            var out: OpaquePointer?
            try check(api.gradient(handle, &out))
            return out.map(T.init(taking:))
        }
    }
    func gradients(_ inputs: [T], keepsGraph: Bool = false) throws -> [T?] {
        var out = [OpaquePointer?](repeating: nil, count: inputs.count)
        try check(api.gradients(handle, inputs.map(\.handle), Int64(inputs.count), keepsGraph ? 1 : 0, &out))
        return out.map { $0.map(T.init(taking:)) }
    }
    func assign(_ source: T) throws { try check(api.assign(handle, source.handle)) }
}

func withSpec<R>(
    _ dtype: Int32, _ shape: [Int64], device: Int32 = SUTURE_DEVICE_CPU, index: Int32 = 0,
    _ body: (UnsafePointer<suture_tensor_spec>) throws -> R
) rethrows -> R {
    try shape.withUnsafeBufferPointer { sizes in
        var spec = suture_tensor_spec()
        spec.struct_size = MemoryLayout<suture_tensor_spec>.size
        spec.dtype = dtype
        spec.device = device
        spec.device_index = index
        spec.rank = Int32(shape.count)
        spec.shape = sizes.baseAddress
        return try body(&spec)
    }
}

func full(_ dtype: Int32, _ shape: [Int64], _ fill: Double) throws -> T {
    try withSpec(dtype, shape) { spec in try T.make { api.full(spec, fill, $0) } }
}

/// A stream of random numbers that ends itself.
final class Stream {
    let handle: OpaquePointer

    init(seed: Int64) throws {
        var out: OpaquePointer?
        try check(api.generator_new(seed, &out))
        handle = out!  // set on success, says the contract
    }
    deinit { api.generator_release(handle) }

    func normal(_ shape: [Int64], dtype: Int32 = SUTURE_DTYPE_F64, mean: Double = 0, deviation: Double = 1) throws -> T
    {
        try withSpec(dtype, shape) { spec in try T.make { api.normal(handle, spec, mean, deviation, $0) } }
    }
    func uniform(_ shape: [Int64], dtype: Int32 = SUTURE_DTYPE_F64, low: Double = 0, high: Double = 1) throws -> T {
        try withSpec(dtype, shape) { spec in try T.make { api.uniform(handle, spec, low, high, $0) } }
    }
}

/// For float64 against a plain loop: a few roundings of numbers around 1.
let closeInF64 = 1e-12
/// For float32, likewise.
let closeInF32 = 1e-5

func areClose(_ a: [Double], _ b: [Double], _ tolerance: Double = closeInF64) -> Bool {
    a.count == b.count
        && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) || abs($0 - $1) <= tolerance * max(1, abs($1)) }
}

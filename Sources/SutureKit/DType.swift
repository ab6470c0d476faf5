// SPDX-License-Identifier: Apache-2.0

import CSuture

/// The type of a tensor's elements.
public enum DType: Int32, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// IEEE single precision, 4 bytes.
    case float32 = 0
    /// IEEE double precision, 8 bytes: solves and statistics run in it.
    case float64
    /// IEEE half precision, 2 bytes.
    case float16
    /// The upper half of a float32: its range, with 8 bits of precision.
    case bfloat16
    /// Signed, 8 bytes: indices and token ids.
    case int64
    /// Signed, 4 bytes.
    case int32
    /// Truth values, one byte each.
    case bool
    /// Unsigned, 1 byte.
    case uint8
    /// Signed, 2 bytes.
    case int16
    /// Signed, 1 byte.
    case int8

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .bool, .uint8, .int8: 1
        }
    }

    /// Whether the elements are floating-point numbers, which gradients need.
    public var isFloatingPoint: Bool { rawValue <= DType.bfloat16.rawValue }

    /// float32 for float16 and bfloat16, the type itself otherwise: what sums, products and solves run in at least.
    public var widened: DType { self == .float16 || self == .bfloat16 ? .float32 : self }

    /// The name in experiment files: "float32".
    public var description: String {
        switch self {
        case .float32: "float32"
        case .float64: "float64"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        case .int64: "int64"
        case .int32: "int32"
        case .bool: "bool"
        case .uint8: "uint8"
        case .int16: "int16"
        case .int8: "int8"
        }
    }

    /// The type of that name ("float32", "bfloat16" …), as in experiment files.
    public init?(named name: String) {
        guard let found = DType.allCases.first(where: { $0.description == name }) else { return nil }
        self = found
    }
}

/// Where a tensor's elements lie.
public struct Device: Sendable, Hashable, CustomStringConvertible {
    /// Which sort of device. The raw value is the ABI's number.
    public enum Kind: Int32, Sendable {
        /// The processor and its memory.
        case cpu
        /// An NVIDIA GPU.
        case cuda
    }

    /// Which sort of device.
    public var kind: Kind
    /// Which of several; 0 for the CPU.
    public var index: Int

    /// A device of a sort, by default the first.
    public init(_ kind: Kind, index: Int = 0) {
        self.kind = kind
        self.index = index
    }

    /// The processor and its memory.
    public static let cpu = Device(.cpu)

    /// "cpu", "cuda" or "cuda:1".
    public init?(named name: String) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("cpu", 1): self = .cpu
        case ("cuda", 1): self = Device(.cuda)
        case ("cuda", 2):
            guard let index = Int(parts[1]), index >= 0 else { return nil }
            self = Device(.cuda, index: index)
        default: return nil
        }
    }

    /// "cpu", "cuda" for the first GPU, or "cuda:1".
    public var description: String { kind == .cpu ? "cpu" : "cuda:\(index)" }

    /// How many devices of a kind this machine offers.
    public static func count(of kind: Kind) throws(SutureError) -> Int {
        var count: Int64 = 0
        try Host.check(try Host.tables().tensor.pointee.device_count(kind.rawValue, &count))
        return Int(count)
    }
}

/// A Swift type that a tensor's elements can be read as and made from.
public protocol TensorElement: Sendable, BitwiseCopyable {
    /// The type that a tensor of such elements has.
    static var dtype: DType { get }
}

extension Float: TensorElement {
    /// `float32`
    public static var dtype: DType { .float32 }
}

extension Double: TensorElement {
    /// `float64`
    public static var dtype: DType { .float64 }
}

extension Int: TensorElement {
    /// `int64`
    public static var dtype: DType { .int64 }
}

extension Int32: TensorElement {
    /// `int32`
    public static var dtype: DType { .int32 }
}

extension Bool: TensorElement {
    /// `bool`
    public static var dtype: DType { .bool }
}

extension UInt8: TensorElement {
    /// `uint8`
    public static var dtype: DType { .uint8 }
}

// SPDX-License-Identifier: Apache-2.0

/// The element type of a stored tensor, spelled as in a safetensors header.
///
/// Only what language models are published in is read. Other dtypes of the format (8-bit floats, unsigned integers
/// above 8 bits, complex numbers) are refused by name.
public enum StoredDtype: String, Sendable, Hashable, CaseIterable {
    /// IEEE 754 double precision.
    case float64 = "F64"
    /// IEEE 754 single precision.
    case float32 = "F32"
    /// IEEE 754 half precision: 5 bits of exponent.
    case float16 = "F16"
    /// The upper half of a single: 8 bits of exponent.
    case bfloat16 = "BF16"
    /// Signed, 8 bytes.
    case int64 = "I64"
    /// Signed, 4 bytes.
    case int32 = "I32"
    /// Signed, 2 bytes.
    case int16 = "I16"
    /// Signed, 1 byte.
    case int8 = "I8"
    /// Unsigned, 1 byte.
    case uint8 = "U8"
    /// One byte, 0 or 1.
    case bool = "BOOL"

    /// The size of one element in bytes, 1 to 8.
    public var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// True for the floating-point dtypes.
    public var isFloatingPoint: Bool {
        switch self {
        case .float64, .float32, .float16, .bfloat16: true
        case .int64, .int32, .int16, .int8, .uint8, .bool: false
        }
    }
}

/// What a safetensors header says about one tensor.
public struct TensorEntry: Sendable, Hashable {
    /// The name, unique in its file.
    public let name: String
    /// The element type.
    public let dtype: StoredDtype
    /// The shape, row-major; empty for a scalar. Dimensions are 0 or more.
    public let shape: [Int]
    /// Where the bytes lie, counted from the start of the **file**. Little-endian, without any alignment promise.
    public let byteRange: Range<Int>

    /// Makes an entry from its parts, which are taken as they are.
    public init(name: String, dtype: StoredDtype, shape: [Int], byteRange: Range<Int>) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.byteRange = byteRange
    }

    /// The number of bytes.
    public var byteCount: Int { byteRange.count }

    /// The number of elements; 1 for a scalar.
    public var elementCount: Int { byteRange.count / dtype.byteCount }

    /// The number of bytes of a dense tensor, or nil where a dimension is negative or the product is above `Int.max`.
    ///
    /// The product is formed from left to right, so a shape that overflows before a zero is refused too, as the
    /// format's reference reader does.
    static func byteCount(dtype: StoredDtype, shape: [Int]) -> Int? {
        var count = 1
        for dimension in shape + [dtype.byteCount] {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            if overflow || dimension < 0 { return nil }
            count = product
        }
        return count
    }
}

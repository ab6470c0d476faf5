// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The types in which an imported model may be written.
package enum GGUFNumbers: String, Sendable {
    case float32, float16, bfloat16

    var stored: StoredDtype {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }

    /// The numbers rounded to the nearest of this type, ties to even; nil where one is not finite then.
    func bytes(_ numbers: [Float]) -> TensorBytes? {
        switch self {
        case .float32: numbers.allSatisfy(\.isFinite) ? Self.bytes(numbers) : nil
        case .float16: Self.finite(numbers.map { Float16($0) }).map(Self.bytes)
        case .bfloat16:
            numbers.allSatisfy(\.isFinite)
                ? Self.bytes(
                    numbers.map { number in
                        let bits = number.bitPattern
                        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
                    }) : nil
        }
    }

    private static func finite(_ numbers: [Float16]) -> [Float16]? { numbers.allSatisfy(\.isFinite) ? numbers : nil }

    private static func bytes<Number: BitwiseCopyable>(_ numbers: [Number]) -> TensorBytes {
        TensorBytes(numbers.withUnsafeBytes { Data($0) })
    }
}

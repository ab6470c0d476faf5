// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Reads the header of a GGUF file from front to back. Every count is checked against the bytes that are left before it is used.
struct GGUFReader {
    private let bytes: UnsafeRawBufferPointer
    private let path: String
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
    }

    mutating func take<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type = Value.self) throws(ModelError)
        -> Value
    {
        Value(littleEndian: try load(Value.self))
    }

    /// A count of things that take at least so many bytes each.
    mutating func count(of what: String, eachAtLeast size: Int) throws(ModelError) -> Int {
        let number = try take(UInt64.self)
        guard let count = Int(exactly: number), count <= (bytes.count - offset) / size else {
            throw truncated("announces \(number) \(what)")
        }
        return count
    }

    mutating func text(_ what: String) throws(ModelError) -> String {
        let count = try count(of: "bytes of \(what)", eachAtLeast: 1)
        let part = bytes[offset..<offset + count]
        offset += count
        guard let text = String(validating: part, as: UTF8.self) else {
            throw invalid("\(what) is not UTF-8")
        }
        return text
    }

    /// A value with its type in front.
    mutating func value(of key: String) throws(ModelError) -> GGUFValue {
        let type = try take(UInt32.self)
        guard type == Self.listType else { return try value(type, of: key) }
        let elementType = try take(UInt32.self)
        guard elementType != Self.listType, let size = Self.sizes[elementType] else {
            throw invalid("'\(key)' is a list of values of the unknown type \(elementType)")
        }
        let count = try count(of: "values of '\(key)'", eachAtLeast: size)
        var values: [GGUFValue] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try value(elementType, of: key)) }
        return .list(values)
    }

    private static let listType: UInt32 = 9
    /// The least number of bytes of a value of each type.
    private static let sizes: [UInt32: Int] = [
        0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 10: 8, 11: 8, 12: 8,
    ]

    private mutating func value(_ type: UInt32, of key: String) throws(ModelError) -> GGUFValue {
        switch type {
        case 0: .integer(Int(try take(UInt8.self)))
        case 1: .integer(Int(try take(Int8.self)))
        case 2: .integer(Int(try take(UInt16.self)))
        case 3: .integer(Int(try take(Int16.self)))
        case 4: .integer(Int(try take(UInt32.self)))
        case 5: .integer(Int(try take(Int32.self)))
        case 6: .single(Float(bitPattern: try take(UInt32.self)))
        case 7: .boolean(try take(UInt8.self) != 0)
        case 8: .text(try text("'\(key)'"))
        case 10: Self.whole(try take(UInt64.self))
        case 11: .integer(Int(try take(Int64.self)))
        case 12: .real(Double(bitPattern: try take(UInt64.self)))
        default: throw invalid("'\(key)' has the unknown type \(type)")
        }
    }

    private static func whole(_ value: UInt64) -> GGUFValue {
        Int(exactly: value).map { .integer($0) } ?? .real(Double(value))
    }

    private mutating func load<Value: BitwiseCopyable>(_: Value.Type) throws(ModelError) -> Value {
        let size = MemoryLayout<Value>.size
        guard bytes.count - offset >= size else { throw truncated("ends inside its header") }
        defer { offset += size }
        return bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
    }

    func truncated(_ what: String) -> ModelError {
        ModelError(
            .truncated, "the GGUF file '\(path)' has \(bytes.count) bytes and \(what)",
            hint: "fetch the file again; it is cut off or damaged")
    }

    func invalid(_ what: String) -> ModelError {
        ModelError(.headerSyntax, "in the GGUF file '\(path)', \(what)", hint: "fetch the file again")
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Writes GGUF files of version 3; equal input gives equal bytes.
package enum GGUFWriter {
    /// One tensor, in single precision.
    package struct Tensor: Sendable {
        package var name: String
        /// Row-major: `[out, in]`.
        package var shape: [Int]
        /// Little-endian.
        package var bytes: TensorBytes

        package init(name: String, shape: [Int], bytes: TensorBytes) {
            self.name = name
            self.shape = shape
            self.bytes = bytes
        }
    }

    private static let alignment = 32

    /// - Parameter metadata: in this order. Whole numbers are written with 32 bits.
    /// - Throws: `invalidContent` for what the format cannot hold; `unwritable`.
    package static func write(
        metadata: [(key: String, value: GGUFValue)], _ tensors: [Tensor], to url: URL
    ) throws(ModelError) {
        var header = Data("GGUF".utf8)
        header.append(UInt32(3))
        header.append(UInt64(tensors.count))
        header.append(UInt64(metadata.count))
        for (key, value) in metadata {
            header.append(key)
            try append(value, of: key, to: &header)
        }
        var offset = 0
        for tensor in tensors {
            guard tensor.bytes.count == tensor.shape.reduce(4, *) else {
                throw ModelError(
                    .sizeMismatch,
                    "the tensor '\(tensor.name)' has \(tensor.bytes.count) bytes for the shape \(tensor.shape)")
            }
            header.append(tensor.name)
            header.append(UInt32(tensor.shape.count))
            for dimension in tensor.shape.reversed() { header.append(UInt64(dimension)) }
            header.append(GGUFType.f32.rawValue)
            header.append(UInt64(offset))
            offset = padded(offset + tensor.bytes.count)
        }
        header.append(Data(count: padded(header.count) - header.count))
        try OutputFile.create(at: url) { (file) throws(ModelError) in
            try file.append(TensorBytes(header))
            for tensor in tensors {
                try file.append(tensor.bytes)
                try file.append(TensorBytes(Data(count: padded(tensor.bytes.count) - tensor.bytes.count)))
            }
        }
    }

    private static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    private static func append(_ value: GGUFValue, of key: String, to header: inout Data) throws(ModelError) {
        switch value {
        case .integer: header.append(UInt32(4))
        case .single: header.append(UInt32(6))
        case .boolean: header.append(UInt32(7))
        case .text: header.append(UInt32(8))
        case .list(let values):
            header.append(UInt32(9))
            header.append(try kind(of: values, key))
            header.append(UInt64(values.count))
            for value in values { try append(element: value, of: key, to: &header) }
            return
        case .real: throw unwritable(key)
        }
        try append(element: value, of: key, to: &header)
    }

    private static func append(element value: GGUFValue, of key: String, to header: inout Data) throws(ModelError) {
        switch value {
        case .integer(let number):
            guard let number = UInt32(exactly: number) else { throw unwritable(key) }
            header.append(number)
        case .single(let number): header.append(number.bitPattern)
        case .boolean(let flag): header.append(UInt8(flag ? 1 : 0))
        case .text(let text): header.append(text)
        case .real, .list: throw unwritable(key)
        }
    }

    /// The type of the elements of a list, which must all have it.
    private static func kind(of values: [GGUFValue], _ key: String) throws(ModelError) -> UInt32 {
        let kinds = Set(
            values.map { value -> UInt32? in
                switch value {
                case .integer: 4
                case .single: 6
                case .boolean: 7
                case .text: 8
                case .real, .list: nil
                }
            })
        guard kinds.count <= 1, let kind = kinds.first ?? 4 else { throw unwritable(key) }
        return kind
    }

    private static func unwritable(_ key: String) -> ModelError {
        ModelError(.invalidContent, "the value of '\(key)' cannot be written to a GGUF file")
    }
}

extension Data {
    fileprivate mutating func append(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}

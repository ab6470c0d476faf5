// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// An array as NumPy's `.npy` format has it (version 1 to 3), little-endian. Arrays of Python objects are refused: only pickle can
/// read them, and pickle runs whatever code the file holds.
package struct NumPyArray: Sendable, Hashable {
    package enum Element: Sendable, Hashable {
        /// A type that tensors have, too.
        case number(DType)
        /// A text of so many characters, 4 bytes each.
        case text(Int)

        private static let numbers: [(name: String, dtype: DType)] = [
            ("<f8", .float64), ("<f4", .float32), ("<f2", .float16), ("<i8", .int64), ("<i4", .int32), ("|b1", .bool),
        ]

        /// As NumPy writes it; nil for a type that is not read.
        init?(_ name: String) {
            if let number = Self.numbers.first(where: { $0.name == name }) {
                self = .number(number.dtype)
            } else if name.hasPrefix("<U"), let count = Int(name.dropFirst(2)), (0...Int(Int32.max)).contains(count) {
                self = .text(count)
            } else {
                return nil
            }
        }

        /// What an array of a tensor's type has; nil where NumPy knows none.
        init?(_ dtype: DType) {
            guard Self.numbers.contains(where: { $0.dtype == dtype }) else { return nil }
            self = .number(dtype)
        }

        package var name: String {
            switch self {
            case .number(let dtype): Self.numbers.first { $0.dtype == dtype }?.name ?? ""
            case .text(let count): "<U\(count)"
            }
        }

        /// In bytes.
        var size: Int {
            switch self {
            case .number(let dtype): dtype.size
            case .text(let count): 4 * count
            }
        }
    }

    package let element: Element
    package let shape: [Int]
    /// Whether the first index moves fastest.
    package let isColumnMajor: Bool
    package let bytes: TensorBytes

    private static let magic = Data([0x93]) + Data("NUMPY".utf8)
    /// Where NumPy lets the numbers begin.
    private static let alignment = 64

    /// - Parameter bytes: row-major, as many as the shape takes.
    package init(_ element: Element, shape: [Int], bytes: TensorBytes) {
        precondition(bytes.count == shape.reduce(element.size, *))
        (self.element, self.shape, self.bytes) = (element, shape, bytes)
        isColumnMajor = false
    }

    /// A tensor's numbers.
    ///
    /// - Throws: `unsupportedDtype` for bfloat16, which NumPy does not know.
    package init(_ tensor: Tensor) throws {
        guard let element = Element(tensor.dtype) else {
            throw ModelError(.unsupportedDtype, "NumPy has no type for \(tensor.dtype)", hint: "use float32")
        }
        self.init(element, shape: tensor.shape, bytes: TensorBytes(try tensor.cast(device: .cpu).contiguous().bytes()))
    }

    /// A text by itself.
    package init(text: String) {
        let bytes = text.unicodeScalars.flatMap { scalar in
            (0..<4).map { UInt8(truncatingIfNeeded: scalar.value >> (8 * $0)) }
        }
        self.init(.text(bytes.count / 4), shape: [], bytes: TensorBytes(bytes))
    }

    /// Reads a `.npy` file, or a member of a `.npz` archive.
    ///
    /// - Parameter name: of what is read, for sentences.
    /// - Throws: `invalidContent` for what is no array; `unsupportedDtype`; `truncated` for one that is cut off.
    package init(reading content: TensorBytes, name: String) throws(ModelError) {
        let isNone = ModelError(
            .invalidContent, "\(name) is no NumPy array", hint: "write it with numpy.save or numpy.savez")
        let parts: (String, Int)? = content.withUnsafeBytes { bytes in
            guard let magic = bytes.part(0, Self.magic.count), magic.elementsEqual(Self.magic),
                let version = bytes.number(at: 6, 1), (1...3).contains(version)
            else { return nil }
            let width = version == 1 ? 2 : 4
            guard let length = bytes.number(at: 8, width), let text = bytes.part(8 + width, length) else { return nil }
            return (String(decoding: text, as: UTF8.self), 8 + width + length)
        }
        guard let (header, begin) = parts, let shapeText = header.firstMatch(of: /'shape'\s*:\s*\(([0-9,\s]*)\)/)?.1,
            let order = header.firstMatch(of: /'fortran_order'\s*:\s*(True|False)/)?.1
        else { throw isNone }
        let type = header.firstMatch(of: /'descr'\s*:\s*'([^']*)'/).map { String($0.1) } ?? "a record of several types"
        guard let element = Element(type) else { throw Self.unsupported(type, name) }
        var size: Int? = element.size
        var shape: [Int] = []
        for side in shapeText.split(separator: ",").map({ $0.filter(\.isNumber) }) where !side.isEmpty {
            guard let number = Int(side) else { throw isNone }
            shape.append(number)
            size = size.map { $0.multipliedReportingOverflow(by: number) }.flatMap {
                $0.overflow ? nil : $0.partialValue
            }
        }
        guard let size else { throw isNone }
        guard content.count - begin == size else {
            throw ModelError(
                .truncated,
                "\(name) has \(content.count - begin) bytes of numbers, but the shape \(shape) in \(type) takes \(size)",
                hint: "copy the file again")
        }
        self.element = element
        self.shape = shape
        isColumnMajor = order == "True"
        bytes = content.part(begin..<content.count)
    }

    private static func unsupported(_ type: String, _ name: String) -> ModelError {
        let object = type.hasSuffix("O")
        return ModelError(
            .unsupportedDtype,
            object
                ? "\(name) holds Python objects, which only pickle can read, and that may run any code"
                : "\(name) has the element type \(type)",
            hint: "write it as <f4 or <f8")
    }

    /// The numbers in their own type, on the CPU. Copies.
    package func tensor() throws -> Tensor {
        guard case .number(let dtype) = element else {
            throw ModelError(.unsupportedDtype, "a text is no tensor", hint: "ask for an array of numbers")
        }
        let stored = isColumnMajor ? Array(shape.reversed()) : shape
        let tensor = try bytes.withUnsafeBytes { try Tensor(bytes: $0, shape: stored, dtype: dtype) }
        guard isColumnMajor, shape.count > 1 else { return tensor }
        guard shape.count == 2 else {
            throw ModelError(
                .unsupportedOption, "an array of shape \(shape) is stored column by column", hint: "store it row by row"
            )
        }
        return try tensor.transposed().contiguous()
    }

    /// The only number of an array of whole numbers; nil for another array.
    package var integer: Int? {
        bytes.withUnsafeBytes { bytes in
            guard bytes.count == element.size else { return nil }
            return switch element {
            case .number(.int64): Int(bytes.loadUnaligned(as: Int64.self))
            case .number(.int32): Int(bytes.loadUnaligned(as: Int32.self))
            default: nil
            }
        }
    }

    /// What comes before the numbers in a `.npy` file.
    var header: Data {
        let sides = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '\(element.name)', 'fortran_order': \(isColumnMajor ? "True" : "False"), "
        text += "'shape': (\(sides)), }"
        let start = Self.magic.count + 4
        let padding = (Self.alignment - (start + text.utf8.count + 1) % Self.alignment) % Self.alignment
        text += String(repeating: " ", count: padding) + "\n"
        let length = text.utf8.count
        return Self.magic + Data([1, 0, UInt8(length & 0xff), UInt8(length >> 8)]) + Data(text.utf8)
    }
}

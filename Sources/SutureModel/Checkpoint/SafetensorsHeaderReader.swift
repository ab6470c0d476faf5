// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Reads the JSON header of a safetensors file, strictly.
///
/// The header has a fixed form, so this reads that form and nothing else: one object whose members are either
/// `__metadata__` (an object of strings) or a tensor (`dtype`, `shape`, `data_offsets`, each once, in any order). A
/// general JSON library would hide duplicate names, the order of members and the difference of `1` and `1.0`.
struct SafetensorsHeaderReader {
    /// A tensor as the header states it, before anything is checked against the file.
    struct Tensor {
        let name: String
        let dtype: String
        let shape: [Int]
        let offsets: (begin: Int, end: Int)
    }

    private(set) var metadata: [String: String] = [:]
    /// In header order.
    private(set) var tensors: [Tensor] = []

    private let bytes: UnsafeRawBufferPointer
    private let path: String
    private var position = 0

    /// Reads the header `bytes`, which must stay valid during the call. `path` names the file in errors.
    init(reading bytes: UnsafeRawBufferPointer, path: String) throws(CheckpointError) {
        self.bytes = bytes
        self.path = path
        guard bytes.first == UInt8(ascii: "{") else { throw syntax("does not begin with '{'") }
        guard String(bytes: bytes, encoding: .utf8) != nil else { throw syntax("is not UTF-8 text") }
        var names: Set<String> = []
        try readObject { (reader, name) throws(CheckpointError) in
            guard names.insert(name).inserted else {
                throw CheckpointError(
                    .duplicateName, "The header of '\(path)' has the name '\(name)' twice.",
                    hint: "Write the file again with distinct names, or fetch it again.")
            }
            if name == "__metadata__" {
                try reader.readMetadata()
            } else {
                try reader.readTensor(name)
            }
        }
        skipSpace()
        guard position == bytes.count else { throw syntax("goes on after its closing brace at byte \(position)") }
    }

    // MARK: - The form of the header

    private mutating func readMetadata() throws(CheckpointError) {
        try readObject { (reader, key) throws(CheckpointError) in
            guard reader.peek() == UInt8(ascii: "\"") else {
                throw reader.syntax("has '__metadata__' with a value of '\(key)' that is not a string")
            }
            let value = try reader.readString()
            guard reader.metadata.updateValue(value, forKey: key) == nil else {
                throw reader.syntax("has '__metadata__' with the key '\(key)' twice")
            }
        }
    }

    private mutating func readTensor(_ name: String) throws(CheckpointError) {
        var dtype: String?
        var shape: [Int]?
        var offsets: [Int]?
        try readObject { (reader, key) throws(CheckpointError) in
            let isFirst: Bool
            switch key {
            case "dtype":
                isFirst = dtype == nil
                dtype = try reader.readString()
            case "shape":
                isFirst = shape == nil
                shape = try reader.readIntegers(of: "the shape of '\(name)'")
            case "data_offsets":
                isFirst = offsets == nil
                offsets = try reader.readIntegers(of: "the data_offsets of '\(name)'")
            default:
                throw reader.syntax("gives the tensor '\(name)' the unknown field '\(key)'")
            }
            guard isFirst else { throw reader.syntax("gives the tensor '\(name)' the field '\(key)' twice") }
        }
        guard let dtype, let shape, let offsets else {
            let missing = dtype == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
            throw syntax("gives the tensor '\(name)' no '\(missing)'")
        }
        guard offsets.count == 2 else {
            throw syntax("gives the tensor '\(name)' \(offsets.count) data_offsets in place of two")
        }
        tensors.append(Tensor(name: name, dtype: dtype, shape: shape, offsets: (offsets[0], offsets[1])))
    }

    // MARK: - JSON

    /// Reads an object and calls `member` behind each `"name":`, which must read the value.
    private mutating func readObject(
        _ member: (inout SafetensorsHeaderReader, String) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        try expect("{")
        if take("}") { return }
        repeat {
            skipSpace()
            let name = try readString()
            try expect(":")
            skipSpace()
            try member(&self, name)
        } while take(",")
        try expect("}")
    }

    private mutating func readIntegers(of what: String) throws(CheckpointError) -> [Int] {
        try expect("[")
        if take("]") { return [] }
        var values: [Int] = []
        repeat {
            skipSpace()
            values.append(try readInteger(of: what))
        } while take(",")
        try expect("]")
        return values
    }

    /// Reads a whole number of 0 or more, without sign, fraction or exponent.
    private mutating func readInteger(of what: String) throws(CheckpointError) -> Int {
        if peek() == UInt8(ascii: "-") { throw syntax("has a negative number in \(what)") }
        let start = position
        var value = 0
        while let digit = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            let (tens, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooLargeToo) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !tooLarge && !tooLargeToo else { throw syntax("has a number above \(Int.max) in \(what)") }
            value = sum
            position += 1
        }
        let hasLeadingZero = position > start + 1 && bytes[start] == UInt8(ascii: "0")
        let endsNumber = peek().map { !".eE".utf8.contains($0) } ?? true
        guard position > start, endsNumber, !hasLeadingZero else {
            throw syntax("has something else than a whole number in \(what)")
        }
        return value
    }

    private mutating func readString() throws(CheckpointError) -> String {
        guard peek() == UInt8(ascii: "\"") else { throw syntax("has no string at byte \(position)") }
        position += 1
        var text: [UInt8] = []
        while let byte = peek() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: try readEscape().utf8)
            case 0..<0x20: throw syntax("has a control character in a string at byte \(position - 1)")
            default: text.append(byte)
            }
        }
        throw syntax("ends inside a string")
    }

    /// Reads what follows a backslash.
    private mutating func readEscape() throws(CheckpointError) -> String {
        let start = position - 1
        guard let letter = peek() else { throw syntax("ends inside a string") }
        position += 1
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var units = [try readCodeUnit()]
            if UTF16.isLeadSurrogate(units[0]), peek() == UInt8(ascii: "\\") {
                position += 1
                try expect("u")
                units.append(try readCodeUnit())
            }
            let isPair = units.count == 2 && UTF16.isTrailSurrogate(units[1])
            guard isPair || (units.count == 1 && !UTF16.isSurrogate(units[0])) else {
                throw syntax("has half of a surrogate pair at byte \(start)")
            }
            return String(decoding: units, as: UTF16.self)
        default: throw syntax("has an unknown escape at byte \(start)")
        }
    }

    private mutating func readCodeUnit() throws(CheckpointError) -> UInt16 {
        guard position + 4 <= bytes.count,
            let digits = String(bytes: bytes[position..<position + 4], encoding: .utf8),
            digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }), let unit = UInt16(digits, radix: 16)
        else { throw syntax("has an incomplete \\u escape at byte \(position)") }
        position += 4
        return unit
    }

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    /// Takes `character` behind any white space, where it is next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
        guard take(character) else { throw syntax("has no '\(character)' at byte \(position)") }
    }

    private func syntax(_ what: String) -> CheckpointError {
        CheckpointError(
            .headerSyntax, "The header of '\(path)' \(what).",
            hint: "Check that it is a safetensors file; if it is, it is damaged: fetch it again.")
    }
}

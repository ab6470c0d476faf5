// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A JSON value that keeps every string scalar for scalar and every object in file order.
///
/// Foundation's reader is not used: it puts object keys into dictionaries of `String`, where "é" and "e\u{301}" are
/// equal, and so loses vocabulary entries.
enum TokenizerJSON {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([TokenizerJSON])
    case object([(key: String, value: TokenizerJSON)])

    /// The kind in words, for error messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Reads a whole file.
    ///
    /// - Parameter file: the file's name, for messages.
    /// - Throws: ``TokenizerError`` with `malformedJSON`, naming the byte where reading stopped.
    init(_ data: Data, file: String) throws(TokenizerError) {
        var reader = TokenizerJSONReader(bytes: [UInt8](data), file: file)
        self = try reader.readDocument()
    }
}

/// A recursive-descent JSON reader (RFC 8259) over bytes.
private struct TokenizerJSONReader {
    /// Nesting beyond this is refused, so that a hostile file cannot exhaust the stack; real files nest about 6 deep.
    static let deepestNesting = 128

    let bytes: [UInt8]
    let file: String
    var position = 0

    mutating func readDocument() throws(TokenizerError) -> TokenizerJSON {
        // A byte order mark is allowed by RFC 8259 section 8.1 to be ignored.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipSpace()
        guard position < bytes.count else { throw error("it is empty") }
        let value = try readValue(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error("there is more text after the JSON value") }
        return value
    }

    mutating func readValue(depth: Int) throws(TokenizerError) -> TokenizerJSON {
        guard depth < Self.deepestNesting else { throw error("it nests deeper than \(Self.deepestNesting) levels") }
        guard position < bytes.count else { throw cutOff() }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try readObject(depth: depth)
        case UInt8(ascii: "["): return try readArray(depth: depth)
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"): try expect("true"); return .bool(true)
        case UInt8(ascii: "f"): try expect("false"); return .bool(false)
        case UInt8(ascii: "n"): try expect("null"); return .null
        default: return .number(try readNumber())
        }
    }

    mutating func readObject(depth: Int) throws(TokenizerError) -> TokenizerJSON {
        var members: [(key: String, value: TokenizerJSON)] = []
        position += 1
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard position < bytes.count else { throw cutOff() }
            guard bytes[position] == UInt8(ascii: "\"") else { throw error("an object key is missing") }
            let key = try readString()
            skipSpace()
            guard take(":") else { throw position < bytes.count ? error("a colon is missing") : cutOff() }
            skipSpace()
            members.append((key, try readValue(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw position < bytes.count ? error("a comma is missing") : cutOff() }
        }
    }

    mutating func readArray(depth: Int) throws(TokenizerError) -> TokenizerJSON {
        var elements: [TokenizerJSON] = []
        position += 1
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            skipSpace()
            elements.append(try readValue(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw position < bytes.count ? error("a comma is missing") : cutOff() }
        }
    }

    mutating func readString() throws(TokenizerError) -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") {
            guard bytes[position] >= 0x20 else { throw error("a string holds a raw control character") }
            position += 1
        }
        guard position < bytes.count else { throw cutOff() }
        var content = Array(bytes[start..<position])
        while bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == UInt8(ascii: "\\") {
                position += 1
                content.append(contentsOf: try readEscape())
            } else {
                guard bytes[position] >= 0x20 else { throw error("a string holds a raw control character") }
                content.append(bytes[position])
                position += 1
            }
            guard position < bytes.count else { throw cutOff() }
        }
        position += 1
        guard let string = String(exactly: content) else { throw error("a string is not valid UTF-8") }
        return string
    }

    mutating func readEscape() throws(TokenizerError) -> [UInt8] {
        guard position < bytes.count else { throw cutOff() }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): break
        default: throw error("a string holds an unknown escape")
        }
        var value = try readHexadecimal()
        if (0xD800..<0xDC00).contains(value) {
            guard take("\\"), take("u") else { throw error("a surrogate escape has no partner") }
            let low = try readHexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw error("a surrogate escape has no partner") }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw error("a surrogate escape has no partner") }
        return Array(String(Character(scalar)).utf8)
    }

    mutating func readHexadecimal() throws(TokenizerError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw cutOff() }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("a string holds an unknown escape")
            }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }

    mutating func readNumber() throws(TokenizerError) -> Double {
        let start = position
        let allowed = Set("+-.0123456789eE".utf8)
        while position < bytes.count, allowed.contains(bytes[position]) { position += 1 }
        guard start < position, let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)),
            value.isFinite
        else { throw error("a value is missing") }
        return value
    }

    mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ word: String) throws(TokenizerError) {
        guard bytes[position...].starts(with: word.utf8) else {
            throw bytes.count - position < word.utf8.count ? cutOff() : error("a value is missing")
        }
        position += word.utf8.count
    }

    func error(_ reason: String) -> TokenizerError {
        TokenizerError(
            code: .malformedJSON,
            message: "\(file) is not JSON: \(reason), at byte \(position).",
            hint: "Copy the file again from where the model was published.")
    }

    func cutOff() -> TokenizerError {
        TokenizerError(
            code: .malformedJSON,
            message: "\(file) is cut off after \(bytes.count) bytes.",
            hint: "Copy the file again from where the model was published.")
    }
}

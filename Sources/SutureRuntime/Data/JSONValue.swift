// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A JSON value that keeps object keys in order and numbers as they were written.
///
/// Foundation's reader reports no place and turns numbers into objects that do not know whether they are whole.
enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// The digits as they stand in the text.
    case number(String)
    case text(String)
    case list([JSONValue])
    case object([Member])

    struct Member: Sendable, Hashable {
        var key: String
        var value: JSONValue
    }

    /// Reads a whole text (RFC 8259).
    ///
    /// - Parameter name: for sentences.
    /// - Throws: `file`, with line and column.
    init(_ data: Data, name: String) throws(RuntimeError) {
        self = try data.withContiguousBytes { (bytes) throws(RuntimeError) in
            var reader = Reader(bytes: bytes, name: name)
            return try reader.readDocument()
        }
    }

    init(_ text: String, name: String) throws(RuntimeError) {
        try self.init(Data(text.utf8), name: name)
    }

    /// The value of the first member of that name; nil where there is none or this is no object.
    subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var number: Double? {
        guard case .number(let digits) = self else { return nil }
        return Double(digits)
    }

    var integer: Int? {
        guard case .number(let digits) = self else { return nil }
        return Int(digits) ?? Double(digits).flatMap { Int(exactly: $0) }
    }

    var boolean: Bool? {
        guard case .boolean(let value) = self else { return nil }
        return value
    }

    var isNull: Bool { self == .null }

    /// "a text", for sentences.
    var phrase: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let digits): digits
        case .text(let text): "\"\(text.count > 60 ? text.prefix(60) + "…" : text)\""
        case .list: "a list"
        case .object: "an object"
        }
    }

    /// The same value as a node of an experiment file.
    func node(at place: ConfigNode.Place) -> ConfigNode {
        switch self {
        case .null: ConfigNode(.scalar("null", isQuoted: false), at: place)
        case .boolean(let value): ConfigNode(.scalar(value ? "true" : "false", isQuoted: false), at: place)
        case .number(let digits): ConfigNode(.scalar(digits, isQuoted: false), at: place)
        case .text(let text): ConfigNode(.scalar(text, isQuoted: true), at: place)
        case .list(let items): ConfigNode(.list(items.map { $0.node(at: place) }), at: place)
        case .object(let members):
            ConfigNode(
                .mapping(
                    members.map { ConfigNode.Entry(key: $0.key, place: place, value: $0.value.node(at: place)) }),
                at: place)
        }
    }
}

extension Data {
    fileprivate func withContiguousBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(RuntimeError) -> Result
    ) throws(RuntimeError) -> Result {
        let outcome: Swift.Result<Result, RuntimeError> = withUnsafeBytes { bytes in
            do throws(RuntimeError) {
                return .success(try body(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}

extension JSONValue {
    /// Recursive descent over bytes.
    private struct Reader {
        /// Nesting beyond this is refused, so that a hostile file cannot exhaust the stack.
        static let deepestNesting = 128

        let bytes: UnsafeRawBufferPointer
        let name: String
        var position = 0

        mutating func readDocument() throws(RuntimeError) -> JSONValue {
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
            skipSpace()
            guard position < bytes.count else {
                throw RuntimeError(.file, "\(name) is empty", hint: "copy it again from its source")
            }
            let value = try readValue(depth: 0)
            skipSpace()
            guard position == bytes.count else { throw error("there is more behind the JSON value") }
            return value
        }

        private mutating func readValue(depth: Int) throws(RuntimeError) -> JSONValue {
            guard depth < Self.deepestNesting else { throw error("it nests deeper than \(Self.deepestNesting) levels") }
            guard position < bytes.count else { throw cutOff() }
            switch bytes[position] {
            case UInt8(ascii: "{"): return try readObject(depth: depth)
            case UInt8(ascii: "["): return try readList(depth: depth)
            case UInt8(ascii: "\""): return .text(try readText())
            case UInt8(ascii: "t"):
                try expect("true")
                return .boolean(true)
            case UInt8(ascii: "f"):
                try expect("false")
                return .boolean(false)
            case UInt8(ascii: "n"):
                try expect("null")
                return .null
            default: return .number(try readNumber())
            }
        }

        private mutating func readObject(depth: Int) throws(RuntimeError) -> JSONValue {
            var members: [Member] = []
            position += 1
            skipSpace()
            if take("}") { return .object(members) }
            while true {
                skipSpace()
                guard position < bytes.count else { throw cutOff() }
                guard bytes[position] == UInt8(ascii: "\"") else { throw error("a key in quotes is missing") }
                let key = try readText()
                skipSpace()
                guard take(":") else { throw position < bytes.count ? error("a ':' is missing") : cutOff() }
                skipSpace()
                members.append(Member(key: key, value: try readValue(depth: depth + 1)))
                skipSpace()
                if take("}") { return .object(members) }
                guard take(",") else { throw position < bytes.count ? error("a ',' is missing") : cutOff() }
            }
        }

        private mutating func readList(depth: Int) throws(RuntimeError) -> JSONValue {
            var items: [JSONValue] = []
            position += 1
            skipSpace()
            if take("]") { return .list(items) }
            while true {
                skipSpace()
                items.append(try readValue(depth: depth + 1))
                skipSpace()
                if take("]") { return .list(items) }
                guard take(",") else { throw position < bytes.count ? error("a ',' is missing") : cutOff() }
            }
        }

        private mutating func readText() throws(RuntimeError) -> String {
            position += 1
            var start = position
            var content: [UInt8] = []
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    content.append(contentsOf: bytes[start..<position])
                    guard let text = String(validating: content, as: UTF8.self) else {
                        throw error("a text is not UTF-8")
                    }
                    position += 1
                    return text
                case UInt8(ascii: "\\"):
                    content.append(contentsOf: bytes[start..<position])
                    position += 1
                    content.append(contentsOf: try readEscape())
                    start = position
                case 0..<0x20: throw error("a text holds a raw control character")
                default: position += 1
                }
            }
            throw cutOff()
        }

        private mutating func readEscape() throws(RuntimeError) -> [UInt8] {
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
            default: throw error("a text holds an unknown escape")
            }
            var value = try readHexadecimal()
            if (0xD800..<0xDC00).contains(value) {
                guard take("\\"), take("u") else { throw error("half of a surrogate pair is missing") }
                let low = try readHexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw error("half of a surrogate pair is missing") }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value) else { throw error("half of a surrogate pair is missing") }
            return Array(String(Character(scalar)).utf8)
        }

        private mutating func readHexadecimal() throws(RuntimeError) -> UInt32 {
            guard position + 4 <= bytes.count else { throw cutOff() }
            var value: UInt32 = 0
            for byte in bytes[position..<position + 4] {
                guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                    throw error("a text holds an unknown escape")
                }
                value = value << 4 | UInt32(digit)
            }
            position += 4
            return value
        }

        private mutating func readNumber() throws(RuntimeError) -> String {
            let start = position
            if byte == UInt8(ascii: "-") { position += 1 }
            let whole = skipDigits()
            let hasLeadingZero = whole > 1 && bytes[position - whole] == UInt8(ascii: "0")
            guard whole > 0, !hasLeadingZero else {
                position = start
                throw position < bytes.count ? error("a value is missing") : cutOff()
            }
            if byte == UInt8(ascii: ".") {
                position += 1
                guard skipDigits() > 0 else { throw error("a number has no digits behind its point") }
            }
            if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
                position += 1
                if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
                guard skipDigits() > 0 else { throw error("a number has no digits in its exponent") }
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

        private mutating func skipDigits() -> Int {
            let start = position
            while let byte, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
            return position - start
        }

        private mutating func skipSpace() {
            while let byte, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard byte == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        private mutating func expect(_ word: String) throws(RuntimeError) {
            guard bytes[position...].starts(with: word.utf8) else {
                throw bytes.count - position < word.utf8.count ? cutOff() : error("a value is missing")
            }
            position += word.utf8.count
        }

        private func error(_ what: String) -> RuntimeError {
            let before = bytes[..<min(position, bytes.count)]
            let line = before.count { $0 == 0x0A } + 1
            let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
            return RuntimeError(
                .file, "\(name):\(line):\(column): this is not JSON: \(what)", hint: "copy it again from its source")
        }

        private func cutOff() -> RuntimeError {
            RuntimeError(
                .file, "\(name) is cut off: its JSON does not end within \(bytes.count) bytes",
                hint: "copy it again from its source")
        }
    }
}

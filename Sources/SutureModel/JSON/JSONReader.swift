// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What is wrong with a text that should be JSON.
struct JSONFault: Error {
    /// "a ',' is missing"; nil where the text ends too early.
    var what: String?
    /// Bytes from the start of the text to where reading stopped.
    var offset: Int

    /// The sentence for a file.
    func error(name: String, in bytes: UnsafeRawBufferPointer) -> ModelError {
        let hint = "copy it again from its source"
        guard !bytes.isEmpty else { return ModelError(.malformedJSON, "\(name) is empty", hint: hint) }
        guard let what else {
            return ModelError(
                .malformedJSON, "\(name) is cut off: its JSON does not end within \(bytes.count) bytes", hint: hint)
        }
        let before = bytes[..<min(offset, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return ModelError(.malformedJSON, "\(name):\(line):\(column): this is not JSON: \(what)", hint: hint)
    }
}

/// Reads JSON (RFC 8259) by recursive descent over bytes.
struct JSONReader {
    /// Nesting beyond this is refused, so that a hostile file cannot exhaust the stack.
    static let deepestNesting = JSONLimits.deepest

    let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// Reads a whole text, with or without a byte order mark and white space around the value.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) -> JSONValue {
        var reader = JSONReader(bytes: bytes)
        return try reader.readDocument()
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func readDocument() throws(JSONFault) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipSpace()
        guard position < bytes.count else { throw JSONFault(what: "it is empty", offset: position) }
        let value = try readValue(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error("there is more after the JSON value") }
        return value
    }

    private mutating func readValue(depth: Int) throws(JSONFault) -> JSONValue {
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

    private mutating func readObject(depth: Int) throws(JSONFault) -> JSONValue {
        var members: [JSONValue.Member] = []
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
            members.append(JSONValue.Member(key: key, value: try readValue(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw position < bytes.count ? error("a ',' is missing") : cutOff() }
        }
    }

    private mutating func readList(depth: Int) throws(JSONFault) -> JSONValue {
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

    private mutating func readText() throws(JSONFault) -> String {
        position += 1
        var start = position
        // Empty for texts without escapes, which are most.
        var content: [UInt8] = []
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let rest = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
                content.append(contentsOf: rest)
                guard let text = String(validating: content, as: UTF8.self) else { throw error("a text is not UTF-8") }
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

    private mutating func readEscape() throws(JSONFault) -> [UInt8] {
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

    private mutating func readHexadecimal() throws(JSONFault) -> UInt32 {
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

    private mutating func readNumber() throws(JSONFault) -> String {
        let start = position
        if byte == UInt8(ascii: "-") { position += 1 }
        let whole = skipDigits()
        let hasLeadingZero = whole > 1 && bytes[position - whole] == UInt8(ascii: "0")
        guard whole > 0, !hasLeadingZero else {
            position = start
            if hasLeadingZero { throw error("a number begins with a 0 too many") }
            throw position < bytes.count ? error("a value is missing") : cutOff()
        }
        if byte == UInt8(ascii: ".") {
            position += 1
            guard skipDigits() > 0 else { throw error("a number has no digits after its point") }
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

    private mutating func expect(_ word: String) throws(JSONFault) {
        guard bytes[position...].starts(with: word.utf8) else {
            throw bytes.count - position < word.utf8.count ? cutOff() : error("a value is missing")
        }
        position += word.utf8.count
    }

    private func error(_ what: String) -> JSONFault { JSONFault(what: what, offset: position) }

    private func cutOff() -> JSONFault { JSONFault(what: nil, offset: bytes.count) }
}

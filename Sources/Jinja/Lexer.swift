// SPDX-License-Identifier: Apache-2.0

/// A word of a template.
struct Token: Sendable {
    enum Kind: Sendable, Hashable {
        /// Text between tags.
        case data
        /// `{%` and `%}`
        case statementBegin, statementEnd
        /// `{{` and `}}`
        case outputBegin, outputEnd
        case name, string, integer, number
        /// `(`, `==` and so on.
        case sign
        case end
    }
    var kind: Kind
    var text: String
    var line: Int

    func isSign(_ sign: String) -> Bool { kind == .sign && text == sign }
    func isName(_ name: String) -> Bool { kind == .name && text == name }

    /// For sentences.
    var phrase: String {
        switch kind {
        case .data, .end: "the end of the template"
        case .statementBegin, .outputBegin: "a new tag"
        case .statementEnd, .outputEnd: "the end of the tag"
        case .string: "a text"
        case .name, .integer, .number, .sign: "'\(text)'"
        }
    }
}

/// Cuts a template into tokens, with the settings of transformers: `trim_blocks` and `lstrip_blocks`.
struct Lexer {
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var line = 1
    private var tokens: [Token] = []
    /// Whether nothing but blanks can stand before this place on its line.
    private var isLineStart = true

    static func tokens(of template: String) throws(JinjaError) -> [Token] {
        var text = PythonText.replace(PythonText.replace(template, "\r\n", "\n"), "\r", "\n")
        if text.unicodeScalars.last == "\n" { text.unicodeScalars.removeLast() }
        var lexer = Lexer(scalars: Array(text.unicodeScalars))
        try lexer.readAll()
        return lexer.tokens
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private mutating func readAll() throws(JinjaError) {
        while place < scalars.count {
            let start = place
            while place < scalars.count, !(has("{%") || has("{{") || has("{#")) { place += 1 }
            let data = scalars[start..<place]
            guard place < scalars.count else {
                add(data)
                break
            }
            try readTag(after: data)
        }
        tokens.append(Token(kind: .end, text: "", line: line))
    }

    private mutating func readTag(after data: ArraySlice<Unicode.Scalar>) throws(JinjaError) {
        let kind = scalars[place + 1]
        let sign = place + 2 < scalars.count ? scalars[place + 2] : " "
        add(before(data, isOutput: kind == "{", sign: sign))
        place += sign == "-" || (sign == "+" && kind != "{") ? 3 : 2
        switch kind {
        case "#": try skipComment()
        case "{":
            tokens.append(Token(kind: .outputBegin, text: "", line: line))
            try readInside(until: "}}")
            tokens.append(Token(kind: .outputEnd, text: "", line: line))
            try close("}}", trimsLineEnd: false)
        default:
            if try skipRaw() { return }
            tokens.append(Token(kind: .statementBegin, text: "", line: line))
            try readInside(until: "%}")
            tokens.append(Token(kind: .statementEnd, text: "", line: line))
            try close("%}", trimsLineEnd: true)
        }
    }

    /// The text before a tag, as far as the tag leaves it.
    private func before(
        _ data: ArraySlice<Unicode.Scalar>, isOutput: Bool, sign: Unicode.Scalar
    ) -> ArraySlice<Unicode.Scalar> {
        var data = data
        if sign == "-" {
            while let last = data.last, PythonText.isSpace(last) { data.removeLast() }
        } else if !isOutput, sign != "+" {
            let lineStart = data.lastIndex(of: "\n").map { $0 + 1 } ?? data.startIndex
            let startsLine = lineStart > data.startIndex || isLineStart
            if startsLine, data[lineStart...].allSatisfy(PythonText.isSpace) { data = data[..<lineStart] }
        }
        return data
    }

    private mutating func add(_ data: ArraySlice<Unicode.Scalar>) {
        if !data.isEmpty { tokens.append(Token(kind: .data, text: PythonText.string(data), line: line)) }
        line += scalars[data.startIndex..<place].count { $0 == "\n" }
    }

    /// Reads the end of a tag, with its sign, and what it takes away after it.
    private mutating func close(_ end: String, trimsLineEnd: Bool) throws(JinjaError) {
        let sign = place < scalars.count ? scalars[place] : " "
        if sign == "-" || (sign == "+" && trimsLineEnd) { place += 1 }
        guard has(end) else { throw JinjaError(line, "a tag does not end with '\(end)'") }
        place += 2
        let tagEnd = place
        if sign == "-" {
            while place < scalars.count, PythonText.isSpace(scalars[place]) { advance() }
        } else if trimsLineEnd, sign != "+", place < scalars.count, scalars[place] == "\n" {
            advance()
        }
        isLineStart = place > tagEnd && scalars[place - 1] == "\n"
    }

    private mutating func skipComment() throws(JinjaError) {
        let start = line
        while place < scalars.count, !(has("#}") || has("-#}") || has("+#}")) { advance() }
        guard place < scalars.count else { throw JinjaError(start, "a comment does not end with '#}'") }
        try close("#}", trimsLineEnd: true)
    }

    /// `{% raw %}…{% endraw %}`: false where the tag is another one.
    private mutating func skipRaw() throws(JinjaError) -> Bool {
        let start = (place, line)
        skipBlanks()
        let isRaw = take { $0.properties.isXIDContinue } == "raw"
        skipBlanks()
        guard isRaw, has("%}") || has("-%}") else {
            (place, line) = start
            return false
        }
        let trims = has("-%}")
        place += trims ? 3 : 2
        if trims { skipBlanks() }
        let begin = place
        while place < scalars.count {
            guard has("{%") else {
                place += 1
                continue
            }
            let end = place
            place += 2
            let sign = place < scalars.count ? scalars[place] : " "
            if sign == "-" || sign == "+" { place += 1 }
            while place < scalars.count, PythonText.isSpace(scalars[place]) { place += 1 }
            guard has("endraw") else { continue }
            place += 6
            while place < scalars.count, PythonText.isSpace(scalars[place]) { place += 1 }
            isLineStart = false
            let text = before(scalars[begin..<end], isOutput: false, sign: sign)
            if !text.isEmpty { tokens.append(Token(kind: .data, text: PythonText.string(text), line: line)) }
            line += scalars[begin..<place].count { $0 == "\n" }
            try close("%}", trimsLineEnd: true)
            return true
        }
        throw JinjaError(start.1, "'raw' has no 'endraw'")
    }

    // MARK: Inside a tag

    private static let signs = [
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}",
        ".", ",", ":", "|",
    ]

    private mutating func readInside(until end: String) throws(JinjaError) {
        let start = line
        var open: [String] = []
        while true {
            skipBlanks()
            guard place < scalars.count else { throw JinjaError(start, "a tag does not end with '\(end)'") }
            if open.isEmpty, has(end) || has("-" + end) || (end == "%}" && has("+%}")) { return }
            let scalar = scalars[place]
            if scalar == "\"" || scalar == "'" {
                try readString(scalar)
            } else if scalar.properties.isXIDStart || scalar == "_" {
                let word = take { $0.properties.isXIDContinue }
                tokens.append(Token(kind: .name, text: word, line: line))
            } else if ("0"..."9").contains(scalar) {
                try readNumber()
            } else if let sign = Self.signs.first(where: has) {
                if "([{".contains(sign) { open.append(sign) } else if ")]}".contains(sign) { _ = open.popLast() }
                tokens.append(Token(kind: .sign, text: sign, line: line))
                place += sign.unicodeScalars.count
            } else {
                throw JinjaError(line, "the character '\(scalar)' has no meaning here")
            }
        }
    }

    private mutating func readString(_ quote: Unicode.Scalar) throws(JinjaError) {
        let start = line
        place += 1
        var text: [Unicode.Scalar] = []
        while place < scalars.count, scalars[place] != quote {
            if scalars[place] == "\\" {
                place += 1
                try readEscape(into: &text)
            } else {
                text.append(scalars[place])
                advance()
            }
        }
        guard place < scalars.count else { throw JinjaError(start, "a text has no closing quote") }
        place += 1
        tokens.append(Token(kind: .string, text: PythonText.string(text), line: start))
    }

    private mutating func readEscape(into text: inout [Unicode.Scalar]) throws(JinjaError) {
        guard place < scalars.count else { return }
        let plain: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "t": "\t", "r": "\r", "b": "\u{8}", "f": "\u{C}", "a": "\u{7}", "v": "\u{B}", "0": "\0",
            "\\": "\\", "'": "'", "\"": "\"",
        ]
        let digits: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
        let scalar = scalars[place]
        advance()
        if let known = plain[scalar] {
            text.append(known)
        } else if let count = digits[scalar] {
            let number = PythonText.string(scalars[place...].prefix(count))
            guard number.count == count, let value = UInt32(number, radix: 16), let known = Unicode.Scalar(value) else {
                throw JinjaError(line, "a text has a wrong escape '\\\(scalar)\(number)'")
            }
            text.append(known)
            place += count
        } else if scalar != "\n" {
            text += ["\\", scalar]
        }
    }

    private mutating func readNumber() throws(JinjaError) {
        var digits = take { ("0"..."9").contains($0) || $0 == "_" }
        var kind = Token.Kind.integer
        if has("."), place + 1 < scalars.count, ("0"..."9").contains(scalars[place + 1]) {
            place += 1
            digits += "." + take { ("0"..."9").contains($0) || $0 == "_" }
            kind = .number
        }
        if has("e") || has("E") {
            place += 1
            digits += "e"
            if has("-") || has("+") {
                digits.unicodeScalars.append(scalars[place])
                place += 1
            }
            digits += take { ("0"..."9").contains($0) }
            kind = .number
        }
        digits.removeAll { $0 == "_" }
        guard kind == .integer ? Int(digits) != nil : Double(digits) != nil else {
            throw JinjaError(line, "'\(digits)' is not a number that can be read")
        }
        tokens.append(Token(kind: kind, text: digits, line: line))
    }

    // MARK: Characters

    private func has(_ text: String) -> Bool {
        scalars[place...].starts(with: text.unicodeScalars)
    }

    private mutating func advance() {
        if scalars[place] == "\n" { line += 1 }
        place += 1
    }

    private mutating func skipBlanks() {
        while place < scalars.count, PythonText.isSpace(scalars[place]) { advance() }
    }

    private mutating func take(_ belongs: (Unicode.Scalar) -> Bool) -> String {
        let start = place
        while place < scalars.count, belongs(scalars[place]) { place += 1 }
        return PythonText.string(scalars[start..<place])
    }
}

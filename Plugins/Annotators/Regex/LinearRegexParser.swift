// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Reads the pattern of a ``LinearRegex``. What it does not know, it refuses by name.
struct LinearRegexParser {
    indirect enum Node {
        case scalar(ScalarClass)
        case assertion(LinearRegex.Assertion)
        case sequence([Node])
        case alternatives([Node])
        case group(Node, number: Int)
        case repeated(Node, minimum: Int, maximum: Int?, isLazy: Bool)
    }

    /// The largest number in { }.
    static let largestCount = 1000
    /// Groups inside groups.
    static let deepestNesting = 100

    private struct Flags {
        var ignoresCase: Bool
        /// `^` and `$` mean lines.
        var isMultiline = false
        /// `.` takes line feeds.
        var dotTakesAll = false
    }

    private let pattern: String
    private let text: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var flags: Flags
    private(set) var groupCount = 0

    init(_ pattern: String, ignoringCase: Bool) {
        self.pattern = pattern
        text = Array(pattern.unicodeScalars)
        flags = Flags(ignoresCase: ignoringCase)
    }

    mutating func parse() throws(SutureError) -> Node {
        let node = try parseAlternatives()
        guard position == text.count else { throw wrong("an unmatched )") }
        return node
    }

    // MARK: Errors

    private func wrong(_ what: String) -> SutureError {
        SutureError(
            .invalidArgument, "the pattern \"\(pattern)\" has \(what)",
            hint: "correct it there, and write \\\\ for \\ inside double quotes of YAML")
    }

    /// What a backtracking engine has.
    private func unsupported(_ what: String) -> SutureError {
        SutureError(
            .invalidArgument, "the pattern \"\(pattern)\" has \(what), which is not supported",
            hint: "write it without; a group can be marked by the setting group")
    }

    // MARK: Structure

    private mutating func parseAlternatives() throws(SutureError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestNesting else { throw wrong("more than \(Self.deepestNesting) groups inside groups") }
        // Flags that are set inside a group end with it.
        let outer = flags
        defer { flags = outer }
        var alternatives = [try parseSequence()]
        while take("|") { alternatives.append(try parseSequence()) }
        return alternatives.count == 1 ? alternatives[0] : .alternatives(alternatives)
    }

    private mutating func parseSequence() throws(SutureError) -> Node {
        var nodes: [Node] = []
        while let scalar = peek(), scalar != "|", scalar != ")" {
            guard let atom = try parseAtom() else { continue }
            nodes.append(try parseRepetition(of: atom))
        }
        return .sequence(nodes)
    }

    /// Nil for what only sets flags.
    private mutating func parseAtom() throws(SutureError) -> Node? {
        guard let scalar = next() else { return nil }
        switch scalar {
        case "(": return try parseGroup()
        case "[": return .scalar(try parseClass())
        case ".": return .scalar(flags.dotTakesAll ? .any : .anyInLine)
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "*", "+", "?": throw wrong("a \(scalar) after nothing")
        case "{": throw wrong("a { that is not escaped")
        case "\\": return try parseEscape()
        default: return literal(scalar)
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> Node {
        .scalar(ScalarClass(items: [.range(scalar...scalar)], ignoresCase: flags.ignoresCase))
    }

    private mutating func parseGroup() throws(SutureError) -> Node? {
        guard take("?") else { return try parseNumberedGroup() }
        guard let kind = next() else { throw wrong("an unmatched (") }
        switch kind {
        case ":": return try parseRest()
        case "=", "!": throw unsupported("a look-ahead (?\(kind)…)")
        case ">": throw unsupported("an atomic group (?>…)")
        case "P" where peek() == "<", "<":
            if kind == "P" { position += 1 }
            if let sign = peek(), kind == "<", sign == "=" || sign == "!" {
                throw unsupported("a look-behind (?<\(sign)…)")
            }
            while let letter = next(), letter != ">" {
                guard letter == "_" || letter.properties.isAlphabetic || ("0"..."9").contains(letter) else {
                    throw wrong("a group whose name is not of letters")
                }
            }
            return try parseNumberedGroup()
        case "i", "m", "s", "-":
            position -= 1
            return try parseFlags()
        default: throw unsupported("a group (?\(kind)…)")
        }
    }

    private mutating func parseNumberedGroup() throws(SutureError) -> Node {
        groupCount += 1
        let number = groupCount
        return .group(try parseRest(), number: number)
    }

    /// What is inside a group, and its end.
    private mutating func parseRest() throws(SutureError) -> Node {
        let node = try parseAlternatives()
        guard take(")") else { throw wrong("an unmatched (") }
        return node
    }

    /// `(?i)` for what follows in this group, `(?i-s:…)` for a group of its own.
    private mutating func parseFlags() throws(SutureError) -> Node? {
        var new = flags
        var value = true
        while let letter = next() {
            switch letter {
            case "-" where value: value = false
            case "i": new.ignoresCase = value
            case "m": new.isMultiline = value
            case "s": new.dotTakesAll = value
            case ")":
                flags = new
                return nil
            case ":":
                let outer = flags
                defer { flags = outer }
                flags = new
                return try parseRest()
            default: throw unsupported("the flag \(letter)")
            }
        }
        throw wrong("an unmatched (")
    }

    private mutating func parseRepetition(of node: Node) throws(SutureError) -> Node {
        var minimum = 0
        var maximum: Int?
        switch peek() {
        case "*": position += 1
        case "+":
            position += 1
            minimum = 1
        case "?":
            position += 1
            maximum = 1
        case "{": (minimum, maximum) = try parseCount()
        default: return node
        }
        if take("+") { throw unsupported("a possessive repetition (a + after a repetition)") }
        let isLazy = take("?")
        if let sign = peek(), "*+?{".unicodeScalars.contains(sign) { throw wrong("a \(sign) after a repetition") }
        return .repeated(node, minimum: minimum, maximum: maximum, isLazy: isLazy)
    }

    /// `{2}`, `{2,}`, `{,3}`, `{2,3}`
    private mutating func parseCount() throws(SutureError) -> (Int, Int?) {
        position += 1
        let low = try number()
        var high = low
        if take(",") {
            high = try number()
            guard low != nil || high != nil else { throw wrong("a { that is not escaped") }
        }
        guard take("}"), low != nil || high != nil else { throw wrong("a { that is not escaped") }
        if let high, high < low ?? 0 { throw wrong("a count {\(low ?? 0),\(high)} that goes down") }
        return (low ?? 0, high)
    }

    private mutating func number() throws(SutureError) -> Int? {
        var value: Int?
        while let digit = peek(), ("0"..."9").contains(digit) {
            position += 1
            let new = (value ?? 0) * 10 + Int(digit.value - 0x30)
            guard new <= Self.largestCount else { throw wrong("a count above \(Self.largestCount)") }
            value = new
        }
        return value
    }

    // MARK: Classes and escapes

    private mutating func parseClass() throws(SutureError) -> ScalarClass {
        var set = ScalarClass(items: [], isNegated: take("^"), ignoresCase: flags.ignoresCase)
        while true {
            guard let scalar = next() else { throw wrong("an unmatched [") }
            if scalar == "]", !set.items.isEmpty { return set }
            if scalar == "[" { throw unsupported("a class inside a class") }
            if scalar == "&", peek() == "&" { throw unsupported("an intersection of classes") }
            let item = scalar == "\\" ? try parseClassEscape() : .range(scalar...scalar)
            guard peek() == "-", let after = peek(1), after != "]" else {
                set.items.append(item)
                continue
            }
            position += 2
            let end = after == "\\" ? try parseClassEscape() : .range(after...after)
            guard case .range(let low) = item, case .range(let high) = end else { throw wrong("a range of classes") }
            guard low.lowerBound <= high.lowerBound else { throw wrong("a range in [ ] that goes down") }
            set.items.append(.range(low.lowerBound...high.lowerBound))
        }
    }

    private mutating func parseEscape() throws(SutureError) -> Node {
        switch peek() {
        case "b": return assertion(.boundary)
        case "B": return assertion(.noBoundary)
        case "A": return assertion(.textStart)
        case "z": return assertion(.textEnd)
        case "Z": return assertion(.lastLineEnd)
        case let letter? where ("1"..."9").contains(letter) || letter == "k" || letter == "g":
            throw unsupported("a back-reference \\\(letter)")
        default: return .scalar(ScalarClass(items: [try parseClassEscape()], ignoresCase: flags.ignoresCase))
        }
    }

    private mutating func assertion(_ assertion: LinearRegex.Assertion) -> Node {
        position += 1
        return .assertion(assertion)
    }

    private static let controls: [Unicode.Scalar: Unicode.Scalar] = [
        "t": "\t", "n": "\n", "r": "\r", "f": "\u{0C}", "v": "\u{0B}", "e": "\u{1B}", "a": "\u{07}", "0": "\0",
    ]

    private mutating func parseClassEscape() throws(SutureError) -> ScalarClass.Item {
        guard let letter = next() else { throw wrong("a \\ at its end") }
        switch letter {
        case "w": return .word
        case "W": return .not(.word)
        case "d": return .digit
        case "D": return .not(.digit)
        case "s": return .space
        case "S": return .not(.space)
        case "p", "P": return try parseProperty(isNegated: letter == "P")
        case "x", "u": return try parseCode(letter)
        default:
            if let control = Self.controls[letter] { return .range(control...control) }
            guard letter.isASCII, !letter.properties.isAlphabetic, !("0"..."9").contains(letter) else {
                throw unsupported("the escape \\\(letter)")
            }
            return .range(letter...letter)
        }
    }

    private mutating func parseProperty(isNegated: Bool) throws(SutureError) -> ScalarClass.Item {
        guard take("{") else { throw wrong("a \\p without { }") }
        var isNegated = isNegated
        if take("^") { isNegated.toggle() }
        var name = ""
        while let letter = next(), letter != "}" { name.unicodeScalars.append(letter) }
        guard ScalarClass.isCategory(name) else { throw unsupported("the property \\p{\(name)}") }
        return isNegated ? .not(.category(name)) : .category(name)
    }

    /// `\x41`, `\u0041`, `\x{1F600}`
    private mutating func parseCode(_ letter: Unicode.Scalar) throws(SutureError) -> ScalarClass.Item {
        var digits = ""
        if take("{") {
            while let digit = next(), digit != "}" { digits.unicodeScalars.append(digit) }
        } else {
            for _ in 0..<(letter == "x" ? 2 : 4) { if let digit = next() { digits.unicodeScalars.append(digit) } }
        }
        guard digits.count <= 8, let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw wrong("a \\\(letter) without the number of a character")
        }
        return .range(scalar...scalar)
    }

    // MARK: Scalars

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < text.count ? text[position + distance] : nil
    }

    private mutating func next() -> Unicode.Scalar? {
        guard let scalar = peek() else { return nil }
        position += 1
        return scalar
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek() == scalar else { return false }
        position += 1
        return true
    }
}

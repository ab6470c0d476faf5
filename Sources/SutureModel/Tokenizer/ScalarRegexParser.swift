// SPDX-License-Identifier: Apache-2.0

/// Reads the pattern of a ``ScalarRegex``; what it does not know exactly, it refuses by name.
struct ScalarRegexParser {
    /// Counted repetitions are written out; a larger count is refused.
    static let largestCount = 1000
    /// Nesting beyond this is refused, so that a hostile pattern cannot exhaust the stack.
    static let deepestNesting = 64
    /// Pairs of letters that fold to one character when case is ignored, such as "ss" and "ß".
    private static let foldingPairs: Set<String> = ["ss", "ff", "fi", "fl", "st"]

    let pattern: String
    let place: String
    private let text: [UInt32]
    private var position = 0
    private var depth = 0

    init(pattern: String, place: String) {
        self.pattern = pattern
        self.place = place
        text = pattern.unicodeScalars.map(\.value)
    }

    mutating func parse() throws(ModelError) -> ScalarRegex.Node {
        let node = try parseAlternatives(ignoringCase: false)
        guard position == text.count else { throw unsupported("an unmatched )") }
        return node
    }

    func unsupported(_ construct: String) -> ModelError {
        ModelError(
            .unsupportedPattern,
            "\(place): the pattern \"\(pattern)\" has \(construct), which is not supported",
            hint: "use a model whose tokenizer does without it")
    }

    private mutating func parseAlternatives(ignoringCase: Bool) throws(ModelError) -> ScalarRegex.Node {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.deepestNesting { throw unsupported("more than \(Self.deepestNesting) nested groups") }
        var alternatives = [try parseSequence(ignoringCase: ignoringCase)]
        while take("|") { alternatives.append(try parseSequence(ignoringCase: ignoringCase)) }
        return alternatives.count == 1 ? alternatives[0] : .alternatives(alternatives)
    }

    private mutating func parseSequence(ignoringCase: Bool) throws(ModelError) -> ScalarRegex.Node {
        var nodes: [ScalarRegex.Node] = []
        var previousLetter: Character?
        while let scalar = peek(), scalar != "|", scalar != ")" {
            let start = position
            var node = try parseAtom(ignoringCase: ignoringCase)
            if ignoringCase {
                let letter = position == start + 1 ? Character(scalar.properties.lowercaseMapping) : nil
                if let letter, let previousLetter, Self.foldingPairs.contains("\(previousLetter)\(letter)") {
                    throw unsupported("\"\(previousLetter)\(letter)\" without regard to case")
                }
                previousLetter = letter
            }
            while let repeated = try parseRepetition(of: node) { node = repeated }
            nodes.append(node)
        }
        return nodes.isEmpty ? .empty : nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func parseAtom(ignoringCase: Bool) throws(ModelError) -> ScalarRegex.Node {
        guard let scalar = next() else { throw unsupported("an unfinished end") }
        switch scalar {
        case "(": return try parseGroup(ignoringCase: ignoringCase)
        case "[": return .set(try parseClass(ignoringCase: ignoringCase))
        case ".": return .set(ScalarSet([.range(0x0A...0x0A)], isNegated: true))
        case "\\":
            if take("A") { return .edge(isEnd: false) }
            if take("z") { return .edge(isEnd: true) }
            return .set(ScalarSet([try parseEscape()]))
        case "^", "$": throw unsupported("the anchor \(scalar)")
        case "*", "+", "?": throw unsupported("a repetition of nothing")
        case "{": throw unsupported("a { that is not escaped")
        default: return .set(ScalarSet(try items(for: scalar, ignoringCase: ignoringCase)))
        }
    }

    private mutating func parseGroup(ignoringCase: Bool) throws(ModelError) -> ScalarRegex.Node {
        var ignoringCase = ignoringCase
        var wrap: (ScalarRegex.Node) -> ScalarRegex.Node = { $0 }
        if take("?") {
            switch next() {
            case ":": break
            case "=": wrap = { .look($0, isNegated: false) }
            case "!": wrap = { .look($0, isNegated: true) }
            case ">": wrap = { .atomic($0) }
            case "i":
                guard take(":") else { throw unsupported("an option other than (?i:") }
                ignoringCase = true
            case "<": throw unsupported("a lookbehind or a named group")
            default: throw unsupported("an option other than (?i:")
            }
        }
        let node = try parseAlternatives(ignoringCase: ignoringCase)
        guard take(")") else { throw unsupported("an unmatched (") }
        return wrap(node)
    }

    private mutating func parseRepetition(of node: ScalarRegex.Node) throws(ModelError) -> ScalarRegex.Node? {
        var minimum = 0
        var maximum: Int?
        let isCounted = peek() == "{"
        switch peek() {
        case "*": position += 1
        case "+":
            position += 1
            minimum = 1
        case "?":
            position += 1
            maximum = 1
        case "{": (minimum, maximum) = try parseCount()
        default: return nil
        }
        if node.isNullable { throw unsupported("a repetition of something that can be empty") }
        if isCounted, peek() == "?" || peek() == "+" { throw unsupported("a ? or + after a counted repetition") }
        if take("?") { return .repeated(node, minimum: minimum, maximum: maximum, .lazy) }
        if take("+") { return .repeated(node, minimum: minimum, maximum: maximum, .possessive) }
        return .repeated(node, minimum: minimum, maximum: maximum, .greedy)
    }

    private mutating func parseCount() throws(ModelError) -> (Int, Int?) {
        position += 1
        guard let minimum = try number() else { throw unsupported("a { that is not escaped") }
        var maximum: Int? = minimum
        if take(",") { maximum = try number() }
        guard take("}") else { throw unsupported("a { that is not escaped") }
        if let maximum, maximum < minimum || maximum == 0 { throw unsupported("a count that goes down or is 0") }
        return (minimum, maximum)
    }

    private mutating func number() throws(ModelError) -> Int? {
        var value: Int?
        while let digit = peek(), ("0"..."9").contains(digit) {
            position += 1
            value = (value ?? 0) * 10 + Int(digit.value - 0x30)
            if let value, value > Self.largestCount { throw unsupported("a count above \(Self.largestCount)") }
        }
        return value
    }

    private mutating func parseClass(ignoringCase: Bool) throws(ModelError) -> ScalarSet {
        let isNegated = take("^")
        var items: [ScalarSet.Item] = []
        var isFirst = true
        while true {
            guard let scalar = next() else { throw unsupported("an unmatched [") }
            if scalar == "]" {
                if isFirst { throw unsupported("an empty class") }
                return ScalarSet(items, isNegated: isNegated)
            }
            isFirst = false
            if scalar == "[" { throw unsupported("a class inside a class") }
            if scalar == "&", peek() == "&" { throw unsupported("an intersection of classes") }
            var low = scalar
            if scalar == "\\" {
                let item = try parseEscape()
                guard case .range(let range) = item, let literal = Unicode.Scalar(range.lowerBound) else {
                    if ignoringCase { throw unsupported("a class without regard to case") }
                    items.append(item)
                    if peek() == "-", peek(1) != "]" { throw unsupported("a range of classes") }
                    continue
                }
                low = literal
            }
            guard peek() == "-", let after = peek(1), after != "]" else {
                items.append(contentsOf: try self.items(for: low, ignoringCase: ignoringCase))
                continue
            }
            position += 2
            var high = after
            if after == "\\" {
                guard case .range(let range) = try parseEscape(), let literal = Unicode.Scalar(range.lowerBound) else {
                    throw unsupported("a range of classes")
                }
                high = literal
            }
            if ignoringCase { throw unsupported("a range without regard to case") }
            guard low <= high, after != "[" else { throw unsupported("a range that goes down") }
            items.append(.range(low.value...high.value))
        }
    }

    private mutating func parseEscape() throws(ModelError) -> ScalarSet.Item {
        guard let letter = next() else { throw unsupported("an unfinished end") }
        switch letter {
        case "s": return .space(true)
        case "S": return .space(false)
        case "d": return .categories(1 << 8)
        case "D": return .categories(~(1 << 8))
        case "r": return .range(0x0D...0x0D)
        case "n": return .range(0x0A...0x0A)
        case "t": return .range(0x09...0x09)
        case "f": return .range(0x0C...0x0C)
        case "p", "P": return try parseProperty(isNegated: letter == "P")
        default:
            guard letter.isASCII, !letter.properties.isAlphabetic, !("0"..."9").contains(letter) else {
                throw unsupported("the escape \\\(letter)")
            }
            return .range(letter.value...letter.value)
        }
    }

    private mutating func parseProperty(isNegated: Bool) throws(ModelError) -> ScalarSet.Item {
        let start = position
        guard take("{"), let length = text[position...].firstIndex(of: 0x7D).map({ $0 - position }) else {
            throw unsupported("\\p without {..}")
        }
        var name = String(String.UnicodeScalarView(text[position..<position + length].compactMap(Unicode.Scalar.init)))
        position += length + 1
        var isNegated = isNegated
        if name.hasPrefix("^") {
            name.removeFirst()
            isNegated.toggle()
        }
        guard let mask = UnicodeClass.mask(named: name) else {
            position = start
            throw unsupported("the property \(name)")
        }
        return .categories(isNegated ? ~mask : mask)
    }

    /// A literal, with its other cases where case is ignored.
    private func items(for scalar: Unicode.Scalar, ignoringCase: Bool) throws(ModelError) -> [ScalarSet.Item] {
        let literal = ScalarSet.Item.range(scalar.value...scalar.value)
        guard ignoringCase else { return [literal] }
        guard scalar.isASCII else { throw unsupported("\"\(scalar)\" without regard to case") }
        guard scalar.properties.isAlphabetic else { return [literal] }
        let other = scalar.value ^ 0x20
        switch scalar.value | 0x20 {
        case 0x73: return [literal, .range(other...other), .range(0x17F...0x17F)]
        case 0x6B: return [literal, .range(other...other), .range(0x212A...0x212A)]
        default: return [literal, .range(other...other)]
        }
    }

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < text.count ? Unicode.Scalar(text[position + distance]) : nil
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

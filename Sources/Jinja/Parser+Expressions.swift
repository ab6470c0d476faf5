// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// An expression, or several with commas between, which make a tuple.
    mutating func readTuple(allowsChoice: Bool = true, isInParentheses: Bool = false) throws(JinjaError) -> Expression {
        let line = token.line
        if isInParentheses, token.isSign(")") { return try Expression(.tuple([]), line) }
        var items = [try allowsChoice ? readExpression() : readOr()]
        guard token.isSign(",") else { return items[0] }
        while token.isSign(",") {
            advance()
            if token.isSign(")") || token.kind == .statementEnd || token.kind == .outputEnd { break }
            items.append(try allowsChoice ? readExpression() : readOr())
        }
        return try Expression(.tuple(items), line, over: items)
    }

    mutating func readExpression() throws(JinjaError) -> Expression {
        try nested { (parser) throws(JinjaError) in
            let line = parser.token.line
            var result = try parser.readOr()
            while parser.token.isName("if") {
                parser.advance()
                let condition = try parser.readOr()
                var otherwise: Expression?
                if parser.token.isName("else") {
                    parser.advance()
                    otherwise = try parser.readExpression()
                }
                result = try Expression(
                    .choice(condition, then: result, otherwise: otherwise), line, over: condition, result, otherwise)
            }
            return result
        }
    }

    mutating func readOr() throws(JinjaError) -> Expression {
        let line = token.line
        var result = try readAnd()
        while token.isName("or") {
            advance()
            let right = try readAnd()
            result = try Expression(.or(result, right), line, over: result, right)
        }
        return result
    }

    private mutating func readAnd() throws(JinjaError) -> Expression {
        let line = token.line
        var result = try readNot()
        while token.isName("and") {
            advance()
            let right = try readNot()
            result = try Expression(.and(result, right), line, over: result, right)
        }
        return result
    }

    private mutating func readNot() throws(JinjaError) -> Expression {
        guard token.isName("not") else { return try readComparison() }
        let line = token.line
        advance()
        return try nested { (parser) throws(JinjaError) in
            let inner = try parser.readNot()
            return try Expression(.not(inner), line, over: inner)
        }
    }

    private mutating func readComparison() throws(JinjaError) -> Expression {
        let line = token.line
        let first = try readSum()
        var others: [(sign: String, value: Expression)] = []
        while true {
            if token.kind == .sign, ["==", "!=", "<", ">", "<=", ">="].contains(token.text) {
                let sign = token.text
                advance()
                others.append((sign, try readSum()))
            } else if token.isName("in") {
                advance()
                others.append(("in", try readSum()))
            } else if token.isName("not"), next.isName("in") {
                advance()
                advance()
                others.append(("not in", try readSum()))
            } else {
                guard !others.isEmpty else { return first }
                return try Expression(.comparison(first, others), line, over: [first] + others.map(\.value))
            }
        }
    }

    private mutating func readSum() throws(JinjaError) -> Expression {
        try readChain(["+", "-"]) { (parser) throws(JinjaError) in try parser.readConcatenation() }
    }

    private mutating func readConcatenation() throws(JinjaError) -> Expression {
        let line = token.line
        var parts = [try readProduct()]
        while token.isSign("~") {
            advance()
            parts.append(try readProduct())
        }
        return parts.count == 1 ? parts[0] : try Expression(.concatenation(parts), line, over: parts)
    }

    private mutating func readProduct() throws(JinjaError) -> Expression {
        try readChain(["*", "/", "//", "%"]) { (parser) throws(JinjaError) in
            try parser.readChain(["**"]) { (parser) throws(JinjaError) in try parser.readUnary() }
        }
    }

    private mutating func readChain(
        _ signs: [String], _ operand: (inout Parser) throws(JinjaError) -> Expression
    ) throws(JinjaError) -> Expression {
        let line = token.line
        var result = try operand(&self)
        while token.kind == .sign, signs.contains(token.text) {
            let sign = token.text
            advance()
            let right = try operand(&self)
            result = try Expression(.arithmetic(result, sign, right), line, over: result, right)
        }
        return result
    }

    private mutating func readUnary(withFilters: Bool = true) throws(JinjaError) -> Expression {
        let line = token.line
        var result: Expression
        if token.isSign("-") || token.isSign("+") {
            let isNegative = token.isSign("-")
            advance()
            let value = try nested { (parser) throws(JinjaError) in try parser.readUnary(withFilters: false) }
            result = try Expression(isNegative ? .negative(value) : .positive(value), line, over: value)
        } else {
            result = try readPrimary()
        }
        var isFiltered = false
        while true {
            if !isFiltered, token.isSign(".") || token.isSign("[") {
                result = try readSubscript(result)
            } else if token.isSign("(") {
                let arguments = try readArguments()
                result = try Expression(.call(result, arguments), line, over: [result] + arguments.all)
            } else if withFilters, token.isSign("|") {
                isFiltered = true
                let filter = try readFilterName()
                result = try Expression(
                    .filter(result, filter.name, filter.arguments), line, over: [result] + filter.arguments.all)
            } else if withFilters, token.isName("is") {
                isFiltered = true
                result = try readTest(result)
            } else {
                return result
            }
        }
    }

    private mutating func readPrimary() throws(JinjaError) -> Expression {
        let first = token
        func made(_ form: Expression.Form, over parts: [Expression] = []) throws(JinjaError) -> Expression {
            try Expression(form, first.line, over: parts)
        }
        switch first.kind {
        case .name:
            advance()
            switch first.text {
            case "true", "True": return try made(.constant(.boolean(true)))
            case "false", "False": return try made(.constant(.boolean(false)))
            case "none", "None": return try made(.constant(.none))
            default: return try made(.name(first.text))
            }
        case .string:
            var text = ""
            while token.kind == .string {
                text += token.text
                advance()
            }
            return try made(.constant(.text(text)))
        case .integer:
            advance()
            return try made(.constant(.integer(Int(first.text) ?? 0)))
        case .number:
            advance()
            return try made(.constant(.number(Double(first.text) ?? 0)))
        case .sign where first.text == "(":
            advance()
            let inner = try nested { (parser) throws(JinjaError) in try parser.readTuple(isInParentheses: true) }
            try expect(")")
            return inner
        case .sign where first.text == "[":
            let items = try readItems("]") { (parser) throws(JinjaError) in try parser.readExpression() }
            return try made(.list(items), over: items)
        case .sign where first.text == "{":
            let pairs = try readItems("}") { (parser) throws(JinjaError) in
                let key = try parser.readExpression()
                try parser.expect(":")
                return (key: key, value: try parser.readExpression())
            }
            return try made(.mapping(pairs), over: pairs.flatMap { [$0.key, $0.value] })
        default: throw unexpected()
        }
    }

    private mutating func readItems<Item>(
        _ end: String, _ item: (inout Parser) throws(JinjaError) -> Item
    ) throws(JinjaError) -> [Item] {
        advance()
        var items: [Item] = []
        while !token.isSign(end) {
            if !items.isEmpty { try expect(",") }
            if token.isSign(end) { break }
            items.append(try item(&self))
        }
        advance()
        return items
    }

    private mutating func readSubscript(_ base: Expression) throws(JinjaError) -> Expression {
        let isAttribute = token.isSign(".")
        advance()
        if isAttribute {
            if token.kind == .integer {
                let place = try Expression(.constant(.integer(Int(token.text) ?? 0)), token.line)
                advance()
                return try Expression(.item(base, place), base.line, over: base)
            }
            return try Expression(.attribute(base, try readName()), base.line, over: base)
        }
        var first: Expression?
        if !token.isSign(":") { first = try readExpression() }
        if let first, !token.isSign(":") {
            try expect("]")
            return try Expression(.item(base, first), base.line, over: base, first)
        }
        var bounds: [Expression?] = []
        while token.isSign(":"), bounds.count < 2 {
            advance()
            bounds.append(token.isSign(":") || token.isSign("]") ? nil : try readExpression())
        }
        try expect("]")
        return try Expression(
            .slice(base, from: first, to: bounds[0], step: bounds.count > 1 ? bounds[1] : nil), base.line,
            over: [base, first] + bounds)
    }

    mutating func readArguments() throws(JinjaError) -> CallArguments {
        try expect("(")
        var arguments = CallArguments()
        var isFirst = true
        while !token.isSign(")") {
            if !isFirst { try expect(",") }
            if token.isSign(")") { break }
            isFirst = false
            if token.isSign("**") { throw JinjaError(token.line, "arguments with '**' are not supported") }
            if token.isSign("*") {
                guard arguments.rest == nil else { throw unexpected() }
                advance()
                arguments.rest = try readExpression()
            } else if token.kind == .name, next.isSign("=") {
                let name = try readName()
                advance()
                arguments.named.append((name, try readExpression()))
            } else {
                guard arguments.named.isEmpty, arguments.rest == nil else {
                    throw JinjaError(token.line, "an argument without a name follows one with a name, or a '*'")
                }
                arguments.positional.append(try readExpression())
            }
        }
        try expect(")")
        return arguments
    }

    /// `| name` or `| name(arguments)`.
    mutating func readFilterName() throws(JinjaError) -> (name: String, arguments: CallArguments) {
        try expect("|")
        let line = token.line
        let name = try readName()
        guard JinjaFilters.names.contains(name) else { throw JinjaError(line, "the filter '\(name)' is not supported") }
        return (name, token.isSign("(") ? try readArguments() : CallArguments())
    }

    /// `is name`, `is not name`, `is name(arguments)`, `is name argument`.
    private mutating func readTest(_ value: Expression) throws(JinjaError) -> Expression {
        advance()
        let isNegated = token.isName("not")
        if isNegated { advance() }
        let line = token.line
        let name = try readName()
        guard JinjaTests.names.contains(name) else { throw JinjaError(line, "the test '\(name)' is not supported") }
        var arguments = CallArguments()
        let startsValue: Bool =
            switch token.kind {
            case .string, .integer, .number: true
            case .name: !["else", "or", "and", "if", "is", "not", "in", "recursive"].contains(token.text)
            case .sign: ["[", "{"].contains(token.text)
            default: false
            }
        if token.isSign("(") {
            arguments = try readArguments()
        } else if startsValue {
            var argument = try readPrimary()
            while token.isSign(".") || token.isSign("[") { argument = try readSubscript(argument) }
            arguments.positional = [argument]
        }
        return try Expression(
            .test(value, name, arguments, isNegated: isNegated), value.line, over: [value] + arguments.all)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Reads the statements of a template. Expressions are in Parser+Expressions.swift.
struct Parser {
    /// How deep expressions and statements may lie within each other.
    private static let deepest = 100

    private let tokens: [Token]
    private var place = 0
    private var depth = 0
    private var loops = 0
    /// The line of the statement that is being read.
    private var opened = 1

    init(_ tokens: [Token]) { self.tokens = tokens }

    var token: Token { tokens[place] }
    var next: Token { tokens[min(place + 1, tokens.count - 1)] }
    mutating func advance() { place = min(place + 1, tokens.count - 1) }

    mutating func readTemplate() throws(JinjaError) -> [Statement] {
        let statements = try readStatements(until: [])
        guard token.kind == .end else { throw unexpected() }
        return statements
    }

    /// Reads up to the tag of one of these names, and stops at its name.
    private mutating func readStatements(until ends: [String]) throws(JinjaError) -> [Statement] {
        let opened = opened
        var statements: [Statement] = []
        while token.kind != .end {
            let line = token.line
            switch token.kind {
            case .data:
                statements.append(Statement(form: .data(token.text), line: line))
                advance()
            case .outputBegin:
                advance()
                statements.append(Statement(form: .output(try readTuple()), line: line))
                try expectTagEnd(.outputEnd)
            default:
                advance()
                if token.kind == .name, ends.contains(token.text) { return statements }
                statements.append(try readStatement())
            }
        }
        if let end = ends.last { throw JinjaError(opened, "'\(end)' is missing") }
        return statements
    }

    /// Reads statements, then a tag with this one name.
    private mutating func readBody(until end: String) throws(JinjaError) -> [Statement] {
        try expectTagEnd(.statementEnd)
        let body = try readStatements(until: [end])
        advance()
        try expectTagEnd(.statementEnd)
        return body
    }

    private mutating func readStatement() throws(JinjaError) -> Statement {
        let (line, name) = (token.line, token.text)
        guard token.kind == .name else { throw unexpected() }
        return try nested { (parser) throws(JinjaError) in
            parser.advance()
            parser.opened = line
            let form: Statement.Form
            switch name {
            case "if": form = try parser.readBranches()
            case "for": form = try parser.readLoop()
            case "set": form = try parser.readSet()
            case "macro": form = try parser.readMacro()
            case "generation": form = .group(try parser.readBody(until: "endgeneration"))
            case "break", "continue":
                guard parser.loops > 0 else { throw JinjaError(line, "'\(name)' stands outside of a loop") }
                form = name == "break" ? .leaveLoop : .nextTurn
                try parser.expectTagEnd(.statementEnd)
            case "include", "import", "from", "extends", "block", "call", "filter", "with", "do", "autoescape", "trans":
                throw JinjaError(line, "the statement '\(name)' is not supported")
            default: throw JinjaError(line, "there is no statement '\(name)' that could stand here")
            }
            return Statement(form: form, line: line)
        }
    }

    private mutating func readBranches() throws(JinjaError) -> Statement.Form {
        var branches: [(condition: Expression, body: [Statement])] = []
        var otherwise: [Statement] = []
        while true {
            let condition = try readTuple()
            try expectTagEnd(.statementEnd)
            branches.append((condition, try readStatements(until: ["elif", "else", "endif"])))
            let end = token.text
            advance()
            if end == "elif" { continue }
            if end == "else" { otherwise = try readBody(until: "endif") } else { try expectTagEnd(.statementEnd) }
            return .branches(branches, otherwise: otherwise)
        }
    }

    private mutating func readLoop() throws(JinjaError) -> Statement.Form {
        let target = try readTarget()
        guard token.isName("in") else { throw unexpected() }
        advance()
        let items = try readTuple(allowsChoice: false)
        var condition: Expression?
        if token.isName("if") {
            advance()
            condition = try readExpression()
        }
        if token.isName("recursive") { throw JinjaError(token.line, "a loop with 'recursive' is not supported") }
        try expectTagEnd(.statementEnd)
        loops += 1
        let body = try readStatements(until: ["else", "endfor"])
        loops -= 1
        let hasElse = token.text == "else"
        advance()
        if hasElse {
            return .loop(target, in: items, where: condition, body: body, otherwise: try readBody(until: "endfor"))
        }
        try expectTagEnd(.statementEnd)
        return .loop(target, in: items, where: condition, body: body, otherwise: [])
    }

    private mutating func readSet() throws(JinjaError) -> Statement.Form {
        let target = try readTarget()
        if token.isSign("=") {
            advance()
            let value = try readTuple()
            try expectTagEnd(.statementEnd)
            return .set(target, value)
        }
        var filters: [(name: String, arguments: CallArguments)] = []
        while token.isSign("|") { filters.append(try readFilterName()) }
        return .setBlock(target, filters, try readBody(until: "endset"))
    }

    private mutating func readMacro() throws(JinjaError) -> Statement.Form {
        let name = try readName()
        try expect("(")
        var parameters: [(name: String, standard: Expression?)] = []
        while !token.isSign(")") {
            if !parameters.isEmpty { try expect(",") }
            if token.isSign(")") { break }
            let parameter = try readName()
            guard token.isSign("=") else {
                parameters.append((parameter, nil))
                continue
            }
            advance()
            parameters.append((parameter, try readExpression()))
        }
        try expect(")")
        let outer = loops
        loops = 0
        defer { loops = outer }
        return .macro(name, parameters, try readBody(until: "endmacro"))
    }

    /// `name`, `namespace.name`, or several of them with commas between.
    private mutating func readTarget() throws(JinjaError) -> Target {
        var targets: [Target] = []
        var isSeveral = false
        while token.kind == .name || token.isSign("("), !token.isName("in") {
            if token.isSign("(") {
                advance()
                targets.append(try nested { (parser) throws(JinjaError) in try parser.readTarget() })
                try expect(")")
            } else {
                let name = try readName()
                if token.isSign(".") {
                    advance()
                    targets.append(.attribute(of: name, try readName()))
                } else {
                    targets.append(.name(name))
                }
            }
            guard token.isSign(",") else { break }
            isSeveral = true
            advance()
        }
        guard let first = targets.first else { throw unexpected() }
        return isSeveral ? .several(targets) : first
    }

    // MARK: Tokens

    mutating func nested<Result>(
        _ read: (inout Parser) throws(JinjaError) -> Result
    ) throws(JinjaError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw JinjaError(token.line, "the template is nested more than \(Self.deepest) deep")
        }
        return try read(&self)
    }

    mutating func readName() throws(JinjaError) -> String {
        guard token.kind == .name else { throw unexpected() }
        defer { advance() }
        return token.text
    }

    mutating func expect(_ sign: String) throws(JinjaError) {
        guard token.isSign(sign) else { throw JinjaError(token.line, "'\(sign)' is missing before \(token.phrase)") }
        advance()
    }

    private mutating func expectTagEnd(_ kind: Token.Kind) throws(JinjaError) {
        guard token.kind == kind else { throw unexpected() }
        advance()
    }

    func unexpected() -> JinjaError { JinjaError(token.line, "\(token.phrase) cannot stand here") }
}

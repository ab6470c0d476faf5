// SPDX-License-Identifier: Apache-2.0

/// An expression with the line on which it begins.
struct Expression: Sendable {
    indirect enum Form: Sendable {
        case constant(JinjaValue)
        case name(String)
        case list([Expression])
        case tuple([Expression])
        case mapping([(key: Expression, value: Expression)])
        case attribute(Expression, String)
        case item(Expression, Expression)
        case slice(Expression, from: Expression?, to: Expression?, step: Expression?)
        case call(Expression, CallArguments)
        case filter(Expression, String, CallArguments)
        case test(Expression, String, CallArguments, isNegated: Bool)
        case not(Expression)
        case negative(Expression)
        case positive(Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
        case comparison(Expression, [(sign: String, value: Expression)])
        case arithmetic(Expression, String, Expression)
        case concatenation([Expression])
        case choice(Expression, then: Expression, otherwise: Expression?)
    }
    /// Deeper ones would need a deep stack, here and where they are thrown away. A chat template's have a dozen.
    private static let highest = 200

    let form: Form
    let line: Int
    /// How many expressions lie within each other.
    let height: Int

    /// - Parameter parts: the expressions of which it is made.
    init(_ form: Form, _ line: Int, over parts: Expression?...) throws(JinjaError) {
        try self.init(form, line, over: parts)
    }

    init(_ form: Form, _ line: Int, over parts: [Expression?]) throws(JinjaError) {
        (self.form, self.line) = (form, line)
        height = 1 + (parts.compactMap { $0?.height }.max() ?? 0)
        guard height <= Self.highest else {
            throw JinjaError(line, "an expression has more than \(Self.highest) parts within each other")
        }
    }
}

struct CallArguments: Sendable {
    var positional: [Expression] = []
    /// `*list`
    var rest: Expression?
    var named: [(name: String, value: Expression)] = []

    var all: [Expression?] { positional + [rest] + named.map(\.value) }
}

/// What `set` and `for` write to.
indirect enum Target: Sendable {
    case name(String)
    case attribute(of: String, String)
    case several([Target])
}

/// A statement with the line on which it begins.
struct Statement: Sendable {
    indirect enum Form: Sendable {
        case data(String)
        case output(Expression)
        case branches([(condition: Expression, body: [Statement])], otherwise: [Statement])
        case loop(Target, in: Expression, where: Expression?, body: [Statement], otherwise: [Statement])
        case set(Target, Expression)
        /// `{% set name %}…{% endset %}`, where the filters take the text.
        case setBlock(Target, [(name: String, arguments: CallArguments)], [Statement])
        case macro(String, [(name: String, standard: Expression?)], [Statement])
        case group([Statement])
        case leaveLoop
        case nextTurn
    }
    var form: Form
    var line: Int
}

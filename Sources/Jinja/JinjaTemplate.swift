// SPDX-License-Identifier: Apache-2.0

/// A Jinja template as far as chat templates go, read and rendered as transformers does (`trim_blocks`, `lstrip_blocks`, a
/// sandbox in which values cannot be changed).
///
/// What is not supported is refused by name when the template is read. A template comes with a model and is a stranger's
/// code, so the steps that it takes and the text that it makes are bounded. Rendering needs time in proportion to both.
package struct JinjaTemplate: Sendable {
    private let statements: [Statement]

    /// - Throws: where the template is no Jinja, or needs what is not supported.
    package init(_ text: String) throws(JinjaError) {
        var parser = Parser(try Lexer.tokens(of: text))
        statements = try parser.readTemplate()
    }

    /// The text that the template makes of these variables.
    ///
    /// - Throws: where the template refuses (`raise_exception`), uses a value wrongly, or takes too many steps.
    package func render(_ variables: [String: JinjaInput]) throws(JinjaError) -> String {
        var names = JinjaFunctions.all
        for (name, input) in variables { names[name] = input.value }
        do {
            return try Renderer().render(statements, in: Scope(names))
        } catch {
            throw JinjaError(error.line ?? 1, error.message, isRaised: error.isRaised)
        }
    }
}

/// A value that a template is given.
package indirect enum JinjaInput: Sendable {
    case none
    case boolean(Bool)
    case text(String)
    case list([JinjaInput])
    /// Keys stay in this order.
    case mapping([(key: String, value: JinjaInput)])

    var value: JinjaValue {
        switch self {
        case .none: .none
        case .boolean(let value): .boolean(value)
        case .text(let text): .text(text)
        case .list(let items): .list(items.map(\.value))
        case .mapping(let members): .mapping(members.map { JinjaValue.Member($0.key, $0.value.value) })
        }
    }
}

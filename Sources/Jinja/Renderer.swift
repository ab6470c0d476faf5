// SPDX-License-Identifier: Apache-2.0

/// The names of one block; a name that it lacks is looked up around it.
///
/// A template is rendered by one thread.
final class Scope: @unchecked Sendable {
    private var names: [String: JinjaValue]
    private let outer: Scope?

    init(_ names: [String: JinjaValue] = [:], in outer: Scope? = nil) { (self.names, self.outer) = (names, outer) }

    subscript(_ name: String) -> JinjaValue? {
        get { names[name] ?? outer?[name] }
        set { names[name] = newValue }
    }
}

/// Renders statements. Expressions are in Renderer+Expressions.swift.
final class Renderer: @unchecked Sendable {
    /// How many steps a template may take, how many code points it may write, and how deep statements, expressions and
    /// macros may lie within each other. A chat takes a few hundred steps.
    private static let (mostSteps, mostText, deepest) = (1_000_000, 4_000_000, 500)

    private enum End { case normal, leaveLoop, nextTurn }

    private var steps = 0
    private var written = 0
    private var depth = 0

    func render(_ statements: [Statement], in scope: Scope) throws(Fault) -> String {
        var output = ""
        _ = try run(statements, scope, &output)
        return output
    }

    /// Counts what a template does.
    func step(_ count: Int = 1) throws(Fault) {
        steps += count
        guard steps <= Self.mostSteps else { throw Fault("the template takes more than \(Self.mostSteps) steps") }
    }

    /// Makes sure that a text of that size may be made.
    func checkSize(_ count: Int) throws(Fault) {
        guard count <= Self.mostText else {
            throw Fault("the template makes a text of more than \(Self.mostText) characters")
        }
    }

    /// Counts how deep statements, expressions and macros lie within each other: the stack has an end.
    func nested<Result>(_ body: () throws(Fault) -> Result) throws(Fault) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw Fault("statements, expressions and macros lie more than \(Self.deepest) deep within each other")
        }
        return try body()
    }

    private func write(_ text: String, _ output: inout String) throws(Fault) {
        written += text.unicodeScalars.count
        try checkSize(written)
        output += text
    }

    private func run(_ statements: [Statement], _ scope: Scope, _ output: inout String) throws(Fault) -> End {
        for statement in statements {
            do {
                try step()
                let end = try nested { () throws(Fault) in try run(statement, scope, &output) }
                guard case .normal = end else { return end }
            } catch {
                var fault = error
                fault.line = fault.line ?? statement.line
                throw fault
            }
        }
        return .normal
    }

    private func run(_ statement: Statement, _ scope: Scope, _ output: inout String) throws(Fault) -> End {
        switch statement.form {
        case .data(let text): try write(text, &output)
        case .output(let expression): try write(try value(expression, scope).printed, &output)
        case .group(let body): return try run(body, scope, &output)
        case .branches(let branches, let otherwise):
            for branch in branches where try value(branch.condition, scope).isTrue {
                return try run(branch.body, scope, &output)
            }
            return try run(otherwise, scope, &output)
        case .loop(let target, let items, let condition, let body, let otherwise):
            return try loop(target, try value(items, scope).items(), condition, body, otherwise, scope, &output)
        case .set(let target, let expression): try assign(try value(expression, scope), to: target, scope)
        case .setBlock(let target, let filters, let body):
            var result = JinjaValue.text(try render(body, in: Scope(in: scope)))
            for filter in filters { result = try apply(filter.name, to: result, filter.arguments, scope) }
            try assign(result, to: target, scope)
        case .macro(let name, let parameters, let body):
            scope[name] = .callable(macro(name, parameters, body, scope))
        case .leaveLoop: return .leaveLoop
        case .nextTurn: return .nextTurn
        }
        return .normal
    }

    private func loop(
        _ target: Target, _ all: [JinjaValue], _ condition: Expression?, _ body: [Statement], _ otherwise: [Statement],
        _ scope: Scope, _ output: inout String
    ) throws(Fault) -> End {
        var items = all
        if let condition {
            items = []
            for item in all {
                try step()
                let inner = Scope(in: scope)
                try assign(item, to: target, inner)
                if try value(condition, inner).isTrue { items.append(item) }
            }
        }
        for place in items.indices {
            try step()
            let inner = Scope(in: scope)
            inner["loop"] = loopValue(place, of: items)
            try assign(items[place], to: target, inner)
            if case .leaveLoop = try run(body, inner, &output) { break }
        }
        return items.isEmpty ? try run(otherwise, Scope(in: scope), &output) : .normal
    }

    /// What `loop` is in the turn of that place.
    private func loopValue(_ place: Int, of items: [JinjaValue]) -> JinjaValue {
        func neighbor(_ place: Int, _ name: String) -> JinjaValue {
            items.indices.contains(place) ? items[place] : .undefined("loop.\(name)")
        }
        let cycle = JinjaValue.Callable("loop.cycle") { (arguments) throws(Fault) in
            guard !arguments.positional.isEmpty else { throw Fault("loop.cycle needs arguments") }
            return arguments.positional[place % arguments.positional.count]
        }
        return .namespace(
            JinjaValue.Namespace([
                .init("index", .integer(place + 1)), .init("index0", .integer(place)),
                .init("revindex", .integer(items.count - place)), .init("revindex0", .integer(items.count - place - 1)),
                .init("first", .boolean(place == 0)), .init("last", .boolean(place == items.count - 1)),
                .init("length", .integer(items.count)), .init("depth", .integer(1)), .init("depth0", .integer(0)),
                .init("previtem", neighbor(place - 1, "previtem")), .init("nextitem", neighbor(place + 1, "nextitem")),
                .init("cycle", .callable(cycle)),
            ]))
    }

    private func assign(_ value: JinjaValue, to target: Target, _ scope: Scope) throws(Fault) {
        switch target {
        case .name(let name): scope[name] = value
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace)? = scope[name] else {
                throw Fault("'\(name)' is not a namespace, so '\(name).\(attribute)' cannot be set")
            }
            namespace.members[attribute] = value
        case .several(let targets):
            let items = try value.items()
            guard items.count == targets.count else {
                throw Fault("\(items.count) values cannot be given to \(targets.count) names")
            }
            for (target, item) in zip(targets, items) { try assign(item, to: target, scope) }
        }
    }

    private func macro(
        _ name: String, _ parameters: [(name: String, standard: Expression?)], _ body: [Statement], _ scope: Scope
    ) -> JinjaValue.Callable {
        JinjaValue.Callable(
            name,
            rendering: { (arguments, renderer) throws(Fault) in
                try arguments.check("the macro '\(name)'", parameters.map(\.name))
                let inner = Scope(in: scope)
                for (place, parameter) in parameters.enumerated() {
                    if let given = arguments.value(place, parameter.name) {
                        inner[parameter.name] = given
                    } else if let standard = parameter.standard {
                        inner[parameter.name] = try renderer.value(standard, inner)
                    } else {
                        inner[parameter.name] = .undefined("'\(parameter.name)'")
                    }
                }
                return .text(try renderer.render(body, in: inner))
            })
    }
}

// SPDX-License-Identifier: Apache-2.0

extension Renderer {
    func value(_ expression: Expression, _ scope: Scope) throws(Fault) -> JinjaValue {
        try step()
        do {
            return try nested { () throws(Fault) in try form(expression.form, scope) }
        } catch {
            var fault = error
            fault.line = fault.line ?? expression.line
            throw fault
        }
    }

    private func form(_ form: Expression.Form, _ scope: Scope) throws(Fault) -> JinjaValue {
        switch form {
        case .constant(let value): return value
        case .name(let name): return scope[name] ?? .undefined("'\(name)'")
        case .list(let items): return .list(try values(items, scope))
        case .tuple(let items): return .tuple(try values(items, scope))
        case .mapping(let pairs):
            var members: [JinjaValue.Member] = []
            for pair in pairs {
                guard case .text(let key) = try value(pair.key, scope) else {
                    throw Fault("only texts are supported as the keys of a mapping")
                }
                members[key] = try value(pair.value, scope)
            }
            return .mapping(members)
        case .attribute(let base, let name): return try attribute(name, of: try value(base, scope))
        case .item(let base, let key): return try item(try value(key, scope), of: try value(base, scope))
        case .slice(let base, let from, let to, let step):
            return try slice(
                try value(base, scope), try bound(from, scope), try bound(to, scope), try bound(step, scope))
        case .call(let function, let given):
            switch try value(function, scope) {
            case .callable(let callable): return try callable.body(try arguments(given, scope), self)
            case .undefined(let name): throw Fault("\(name) is not defined, so it cannot be called")
            case let other: throw Fault("\(other.kind) cannot be called")
            }
        case .filter(let base, let name, let given):
            return try apply(name, to: try value(base, scope), given, scope)
        case .test(let base, let name, let given, let isNegated):
            let holds = try JinjaTests.holds(name, try value(base, scope), try arguments(given, scope))
            return .boolean(holds != isNegated)
        case .not(let inner): return .boolean(try !value(inner, scope).isTrue)
        case .negative(let inner): return try Arithmetic.negative(try value(inner, scope))
        case .positive(let inner):
            let number = try value(inner, scope)
            guard number.asNumber != nil else { throw Fault("\(number.kind) has no sign") }
            return number
        case .and(let left, let right):
            let first = try value(left, scope)
            return first.isTrue ? try value(right, scope) : first
        case .or(let left, let right):
            let first = try value(left, scope)
            return first.isTrue ? first : try value(right, scope)
        case .comparison(let first, let others): return .boolean(try compare(try value(first, scope), others, scope))
        case .arithmetic(let left, let sign, let right):
            return try Arithmetic.result(try value(left, scope), sign, try value(right, scope), self)
        case .concatenation(let parts):
            let text = try values(parts, scope).map(\.printed).joined()
            try checkSize(text.utf8.count)
            return .text(text)
        case .choice(let condition, let then, let otherwise):
            if try value(condition, scope).isTrue { return try value(then, scope) }
            guard let otherwise else { return .undefined("the value of a condition without 'else'") }
            return try value(otherwise, scope)
        }
    }

    private func values(_ expressions: [Expression], _ scope: Scope) throws(Fault) -> [JinjaValue] {
        var values: [JinjaValue] = []
        for expression in expressions { values.append(try value(expression, scope)) }
        return values
    }

    private func arguments(_ given: CallArguments, _ scope: Scope) throws(Fault) -> Arguments {
        var arguments = Arguments(positional: try values(given.positional, scope))
        if let rest = given.rest { arguments.positional += try value(rest, scope).items() }
        for (name, expression) in given.named { arguments.named.append(.init(name, try value(expression, scope))) }
        return arguments
    }

    func apply(
        _ filter: String, to value: JinjaValue, _ given: CallArguments, _ scope: Scope
    ) throws(Fault) -> JinjaValue {
        try JinjaFilters.apply(filter, to: value, try arguments(given, scope), self)
    }

    private func compare(
        _ first: JinjaValue, _ others: [(sign: String, value: Expression)], _ scope: Scope
    ) throws(Fault) -> Bool {
        var left = first
        for other in others {
            let right = try value(other.value, scope)
            let holds =
                switch other.sign {
                case "==": left.equals(right)
                case "!=": !left.equals(right)
                case "<": try left.isLess(than: right)
                case ">": try right.isLess(than: left)
                case "<=": try !right.isLess(than: left)
                case ">=": try !left.isLess(than: right)
                case "in": try right.contains(left)
                default: try !right.contains(left)
                }
            if !holds { return false }
            left = right
        }
        return true
    }

    // MARK: Parts of values

    /// `value.name`: a method comes before an entry of that name.
    func attribute(_ name: String, of value: JinjaValue) throws(Fault) -> JinjaValue {
        if let method = JinjaMethods.method(name, of: value) { return .callable(method) }
        return try entry(.text(name), of: value)
    }

    /// `value[key]`: an entry comes before a method of that name.
    private func item(_ key: JinjaValue, of value: JinjaValue) throws(Fault) -> JinjaValue {
        let found = try entry(key, of: value)
        if found.isUndefined, case .text(let name) = key, let method = JinjaMethods.method(name, of: value) {
            return .callable(method)
        }
        return found
    }

    private func entry(_ key: JinjaValue, of value: JinjaValue) throws(Fault) -> JinjaValue {
        let missing = JinjaValue.undefined("'\(key.printed)' of \(value.kind)")
        switch (value, key) {
        case (.undefined(let name), _): throw Fault("\(name) is not defined, so it has no '\(key.printed)'")
        case (.mapping(let members), .text(let name)): return members[name] ?? missing
        case (.namespace(let namespace), .text(let name)): return namespace.members[name] ?? missing
        case (.list(let items), _), (.tuple(let items), _):
            guard let place = key.asInteger.map({ $0 < 0 ? $0 + items.count : $0 }), items.indices.contains(place)
            else {
                return missing
            }
            return items[place]
        case (.text(let text), _):
            let scalars = Array(text.unicodeScalars)
            guard let place = key.asInteger.map({ $0 < 0 ? $0 + scalars.count : $0 }), scalars.indices.contains(place)
            else { return missing }
            return .text(String(scalars[place]))
        default: return missing
        }
    }

    private func bound(_ expression: Expression?, _ scope: Scope) throws(Fault) -> Int? {
        guard let expression else { return nil }
        let value = try value(expression, scope)
        if case .none = value { return nil }
        guard let bound = value.asInteger else { throw Fault("\(value.kind) is not a place in a list") }
        return bound
    }

    private func slice(_ value: JinjaValue, _ from: Int?, _ to: Int?, _ step: Int?) throws(Fault) -> JinjaValue {
        func places(_ count: Int) throws(Fault) -> [Int] {
            let step = step ?? 1
            guard step != 0, step.magnitude <= 1_000_000_000 else { throw Fault("the step of a slice is \(step)") }
            let (lowest, highest) = step > 0 ? (0, count) : (-1, count - 1)
            func clamped(_ bound: Int?, _ standard: Int) -> Int {
                guard let bound else { return standard }
                return min(max(bound < 0 ? bound + count : bound, lowest), highest)
            }
            let (start, end) = (clamped(from, step > 0 ? lowest : highest), clamped(to, step > 0 ? highest : lowest))
            return Array(stride(from: start, to: end, by: step))
        }
        switch value {
        case .list(let items): return .list(try places(items.count).map { items[$0] })
        case .tuple(let items): return .tuple(try places(items.count).map { items[$0] })
        case .text(let text):
            let scalars = Array(text.unicodeScalars)
            return .text(PythonText.string(try places(scalars.count).map { scalars[$0] }))
        case .undefined(let name): return .undefined("a part of \(name)")
        default: throw Fault("\(value.kind) has no parts")
        }
    }
}

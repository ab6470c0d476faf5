// SPDX-License-Identifier: Apache-2.0

/// The tests of Jinja that chat templates use: `value is defined`. Any other is refused when the template is read.
enum JinjaTests {
    typealias Test = @Sendable (JinjaValue, JinjaValue) throws(Fault) -> Bool

    static let names: Set<String> = Set(alone.keys).union(beside.keys)

    static func holds(_ name: String, _ value: JinjaValue, _ arguments: Arguments) throws(Fault) -> Bool {
        if let test = alone[name] {
            try arguments.check("the test '\(name)'", [])
            return test(value)
        }
        guard let test = beside[name] else { throw Fault("the test '\(name)' is not supported") }
        guard arguments.positional.count == 1, arguments.named.isEmpty else {
            throw Fault("the test '\(name)' needs one argument")
        }
        return try test(value, arguments.positional[0])
    }

    private static let alone: [String: @Sendable (JinjaValue) -> Bool] = [
        "defined": { !$0.isUndefined },
        "undefined": { $0.isUndefined },
        "none": { if case .none = $0 { true } else { false } },
        "boolean": { if case .boolean = $0 { true } else { false } },
        "true": { if case .boolean(true) = $0 { true } else { false } },
        "false": { if case .boolean(false) = $0 { true } else { false } },
        "integer": { if case .integer = $0 { true } else { false } },
        "float": { if case .number = $0 { true } else { false } },
        "number": { $0.asNumber != nil },
        "string": { if case .text = $0 { true } else { false } },
        "mapping": { if case .mapping = $0 { true } else { false } },
        "callable": { if case .callable = $0 { true } else { false } },
        "iterable": { if case .namespace = $0 { false } else { (try? $0.items()) != nil } },
        "sequence": {
            switch $0 {
            case .text, .list, .tuple, .mapping, .undefined: true
            default: false
            }
        },
        "odd": { $0.asInteger.map { $0 % 2 != 0 } ?? false },
        "even": { $0.asInteger.map { $0 % 2 == 0 } ?? false },
        "lower": {
            if case .text(let text) = $0 { text == text.lowercased() && text != text.uppercased() } else { false }
        },
        "upper": {
            if case .text(let text) = $0 { text == text.uppercased() && text != text.lowercased() } else { false }
        },
    ]

    private static let beside: [String: Test] = [
        "eq": { (left, right) throws(Fault) in left.equals(right) },
        "equalto": { (left, right) throws(Fault) in left.equals(right) },
        "ne": { (left, right) throws(Fault) in !left.equals(right) },
        "lt": { (left, right) throws(Fault) in try left.isLess(than: right) },
        "lessthan": { (left, right) throws(Fault) in try left.isLess(than: right) },
        "gt": { (left, right) throws(Fault) in try right.isLess(than: left) },
        "greaterthan": { (left, right) throws(Fault) in try right.isLess(than: left) },
        "le": { (left, right) throws(Fault) in try !right.isLess(than: left) },
        "ge": { (left, right) throws(Fault) in try !left.isLess(than: right) },
        "in": { (left, right) throws(Fault) in try right.contains(left) },
        "divisibleby": { (left, right) throws(Fault) in
            guard let number = left.asInteger, let divisor = right.asInteger, divisor != 0 else {
                throw Fault("divisibleby needs two whole numbers, the second one not 0")
            }
            return number.remainderReportingOverflow(dividingBy: divisor).partialValue == 0
        },
    ]
}

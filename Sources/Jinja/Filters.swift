// SPDX-License-Identifier: Apache-2.0

/// The filters of Jinja that chat templates use. Any other is refused when the template is read.
enum JinjaFilters {
    typealias Filter = (JinjaValue, Arguments, Renderer) throws(Fault) -> JinjaValue

    static let names: Set<String> = Set(ofTexts.keys).union(ofLists.keys).union(ofItems)

    /// Those that call a filter or a test on each item.
    private static let ofItems: Set<String> = ["map", "select", "reject", "selectattr", "rejectattr"]

    static func apply(
        _ name: String, to value: JinjaValue, _ arguments: Arguments, _ renderer: Renderer
    ) throws(Fault) -> JinjaValue {
        if let filter = ofTexts[name] ?? ofLists[name] { return try filter(value, arguments, renderer) }
        let items = try value.items()
        try renderer.step(items.count)
        if name == "map" { return try map(items, arguments, renderer) }
        return .list(try select(items, name, arguments, renderer))
    }

    // MARK: Texts, numbers and anything

    nonisolated(unsafe) private static let ofTexts: [String: Filter] = [
        "trim": { (value, arguments, _) throws(Fault) in
            try arguments.check("trim", ["chars"])
            guard case .text(let set)? = arguments.value(0, "chars") else {
                return .text(PythonText.strip(value.printed))
            }
            return .text(PythonText.strip(value.printed, of: set))
        },
        "upper": { (value, _, _) throws(Fault) in .text(value.printed.uppercased()) },
        "lower": { (value, _, _) throws(Fault) in .text(value.printed.lowercased()) },
        "title": { (value, _, _) throws(Fault) in .text(PythonText.words(value.printed)) },
        "capitalize": { (value, _, _) throws(Fault) in .text(PythonText.capitalize(value.printed)) },
        "string": { (value, _, _) throws(Fault) in .text(value.printed) },
        "safe": { (value, _, _) throws(Fault) in .text(value.printed) },
        "replace": { (value, arguments, renderer) throws(Fault) in
            try arguments.check("replace", ["old", "new", "count"])
            guard case .text(let old)? = arguments.value(0, "old"), case .text(let new)? = arguments.value(1, "new")
            else {
                throw Fault("replace needs two texts")
            }
            let limit = arguments.value(2, "count")?.asInteger ?? .max
            return .text(try JinjaMethods.replaced(value.printed, old, new, limit, renderer))
        },
        "escape": { (value, _, _) throws(Fault) in .text(escaped(value.printed)) },
        "e": { (value, _, _) throws(Fault) in .text(escaped(value.printed)) },
        "indent": { (value, arguments, _) throws(Fault) in
            try arguments.check("indent", ["width", "first", "blank"])
            let width = try margin(arguments.value(0, "width"))
            let (first, blank) = (arguments.value(1, "first")?.isTrue, arguments.value(2, "blank")?.isTrue)
            return .text(indented(value.printed, width, first: first ?? false, blank: blank ?? false))
        },
        "int": { (value, arguments, _) throws(Fault) in
            let standard = arguments.value(0, "default") ?? .integer(0)
            if case .text(let text) = value {
                let digits = PythonText.strip(text)
                if let whole = Int(digits) { return .integer(whole) }
                return Double(digits).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .integer($0) } ?? standard
            }
            return value.asNumber.flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .integer($0) } ?? standard
        },
        "float": { (value, arguments, _) throws(Fault) in
            let standard = arguments.value(0, "default") ?? .number(0)
            if case .text(let text) = value { return Double(PythonText.strip(text)).map { .number($0) } ?? standard }
            return value.asNumber.map { .number($0) } ?? standard
        },
        "abs": { (value, _, _) throws(Fault) in
            if let whole = value.asInteger, whole != .min { return .integer(abs(whole)) }
            guard let number = value.asNumber else { throw Fault("\(value.kind) has no absolute value") }
            return .number(abs(number))
        },
        "tojson": { (value, arguments, _) throws(Fault) in
            try arguments.check("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
            guard !(arguments.value(0, "ensure_ascii")?.isTrue ?? false), arguments.value(2, "separators") == nil else {
                throw Fault("tojson with ensure_ascii or separators is not supported")
            }
            let indent = try arguments.value(1, "indent").map { (value) throws(Fault) in try margin(value) }
            return .text(try value.json(indent: indent, sortsKeys: arguments.value(3, "sort_keys")?.isTrue ?? false))
        },
        "default": { (value, arguments, _) throws(Fault) in standard(value, arguments) },
        "d": { (value, arguments, _) throws(Fault) in standard(value, arguments) },
    ]

    private static func standard(_ value: JinjaValue, _ arguments: Arguments) -> JinjaValue {
        let takesFalse = arguments.value(1, "boolean")?.isTrue ?? false
        guard value.isUndefined || (takesFalse && !value.isTrue) else { return value }
        return arguments.value(0, "default_value") ?? .text("")
    }

    private static func margin(_ value: JinjaValue?) throws(Fault) -> Int {
        guard let width = (value ?? .integer(4)).asInteger, (0...1000).contains(width) else {
            throw Fault("an indent must be a number from 0 to 1000")
        }
        return width
    }

    private static func escaped(_ text: String) -> String {
        var result = text
        for (sign, name) in [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("\"", "&#34;")] {
            result = PythonText.replace(result, sign, name)
        }
        return result
    }

    private static func indented(_ text: String, _ width: Int, first: Bool, blank: Bool) -> String {
        let margin = String(repeating: " ", count: width)
        let lines = PythonText.split(text + "\n", "\n").dropLast()
        let rest = lines.dropFirst().map { blank || !$0.isEmpty ? margin + $0 : $0 }
        return (first ? margin : "") + ([lines.first ?? ""] + rest).joined(separator: "\n")
    }

    // MARK: Lists and mappings

    nonisolated(unsafe) private static let ofLists: [String: Filter] = [
        "length": { (value, _, _) throws(Fault) in .integer(try length(value)) },
        "count": { (value, _, _) throws(Fault) in .integer(try length(value)) },
        "first": { (value, _, _) throws(Fault) in try value.items().first ?? .undefined("the first item of nothing") },
        "last": { (value, _, _) throws(Fault) in try value.items().last ?? .undefined("the last item of nothing") },
        "list": { (value, _, _) throws(Fault) in .list(try value.items()) },
        "reverse": { (value, _, _) throws(Fault) in
            if case .text(let text) = value { return .text(PythonText.string(text.unicodeScalars.reversed())) }
            return .list(try value.items().reversed())
        },
        "join": { (value, arguments, renderer) throws(Fault) in
            try arguments.check("join", ["d", "attribute"])
            var items = try value.items()
            if case .text(let name)? = arguments.value(1, "attribute") {
                items = try parts(name, of: items, renderer)
            }
            let joint = arguments.value(0, "d")?.printed ?? ""
            let text = items.map(\.printed).joined(separator: joint)
            try renderer.checkSize(text.utf8.count)
            return .text(text)
        },
        "items": { (value, _, _) throws(Fault) in
            if value.isUndefined { return .list([]) }
            guard case .mapping(let members) = value else { throw Fault("\(value.kind) has no keys with values") }
            return .list(members.map { .tuple([.text($0.key), $0.value]) })
        },
        "dictsort": { (value, arguments, _) throws(Fault) in
            try arguments.check("dictsort", [])
            guard case .mapping(let members) = value else { throw Fault("\(value.kind) has no keys with values") }
            let sorted = members.sorted {
                $0.key.lowercased().unicodeScalars.lexicographicallyPrecedes($1.key.lowercased().unicodeScalars)
            }
            return .list(sorted.map { .tuple([.text($0.key), $0.value]) })
        },
        "sort": { (value, arguments, renderer) throws(Fault) in
            try arguments.check("sort", ["reverse", "case_sensitive", "attribute"])
            return .list(try sorted(try value.items(), arguments, renderer))
        },
        "unique": { (value, arguments, renderer) throws(Fault) in
            try arguments.check("unique", [])
            var found: [JinjaValue] = []
            for item in try value.items() {
                try renderer.step(found.count)
                if !found.contains(where: { folded($0).equals(folded(item)) }) { found.append(item) }
            }
            return .list(found)
        },
        "sum": { (value, arguments, renderer) throws(Fault) in
            try arguments.check("sum", [])
            var sum = JinjaValue.integer(0)
            for item in try value.items() { sum = try Arithmetic.result(sum, "+", item, renderer) }
            return sum
        },
        "max": { (value, arguments, renderer) throws(Fault) in
            try sorted(try value.items(), Arguments(), renderer).last ?? .undefined("the largest item of nothing")
        },
        "min": { (value, arguments, renderer) throws(Fault) in
            try sorted(try value.items(), Arguments(), renderer).first ?? .undefined("the smallest item of nothing")
        },
    ]

    static func length(_ value: JinjaValue) throws(Fault) -> Int {
        if case .none = value { throw Fault("none has no length") }
        return try value.items().count
    }

    /// Texts are compared without regard to case, unless a template asks for it.
    private static func folded(_ value: JinjaValue) -> JinjaValue {
        if case .text(let text) = value { .text(text.lowercased()) } else { value }
    }

    private static func sorted(
        _ items: [JinjaValue], _ arguments: Arguments, _ renderer: Renderer
    ) throws(Fault) -> [JinjaValue] {
        var keys = items
        if case .text(let name)? = arguments.value(2, "attribute") { keys = try parts(name, of: items, renderer) }
        if !(arguments.value(1, "case_sensitive")?.isTrue ?? false) { keys = keys.map(folded) }
        let isReversed = arguments.value(0, "reverse")?.isTrue ?? false
        // By insertion: stable, also in reverse, and it can throw. Lists in chat templates are short.
        var order: [Int] = []
        for place in items.indices {
            try renderer.step(order.count)
            var end = order.count
            while end > 0 {
                let (left, right) = (keys[order[end - 1]], keys[place])
                guard try isReversed ? left.isLess(than: right) : right.isLess(than: left) else { break }
                end -= 1
            }
            order.insert(place, at: end)
        }
        return order.map { items[$0] }
    }

    /// `attribute` of each item: names with dots between.
    private static func parts(
        _ name: String, of items: [JinjaValue], _ renderer: Renderer
    ) throws(Fault) -> [JinjaValue] {
        var found: [JinjaValue] = []
        for item in items {
            var value = item
            for part in PythonText.split(name, ".") { value = try renderer.attribute(part, of: value) }
            found.append(value)
        }
        return found
    }

    private static func map(
        _ items: [JinjaValue], _ arguments: Arguments, _ renderer: Renderer
    ) throws(Fault) -> JinjaValue {
        if case .text(let name)? = arguments.named["attribute"] {
            let standard = arguments.named["default"]
            return .list(try parts(name, of: items, renderer).map { $0.isUndefined ? standard ?? $0 : $0 })
        }
        guard case .text(let name)? = arguments.positional.first else {
            throw Fault("map needs a filter or an attribute")
        }
        guard names.contains(name) else { throw Fault("the filter '\(name)' is not supported") }
        let rest = Arguments(positional: Array(arguments.positional.dropFirst()), named: arguments.named)
        var results: [JinjaValue] = []
        for item in items { results.append(try apply(name, to: item, rest, renderer)) }
        return .list(results)
    }

    /// `select(test)` and `selectattr(attribute, test)`, or what they leave.
    private static func select(
        _ items: [JinjaValue], _ filter: String, _ arguments: Arguments, _ renderer: Renderer
    ) throws(Fault) -> [JinjaValue] {
        var rest = arguments.positional[...]
        var keys = items
        if filter.hasSuffix("attr") {
            guard case .text(let name)? = rest.popFirst() else { throw Fault("\(filter) needs an attribute") }
            keys = try parts(name, of: items, renderer)
        }
        let test = rest.popFirst()
        let keeps = filter.hasPrefix("select")
        var kept: [JinjaValue] = []
        for (item, key) in zip(items, keys) {
            var holds = key.isTrue
            if let test { holds = try JinjaTests.holds(test.printed, key, Arguments(positional: Array(rest))) }
            if holds == keeps { kept.append(item) }
        }
        return kept
    }
}

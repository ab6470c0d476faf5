// SPDX-License-Identifier: Apache-2.0

/// The methods of Python's texts and mappings that chat templates call. Those that change a list or a mapping are not
/// allowed in a chat template, by transformers neither.
enum JinjaMethods {
    typealias TextMethod = @Sendable (String, Arguments, Renderer) throws(Fault) -> JinjaValue

    static func method(_ name: String, of value: JinjaValue) -> JinjaValue.Callable? {
        switch value {
        case .text(let text):
            ofTexts[name].map { method in
                JinjaValue.Callable(
                    name,
                    rendering: { (arguments, renderer) throws(Fault) in try method(text, arguments, renderer) })
            }
        case .mapping(let members): ofMapping(name, members)
        case .list(let items), .tuple(let items): ofList(name, items)
        default: nil
        }
    }

    private static func ofMapping(_ name: String, _ members: [JinjaValue.Member]) -> JinjaValue.Callable? {
        switch name {
        case "items":
            JinjaValue.Callable(name) { (_) throws(Fault) in .list(members.map { .tuple([.text($0.key), $0.value]) }) }
        case "keys": JinjaValue.Callable(name) { (_) throws(Fault) in .list(members.map { .text($0.key) }) }
        case "values": JinjaValue.Callable(name) { (_) throws(Fault) in .list(members.map(\.value)) }
        case "get":
            JinjaValue.Callable(name) { (arguments) throws(Fault) in
                guard let key = arguments.value(0, "key") else { throw Fault("get needs a key") }
                guard case .text(let text) = key else { return arguments.value(1, "default") ?? .none }
                return members[text] ?? arguments.value(1, "default") ?? .none
            }
        case "copy": JinjaValue.Callable(name) { (_) throws(Fault) in .mapping(members) }
        case "pop", "update", "setdefault", "clear", "popitem": notAllowed(name)
        default: nil
        }
    }

    private static func ofList(_ name: String, _ items: [JinjaValue]) -> JinjaValue.Callable? {
        switch name {
        case "index":
            JinjaValue.Callable(name) { (arguments) throws(Fault) in
                guard let item = arguments.positional.first, let place = items.firstIndex(where: { $0.equals(item) })
                else { throw Fault("the list does not have what 'index' looks for") }
                return .integer(place)
            }
        case "count":
            JinjaValue.Callable(name) { (arguments) throws(Fault) in
                .integer(items.count { $0.equals(arguments.positional.first ?? .none) })
            }
        case "append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear": notAllowed(name)
        default: nil
        }
    }

    private static func notAllowed(_ name: String) -> JinjaValue.Callable {
        JinjaValue.Callable(name) { (_) throws(Fault) in
            throw Fault("'\(name)' would change a value, which a chat template may not do")
        }
    }

    private static let ofTexts: [String: TextMethod] = [
        "strip": { (text, arguments, _) throws(Fault) in .text(PythonText.strip(text, of: try set(arguments))) },
        "lstrip": { (text, arguments, _) throws(Fault) in
            .text(PythonText.strip(text, of: try set(arguments), right: false))
        },
        "rstrip": { (text, arguments, _) throws(Fault) in
            .text(PythonText.strip(text, of: try set(arguments), left: false))
        },
        "split": { (text, arguments, renderer) throws(Fault) in
            try renderer.step(text.utf8.count / 64)
            let limit = arguments.value(1, "maxsplit")?.asInteger ?? -1
            return .list(
                PythonText.split(text, try separator(arguments), limit: limit < 0 ? .max : limit).map { .text($0) })
        },
        "rsplit": { (text, arguments, _) throws(Fault) in
            guard let separator = try separator(arguments) else { throw Fault("rsplit needs a separator") }
            let limit = arguments.value(1, "maxsplit")?.asInteger ?? -1
            var parts = PythonText.split(text, separator)
            if limit >= 0, parts.count > limit + 1 {
                let head = parts.prefix(parts.count - limit).joined(separator: separator)
                parts = [head] + parts.suffix(limit)
            }
            return .list(parts.map { .text($0) })
        },
        "splitlines": { (text, arguments, _) throws(Fault) in
            try arguments.check("splitlines", [])
            return .list(PythonText.lines(text).map { .text($0) })
        },
        "partition": { (text, arguments, _) throws(Fault) in
            guard let separator = try separator(arguments) else { throw Fault("partition needs a separator") }
            let parts = PythonText.split(text, separator, limit: 1)
            return .tuple(
                parts.count == 2
                    ? [.text(parts[0]), .text(separator), .text(parts[1])] : [.text(text), .text(""), .text("")])
        },
        "startswith": { (text, arguments, _) throws(Fault) in
            .boolean(
                try choices(arguments, "startswith").contains { text.unicodeScalars.starts(with: $0.unicodeScalars) })
        },
        "endswith": { (text, arguments, _) throws(Fault) in
            .boolean(
                try choices(arguments, "endswith").contains {
                    text.unicodeScalars.reversed().starts(with: $0.unicodeScalars.reversed())
                })
        },
        "removeprefix": { (text, arguments, _) throws(Fault) in
            let prefix = try one(arguments, "removeprefix").unicodeScalars
            guard text.unicodeScalars.starts(with: prefix) else { return .text(text) }
            return .text(PythonText.string(text.unicodeScalars.dropFirst(prefix.count)))
        },
        "removesuffix": { (text, arguments, _) throws(Fault) in
            let suffix = try one(arguments, "removesuffix").unicodeScalars
            guard text.unicodeScalars.reversed().starts(with: suffix.reversed()) else { return .text(text) }
            return .text(PythonText.string(text.unicodeScalars.dropLast(suffix.count)))
        },
        "replace": { (text, arguments, renderer) throws(Fault) in
            guard case .text(let old)? = arguments.value(0, "old"), case .text(let new)? = arguments.value(1, "new")
            else {
                throw Fault("replace needs two texts")
            }
            return .text(try replaced(text, old, new, arguments.value(2, "count")?.asInteger ?? .max, renderer))
        },
        "find": { (text, arguments, _) throws(Fault) in
            .integer(PythonText.places(of: try one(arguments, "find"), in: text, limit: 1).first ?? -1)
        },
        "rfind": { (text, arguments, _) throws(Fault) in
            .integer(PythonText.places(of: try one(arguments, "rfind"), in: text).last ?? -1)
        },
        "count": { (text, arguments, _) throws(Fault) in
            .integer(PythonText.places(of: try one(arguments, "count"), in: text).count)
        },
        "join": { (text, arguments, renderer) throws(Fault) in
            let parts = try (arguments.positional.first ?? .none).items()
            try renderer.step(parts.count)
            return .text(parts.map(\.printed).joined(separator: text))
        },
        "upper": { (text, _, _) throws(Fault) in .text(text.uppercased()) },
        "lower": { (text, _, _) throws(Fault) in .text(text.lowercased()) },
        "title": { (text, _, _) throws(Fault) in .text(PythonText.title(text)) },
        "capitalize": { (text, _, _) throws(Fault) in .text(PythonText.capitalize(text)) },
        "isdigit": { (text, _, _) throws(Fault) in
            .boolean(
                !text.isEmpty
                    && text.unicodeScalars.allSatisfy {
                        $0.properties.numericType == .decimal || $0.properties.numericType == .digit
                    })
        },
        "isspace": { (text, _, _) throws(Fault) in
            .boolean(!text.isEmpty && text.unicodeScalars.allSatisfy(PythonText.isSpace))
        },
        "isalpha": { (text, _, _) throws(Fault) in
            .boolean(!text.isEmpty && text.unicodeScalars.allSatisfy { $0.properties.isAlphabetic })
        },
    ]

    /// A text with a part replaced, unless it becomes too long.
    static func replaced(
        _ text: String, _ old: String, _ new: String, _ limit: Int, _ renderer: Renderer
    ) throws(Fault) -> String {
        try renderer.step(1 + text.utf8.count / 64)
        let count = PythonText.places(of: old, in: text, limit: limit < 0 ? .max : limit).count
        let (size, overflow) = count.multipliedReportingOverflow(by: new.utf8.count)
        try renderer.checkSize(overflow ? .max : size + text.utf8.count)
        return PythonText.replace(text, old, new, limit: limit < 0 ? .max : limit)
    }

    private static func set(_ arguments: Arguments) throws(Fault) -> String? {
        switch arguments.positional.first {
        case nil, .some(.none): return nil
        case .text(let set): return set
        case let other?: throw Fault("\(other.kind) is not a set of characters")
        }
    }

    private static func separator(_ arguments: Arguments) throws(Fault) -> String? {
        switch arguments.value(0, "sep") {
        case nil, .some(.none): return nil
        case .text(let text) where !text.isEmpty: return text
        default: throw Fault("a separator must be a text that is not empty")
        }
    }

    private static func one(_ arguments: Arguments, _ name: String) throws(Fault) -> String {
        guard arguments.positional.count == 1, case .text(let text) = arguments.positional[0] else {
            throw Fault("\(name) needs one text")
        }
        return text
    }

    private static func choices(_ arguments: Arguments, _ name: String) throws(Fault) -> [String] {
        guard case .tuple(let items)? = arguments.positional.first else { return [try one(arguments, name)] }
        return items.map(\.printed)
    }
}

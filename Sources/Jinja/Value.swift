// SPDX-License-Identifier: Apache-2.0

/// A value in a template, as Python has it.
enum JinjaValue: Sendable {
    /// A name, an attribute or an item that is not there, with how it was called.
    case undefined(String)
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([JinjaValue])
    case tuple([JinjaValue])
    /// Keys in the order in which they came. Keys are texts.
    case mapping([Member])
    /// `namespace()`, which `set` can change.
    case namespace(Namespace)
    /// What can be called: a macro, a function, a method of a value.
    case callable(Callable)

    struct Member: Sendable {
        var key: String
        var value: JinjaValue

        init(_ key: String, _ value: JinjaValue) { (self.key, self.value) = (key, value) }
    }

    /// The attributes of a namespace. A template is rendered by one thread.
    final class Namespace: @unchecked Sendable {
        var members: [Member]
        init(_ members: [Member]) { self.members = members }
    }

    struct Callable: Sendable {
        let name: String
        let body: @Sendable (Arguments, Renderer) throws(Fault) -> JinjaValue

        /// A function of arguments that knows nothing of the rendering.
        init(_ name: String, _ body: @escaping @Sendable (Arguments) throws(Fault) -> JinjaValue) {
            self.init(name, rendering: { (arguments, _) throws(Fault) in try body(arguments) })
        }

        init(_ name: String, rendering body: @escaping @Sendable (Arguments, Renderer) throws(Fault) -> JinjaValue) {
            (self.name, self.body) = (name, body)
        }
    }
}

/// What went wrong while a template is rendered; the renderer adds the line.
struct Fault: Error {
    var message: String
    var isRaised = false
    var line: Int?

    init(_ message: String, isRaised: Bool = false) { (self.message, self.isRaised) = (message, isRaised) }
}

/// The arguments of a call, of a filter or of a test.
struct Arguments {
    var positional: [JinjaValue] = []
    var named: [JinjaValue.Member] = []

    /// The argument of a parameter, by its place or by its name.
    func value(_ place: Int, _ name: String) -> JinjaValue? {
        positional.indices.contains(place) ? positional[place] : named[name]
    }

    /// Refuses more arguments than a function has, and names that it does not have.
    func check(_ function: String, _ parameters: [String]) throws(Fault) {
        guard positional.count <= parameters.count else {
            throw Fault("\(function) takes at most \(parameters.count) arguments")
        }
        for member in named where !parameters.contains(member.key) {
            throw Fault("\(function) has no argument '\(member.key)'")
        }
    }
}

extension [JinjaValue.Member] {
    subscript(_ key: String) -> JinjaValue? {
        get { last { $0.key.unicodeScalars.elementsEqual(key.unicodeScalars) }?.value }
        set {
            let place = lastIndex { $0.key.unicodeScalars.elementsEqual(key.unicodeScalars) }
            if let newValue, let place {
                self[place].value = newValue
            } else if let newValue {
                append(JinjaValue.Member(key, newValue))
            } else if let place {
                remove(at: place)
            }
        }
    }
}

extension JinjaValue {
    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// Python's `bool(value)`.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .text(let text): !text.isEmpty
        case .list(let items), .tuple(let items): !items.isEmpty
        case .mapping(let members): !members.isEmpty
        case .namespace, .callable: true
        }
    }

    /// The value for arithmetic; Python counts with truth values, too.
    var asNumber: Double? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    var asInteger: Int? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    /// "a text", for sentences.
    var kind: String {
        switch self {
        case .undefined(let name): "\(name), which is not defined"
        case .none: "none"
        case .boolean: "a truth value"
        case .integer, .number: "a number"
        case .text: "a text"
        case .list: "a list"
        case .tuple: "a tuple"
        case .mapping: "a mapping"
        case .namespace: "a namespace"
        case .callable(let callable): "the function \(callable.name)"
        }
    }

    /// Python's `==`.
    func equals(_ other: JinjaValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): true
        case (.text(let left), .text(let right)): left.unicodeScalars.elementsEqual(right.unicodeScalars)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
        case (.mapping(let left), .mapping(let right)):
            left.count == right.count && left.allSatisfy { right[$0.key]?.equals($0.value) ?? false }
        case (.namespace(let left), .namespace(let right)): left === right
        default:
            if let left = asInteger, let right = other.asInteger {
                left == right
            } else if let left = asNumber, let right = other.asNumber {
                left == right
            } else {
                false
            }
        }
    }

    /// Python's `<`.
    func isLess(than other: JinjaValue) throws(Fault) -> Bool {
        if let left = asInteger, let right = other.asInteger { return left < right }
        if let left = asNumber, let right = other.asNumber { return left < right }
        switch (self, other) {
        case (.text(let left), .text(let right)):
            return left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            for (one, two) in zip(left, right) where !one.equals(two) { return try one.isLess(than: two) }
            return left.count < right.count
        default: throw Fault("\(kind) cannot be compared with \(other.kind)")
        }
    }

    /// What a loop goes over.
    func items() throws(Fault) -> [JinjaValue] {
        switch self {
        case .undefined: []
        case .list(let items), .tuple(let items): items
        case .text(let text): text.unicodeScalars.map { .text(String($0)) }
        case .mapping(let members): members.map { .text($0.key) }
        case .none, .boolean, .integer, .number, .namespace, .callable: throw Fault("\(kind) cannot be looped over")
        }
    }

    /// Python's `in`.
    func contains(_ item: JinjaValue) throws(Fault) -> Bool {
        if case .text(let text) = self {
            guard case .text(let part) = item else { throw Fault("\(item.kind) cannot be looked for in a text") }
            return PythonText.places(of: part, in: text, limit: 1).isEmpty == false
        }
        return try items().contains { $0.equals(item) }
    }
}

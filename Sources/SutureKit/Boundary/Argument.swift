// SPDX-License-Identifier: Apache-2.0

import CSuture

/// A checked value for one declared parameter, as it crosses the boundary.
public enum Argument: Sendable, Hashable {
    /// Null was given or is the default; optional parameters only.
    case absent
    /// A whole number.
    case integer(Int)
    /// A number; finite.
    case number(Double)
    /// True or false.
    case boolean(Bool)
    /// Also the absolute path of a file.
    case text(String)
    /// A list of whole numbers.
    case integers([Int])
    /// A list of numbers.
    case numbers([Double])
    /// A list of texts.
    case texts([String])
    /// A list of lists of texts.
    case textGroups([[String]])
    /// Another component, by the slot under which the session calls it.
    case component(slot: String)
}

extension Argument {
    package init(_ c: Foreign<suture_argument>) throws(SutureError) {
        let place = "suture_argument \"\(try foreignText(c.name, "suture_argument.name"))\""
        guard c.is_present != 0 else {
            self = .absent
            return
        }
        func text() throws(SutureError) -> String { try foreignText(c.text, "\(place).text") }
        func texts() throws(SutureError) -> [String] { try foreignTexts(c.texts, c.count, in: "\(place).texts") }
        switch c.type {
        case SUTURE_TYPE_INTEGER: self = .integer(Int(c.integer))
        case SUTURE_TYPE_NUMBER: self = .number(c.number)
        case SUTURE_TYPE_BOOLEAN: self = .boolean(c.integer != 0)
        case SUTURE_TYPE_TEXT, SUTURE_TYPE_PATH: self = .text(try text())
        case SUTURE_TYPE_COMPONENT: self = .component(slot: try text())
        case SUTURE_TYPE_INTEGERS:
            self = .integers(try foreignArray(c.integers, c.count, in: "\(place).integers").map { Int($0) })
        case SUTURE_TYPE_NUMBERS:
            self = .numbers(Array(try foreignArray(c.numbers, c.count, in: "\(place).numbers")))
        case SUTURE_TYPE_TEXTS: self = .texts(try texts())
        case SUTURE_TYPE_TEXT_GROUPS:
            self = .textGroups(
                try Argument.groups(
                    texts(), foreignArray(c.group_sizes, c.group_count, in: "\(place).group_sizes"), place))
        default: throw SutureError(.unimplemented, "\(place) has the unknown type \(c.type)")
        }
    }

    /// Valid as long as the arena.
    package func c(_ name: String, _ kind: ParameterDeclaration.Kind, in arena: CArena) -> UnsafePointer<
        suture_argument
    > {
        arena.make(suture_argument.self) { c in
            c.name = arena.string(name)
            c.type = kind.rawValue
            c.is_present = self == .absent ? 0 : 1
            switch self {
            case .absent: break
            case .integer(let value): c.integer = Int64(value)
            case .number(let value): c.number = value
            case .boolean(let value): c.integer = value ? 1 : 0
            case .text(let value), .component(let value): c.text = arena.string(value)
            case .integers(let values):
                (c.count, c.integers) = (Int64(values.count), arena.array(values.map(Int64.init)))
            case .numbers(let values): (c.count, c.numbers) = (Int64(values.count), arena.array(values))
            case .texts(let values): (c.count, c.texts) = (Int64(values.count), arena.strings(values))
            case .textGroups(let groups):
                let texts = groups.flatMap(\.self)
                (c.count, c.texts) = (Int64(texts.count), arena.strings(texts))
                (c.group_count, c.group_sizes) = (Int64(groups.count), arena.array(groups.map { Int64($0.count) }))
            }
        }
    }

    private static func groups(
        _ texts: [String], _ sizes: UnsafeBufferPointer<Int64>, _ place: String
    ) throws(SutureError) -> [[String]] {
        guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +) == Int64(texts.count) else {
            throw SutureError(.invalidArgument, "\(place): the group sizes do not add up to its \(texts.count) texts")
        }
        var groups: [[String]] = []
        var start = 0
        for size in sizes {
            groups.append(Array(texts[start..<start + Int(size)]))
            start += Int(size)
        }
        return groups
    }
}

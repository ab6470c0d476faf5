// SPDX-License-Identifier: Apache-2.0

import CForeign
import CSuture
import SutureKit

extension ArgumentValue {
    /// For the boxed convention. Nil when the value is not one for a parameter of that kind.
    func c(for parameter: ParameterDeclaration, in arena: CArena) -> UnsafePointer<suture_argument>? {
        var c = suture_argument(
            struct_size: MemoryLayout<suture_argument>.size, name: arena.string(parameter.name),
            type: parameter.kind.rawValue, is_present: 1, integer: 0, number: 0, text: nil, count: 0, integers: nil,
            numbers: nil, texts: nil, group_count: 0, group_sizes: nil)
        switch (self, parameter.kind) {
        case (.null, _) where parameter.isOptional: c.is_present = 0
        case (.integer(let value), .integer): c.integer = Int64(value)
        case (.integer(let value), .number): c.number = Double(value)
        case (.number(let value), .number): c.number = value
        case (.boolean(let value), .boolean): c.integer = value ? 1 : 0
        case (.text(let value), .text), (.text(let value), .path): c.text = arena.string(value)
        case (.integers(let values), .integers):
            (c.count, c.integers) = (Int64(values.count), arena.array(values.map(Int64.init)))
        case (.numbers(let values), .numbers): (c.count, c.numbers) = (Int64(values.count), arena.array(values))
        case (.integers(let values), .numbers):
            (c.count, c.numbers) = (Int64(values.count), arena.array(values.map(Double.init)))
        case (.texts(let values), .texts): (c.count, c.texts) = (Int64(values.count), arena.strings(values))
        case (.textGroups(let groups), .textGroups):
            let texts = groups.flatMap(\.self)
            (c.count, c.texts) = (Int64(texts.count), arena.strings(texts))
            (c.group_count, c.group_sizes) = (Int64(groups.count), arena.array(groups.map { Int64($0.count) }))
        case (.component, .component): c.text = arena.string(parameter.name)
        default: return nil
        }
        return arena.value(c)
    }

    /// For the native convention. Nil when the value is not one for a parameter of that kind.
    func foreign(for parameter: ParameterDeclaration, in arena: CArena) -> suture_foreign_value? {
        switch (self, parameter.kind) {
        case (.number(let value), .number): .number(value)
        case (.integer(let value), .number): .number(Double(value))
        case (.integer(let value), .integer): .integer(Int64(value))
        case (.boolean(let value), .boolean): .integer(value ? 1 : 0, "i")
        case (.text(let value), .text), (.text(let value), .path): .pointer(arena.string(value), "s")
        case (.component, .component): .pointer(arena.string(parameter.name), "s")
        case (.null, .text) where parameter.isOptional, (.null, .path) where parameter.isOptional,
            (.null, .component) where parameter.isOptional:
            .pointer(nil, "s")
        default: nil
        }
    }
}

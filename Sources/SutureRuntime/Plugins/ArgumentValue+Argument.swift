// SPDX-License-Identifier: Apache-2.0

import CForeign
import SutureKit

extension ArgumentValue {
    /// As it crosses the boundary. Nil when the value is not one for a parameter of that kind.
    func argument(for parameter: ParameterDeclaration) -> Argument? {
        switch (self, parameter.kind) {
        case (.null, _) where parameter.isOptional: .absent
        case (.integer(let value), .integer): .integer(value)
        case (.integer(let value), .number): .number(Double(value))
        case (.number(let value), .number): .number(value)
        case (.boolean(let value), .boolean): .boolean(value)
        case (.text(let value), .text), (.text(let value), .path): .text(value)
        case (.integers(let values), .integers): .integers(values)
        case (.integers(let values), .numbers): .numbers(values.map(Double.init))
        case (.numbers(let values), .numbers): .numbers(values)
        case (.texts(let values), .texts): .texts(values)
        case (.textGroups(let groups), .textGroups): .textGroups(groups)
        case (.component, .component): .component(slot: parameter.name)
        default: nil
        }
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

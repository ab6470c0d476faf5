// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

/// A ``ParameterDeclaration`` on its way through JSON.
struct ComponentParameter: Codable, Sendable {
    var name: String
    var type: Int32
    var flags: Int32
    var defaultJSON: String?
    var minimum: Double
    var maximum: Double
    var choices: [String]
    var unit: String
    var help: String
    var needs: UInt64
    var needsOtherwise: UInt64
    var componentKind: Int32

    init(_ value: ParameterDeclaration) {
        // By way of the C struct, which knows the flags.
        let arena = CArena()
        let c = value.c(in: arena)
        name = value.name
        type = c.pointee.type
        flags = c.pointee.flags
        defaultJSON = value.defaultJSON
        minimum = c.pointee.minimum
        maximum = c.pointee.maximum
        choices = value.choices
        unit = value.unit
        help = value.help
        needs = value.needs.rawValue
        needsOtherwise = value.needsOtherwise.rawValue
        componentKind = value.componentKind
        withExtendedLifetime(arena) {}
    }

    var value: ParameterDeclaration? {
        let arena = CArena()
        let c = arena.value(
            suture_parameter(
                struct_size: MemoryLayout<suture_parameter>.size, name: arena.string(name), type: type, flags: flags,
                default_json: defaultJSON.map { arena.string($0) }, minimum: minimum, maximum: maximum,
                choice_count: Int64(choices.count), choices: arena.strings(choices), unit: arena.string(unit),
                help: arena.string(help), needs: needs, needs_otherwise: needsOtherwise,
                component_kind: componentKind, reserved: 0))
        return withExtendedLifetime(arena) { ParameterDeclaration(c) }
    }
}

// SPDX-License-Identifier: Apache-2.0

import CSuture

extension ParameterDeclaration: Crossing {
    package init(_ c: Foreign<suture_parameter>) throws(SutureError) {
        guard let kind = Kind(rawValue: c.type) else {
            throw SutureError(.unimplemented, "type \(c.type) is not one that this host knows")
        }
        self.init(
            name: try foreignText(c.name, "suture_parameter.name"), kind: kind,
            isRequired: c.flags & SUTURE_PARAMETER_REQUIRED != 0,
            isOptional: c.flags & SUTURE_PARAMETER_OPTIONAL != 0,
            defaultJSON: c.default_json.map { String(cString: $0) },
            range: ParameterRange(
                minimum: c.minimum, maximum: c.maximum,
                excludesMinimum: c.flags & SUTURE_PARAMETER_EXCLUSIVE_MINIMUM != 0,
                excludesMaximum: c.flags & SUTURE_PARAMETER_EXCLUSIVE_MAXIMUM != 0),
            choices: try foreignTexts(c.choices, c.choice_count, in: "suture_parameter.choices"),
            unit: c.unit.map { String(cString: $0) } ?? "", help: c.help.map { String(cString: $0) } ?? "",
            needs: EditCase.Fields(rawValue: c.needs), needsOtherwise: EditCase.Fields(rawValue: c.needs_otherwise),
            componentKind: c.component_kind)
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_parameter> {
        var flags: Int32 = 0
        if isRequired { flags |= SUTURE_PARAMETER_REQUIRED }
        if isOptional { flags |= SUTURE_PARAMETER_OPTIONAL }
        if range.excludesMinimum { flags |= SUTURE_PARAMETER_EXCLUSIVE_MINIMUM }
        if range.excludesMaximum { flags |= SUTURE_PARAMETER_EXCLUSIVE_MAXIMUM }
        return arena.make(suture_parameter.self) {
            $0.name = arena.string(name)
            $0.type = kind.rawValue
            $0.flags = flags
            $0.default_json = defaultJSON.map { arena.string($0) }
            $0.minimum = range.minimum
            $0.maximum = range.maximum
            $0.choice_count = Int64(choices.count)
            $0.choices = arena.strings(choices)
            $0.unit = arena.string(unit)
            $0.help = arena.string(help)
            $0.needs = needs.rawValue
            $0.needs_otherwise = needsOtherwise.rawValue
            $0.component_kind = componentKind
        }
    }
}

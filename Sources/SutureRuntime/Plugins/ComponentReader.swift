// SPDX-License-Identifier: Apache-2.0

import CSuture
import Foundation
import SutureKit

/// Reads what a plugin declares, and says what is wrong with it.
struct ComponentReader {
    var file: String
    var pluginID: String
    var pluginVersion: String
    var digest: String

    /// The sound components of a library, and a problem for each other one.
    func read(
        _ components: [UnsafePointer<suture_component>]
    ) -> (components: [ComponentDescription], problems: [PluginProblem]) {
        var found: [ComponentDescription] = []
        var problems: [PluginProblem] = []
        for (index, component) in components.enumerated() {
            do throws(Complaint) {
                let description = try read(ForeignStruct(component), at: index)
                if found.contains(where: { $0.kind == description.kind && $0.id == description.id }) {
                    throw Complaint(
                        text: "it is declared twice", kind: description.kind, component: description.id)
                }
                found.append(description)
            } catch {
                let name = error.kind.flatMap { kind in error.component.map { "the \(kind.name) \"\($0)\"" } }
                problems.append(
                    PluginProblem(
                        file: file, sentence: "\(file): \(name ?? "component \(index + 1)"): \(error.text)",
                        hint: "report this to its author", kind: error.kind, component: error.component))
            }
        }
        return (found, problems)
    }

    /// What is wrong with a component.
    private struct Complaint: Error {
        var text: String
        var kind: ComponentKind?
        var component: String?
    }

    private func read(
        _ c: ForeignStruct<suture_component>, at index: Int
    ) throws(Complaint) -> ComponentDescription {
        guard let id = c.text(\.id), !id.isEmpty else { throw Complaint(text: "id is empty") }
        guard let number = c.number(\.kind), let kind = ComponentKind(rawValue: number) else {
            throw Complaint(text: "\"\(id)\": kind \(c.number(\.kind) ?? 0) is none that this host knows")
        }
        func complaint(_ text: String) -> Complaint { Complaint(text: text, kind: kind, component: id) }
        let convention = c.number(\.convention) ?? SUTURE_CONVENTION_BOXED
        guard convention == SUTURE_CONVENTION_BOXED || convention == SUTURE_CONVENTION_NATIVE else {
            throw complaint("convention \(convention) is none that this host knows")
        }
        guard let declared = c.pointers(\.parameters, count: \.parameter_count, to: suture_parameter.self) else {
            throw complaint(
                "parameters is NULL or holds a NULL, and parameter_count is \(c.number(\.parameter_count) ?? 0)")
        }
        var parameters: [ParameterDeclaration] = []
        for (position, pointer) in declared.enumerated() {
            let name = ForeignStruct(pointer).text(\.name) ?? ""
            do throws(Complaint) {
                let parameter = try read(ForeignStruct(pointer), isNative: convention == SUTURE_CONVENTION_NATIVE)
                if parameters.contains(where: { $0.name == name }) { throw Complaint(text: "it is declared twice") }
                parameters.append(parameter)
            } catch {
                throw complaint("parameter \(name.isEmpty ? String(position + 1) : "\"\(name)\""): \(error.text)")
            }
        }
        if convention == SUTURE_CONVENTION_NATIVE {
            do {
                _ = try NativeEntry(c, parameters: parameters)
            } catch {
                throw complaint(error.text)
            }
        }
        return ComponentDescription(
            id: id, kind: kind, version: c.text(\.version) ?? "", summary: c.text(\.summary) ?? "",
            requires: EditCase.Fields(rawValue: c.number(\.required_fields) ?? 0), parameters: parameters,
            isNative: convention == SUTURE_CONVENTION_NATIVE, pluginID: pluginID, pluginVersion: pluginVersion,
            file: file, digest: digest)
    }

    private func read(
        _ c: ForeignStruct<suture_parameter>, isNative: Bool
    ) throws(Complaint) -> ParameterDeclaration {
        func complaint(_ text: String) -> Complaint { Complaint(text: text) }
        guard let name = c.text(\.name), !name.isEmpty else { throw complaint("name is empty") }
        let type = c.number(\.type) ?? 0
        guard let choices = c.pointers(\.choices, count: \.choice_count, to: CChar.self) else {
            throw complaint("choices is NULL or holds a NULL, and choice_count is \(c.number(\.choice_count) ?? 0)")
        }
        // An older and shorter declaration: what it lacks has its neutral value. The kit's own reader takes whole structs.
        let arena = CArena()
        let whole = arena.value(
            suture_parameter(
                struct_size: MemoryLayout<suture_parameter>.size, name: arena.string(name), type: type,
                flags: c.number(\.flags) ?? 0, default_json: c.text(\.default_json).map { arena.string($0) },
                minimum: c.number(\.minimum) ?? -.infinity, maximum: c.number(\.maximum) ?? .infinity,
                choice_count: Int64(choices.count), choices: arena.array(choices),
                unit: arena.string(c.text(\.unit) ?? ""), help: arena.string(c.text(\.help) ?? ""),
                needs: c.number(\.needs) ?? 0, needs_otherwise: c.number(\.needs_otherwise) ?? 0,
                component_kind: c.number(\.component_kind) ?? 0, reserved: 0))
        guard let parameter = withExtendedLifetime(arena, { ParameterDeclaration(whole) }) else {
            throw complaint("type \(type) is none that this host knows")
        }
        if let text = complaintAbout(parameter, isNative: isNative) { throw complaint(text) }
        return parameter
    }

    /// What a declaration says against itself, or nil.
    private func complaintAbout(_ parameter: ParameterDeclaration, isNative: Bool) -> String? {
        if parameter.isRequired && parameter.defaultJSON != nil { return "it is required and has a default" }
        if !parameter.isRequired && !parameter.isOptional && parameter.defaultJSON == nil {
            return "it has no default, and neither flag SUTURE_PARAMETER_REQUIRED nor SUTURE_PARAMETER_OPTIONAL is set"
        }
        if parameter.kind == .component, ComponentKind(rawValue: parameter.componentKind) == nil {
            return "component_kind \(parameter.componentKind) is none that this host knows"
        }
        if parameter.range.minimum > parameter.range.maximum {
            return "minimum \(parameter.range.minimum) is above maximum \(parameter.range.maximum)"
        }
        if isNative, NativeEntry.letter(of: parameter.kind) == nil {
            return "a native component cannot take \(parameter.kind.phrase)"
        }
        if isNative, parameter.isOptional, NativeEntry.letter(of: parameter.kind) != "s" {
            return "a native component cannot be told that it is absent; give it a default"
        }
        guard let json = parameter.defaultJSON, !(parameter.isOptional && json == "null") else { return nil }
        guard let value = DefaultValue(json, parameter.kind) else {
            return "default_json \(json) is not \(parameter.kind.phrase)"
        }
        if let number = value.numbers.first(where: { !parameter.range.admits($0) }) {
            return "default_json \(json): \(number) is outside its own range"
        }
        if let text = value.texts.first(where: { !parameter.choices.isEmpty && !parameter.choices.contains($0) }) {
            return "default_json \(json): \"\(text)\" is not among its own choices"
        }
        return nil
    }
}

extension ParameterRange {
    fileprivate func admits(_ value: Double) -> Bool {
        (excludesMinimum ? value > minimum : value >= minimum) && (excludesMaximum ? value < maximum : value <= maximum)
    }
}

/// A default as its declaration writes it, reduced to what its range and choices speak of.
private struct DefaultValue {
    var numbers: [Double] = []
    var texts: [String] = []

    /// Nil when the text is not a value of that kind.
    init?(_ json: String, _ kind: ParameterDeclaration.Kind) {
        func value<Value: Decodable>(_: Value.Type) -> Value? {
            try? JSONDecoder().decode(Value.self, from: Data(json.utf8))
        }
        switch kind {
        case .integer: guard let value = value(Int.self) else { return nil }; numbers = [Double(value)]
        case .number: guard let value = value(Double.self) else { return nil }; numbers = [value]
        case .boolean: guard value(Bool.self) != nil else { return nil }
        case .text, .path: guard let value = value(String.self) else { return nil }; texts = [value]
        case .integers: guard let value = value([Int].self) else { return nil }; numbers = value.map(Double.init)
        case .numbers: guard let value = value([Double].self) else { return nil }; numbers = value
        case .texts: guard let value = value([String].self) else { return nil }; texts = value
        case .textGroups: guard let value = value([[String]].self) else { return nil }; texts = value.flatMap(\.self)
        // Which component fits is the experiment's choice.
        case .component: return nil
        }
    }
}

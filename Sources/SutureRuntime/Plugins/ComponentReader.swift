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
                let description = try read(component, at: index)
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
        _ component: UnsafePointer<suture_component>, at index: Int
    ) throws(Complaint) -> ComponentDescription {
        let c: Foreign<suture_component>
        do {
            c = try Foreign(component, in: "suture_plugin.component_at")
        } catch {
            throw Complaint(text: error.message)
        }
        if let complaint = PluginName.complaint(about: c.id) { throw Complaint(text: "id \(complaint)") }
        let id = c.id.map { String(cString: $0) } ?? ""
        guard let kind = ComponentKind(rawValue: c.kind) else {
            throw Complaint(text: "\"\(id)\": kind \(c.kind) is not one that this host knows")
        }
        func complaint(_ text: String) -> Complaint { Complaint(text: text, kind: kind, component: id) }
        guard c.convention == SUTURE_CONVENTION_BOXED || c.convention == SUTURE_CONVENTION_NATIVE else {
            throw complaint("convention \(c.convention) is not one that this host knows")
        }
        if let wrong = PluginName.complaint(about: c.version) { throw complaint("version \(wrong)") }
        let isNative = c.convention == SUTURE_CONVENTION_NATIVE
        let parameters = try parameters(c, isNative: isNative, complaint)
        if isNative {
            do {
                _ = try NativeEntry(c, parameters: parameters)
            } catch {
                throw complaint(error.message)
            }
        }
        return ComponentDescription(
            id: id, kind: kind, version: c.version.map { String(cString: $0) } ?? "",
            summary: c.summary.map { String(cString: $0) } ?? "",
            requires: EditCase.Fields(rawValue: c.required_fields), parameters: parameters, isNative: isNative,
            pluginID: pluginID, pluginVersion: pluginVersion, file: file, digest: digest)
    }

    private func parameters(
        _ c: Foreign<suture_component>, isNative: Bool, _ complaint: (String) -> Complaint
    ) throws(Complaint) -> [ParameterDeclaration] {
        var parameters: [ParameterDeclaration] = []
        do throws(SutureError) {
            let declared = try foreignElements(
                c.parameters, c.parameter_count, in: "parameters and parameter_count")
            for (position, declaration) in declared.enumerated() {
                let wrong = PluginName.complaint(about: declaration.name)
                let name = wrong == nil ? declaration.name.map { String(cString: $0) } ?? "" : ""
                let text: String?
                do throws(SutureError) {
                    if let wrong { throw SutureError(.invalidArgument, "name \(wrong)") }
                    let parameter = try ParameterDeclaration(declaration)
                    text =
                        parameters.contains { $0.name == name }
                        ? "it is declared twice" : complaintAbout(parameter, isNative: isNative)
                    parameters.append(parameter)
                } catch {
                    text = error.message
                }
                if let text {
                    throw SutureError(
                        .invalidArgument, "parameter \(name.isEmpty ? String(position + 1) : "\"\(name)\""): \(text)")
                }
            }
        } catch {
            throw complaint(error.message)
        }
        return parameters
    }

    /// What a declaration says against itself, or nil.
    private func complaintAbout(_ parameter: ParameterDeclaration, isNative: Bool) -> String? {
        if parameter.isRequired && parameter.defaultJSON != nil { return "it is required and has a default" }
        if !parameter.isRequired && !parameter.isOptional && parameter.defaultJSON == nil {
            return "it has no default, and neither flag SUTURE_PARAMETER_REQUIRED nor SUTURE_PARAMETER_OPTIONAL is set"
        }
        if parameter.kind == .component, ComponentKind(rawValue: parameter.componentKind) == nil {
            return "component_kind \(parameter.componentKind) is not one that this host knows"
        }
        if parameter.range.minimum > parameter.range.maximum {
            return "minimum \(parameter.range.minimum) is above maximum \(parameter.range.maximum)"
        }
        if isNative, NativeEntry.letter(of: parameter.kind) == nil {
            return "a native component cannot take \(parameter.kind.phrase)"
        }
        if isNative, parameter.isOptional, NativeEntry.letter(of: parameter.kind) != "s" {
            return "a native component cannot receive an absent value of this type; give it a default"
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
        case .integer:
            guard let value = value(Int.self) else { return nil }
            numbers = [Double(value)]
        case .number:
            guard let value = value(Double.self) else { return nil }
            numbers = [value]
        case .boolean: guard value(Bool.self) != nil else { return nil }
        case .text, .path:
            guard let value = value(String.self) else { return nil }
            texts = [value]
        case .integers:
            guard let value = value([Int].self) else { return nil }
            numbers = value.map(Double.init)
        case .numbers:
            guard let value = value([Double].self) else { return nil }
            numbers = value
        case .texts:
            guard let value = value([String].self) else { return nil }
            texts = value
        case .textGroups:
            guard let value = value([[String]].self) else { return nil }
            texts = value.flatMap(\.self)
        // Which component fits is the experiment's choice.
        case .component: return nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Checks the settings of a component against its declarations and fills its defaults.
package enum ArgumentResolver {
    /// Finds the component that a setting names, and fills its settings.
    ///
    /// - Parameter path: "ime.base", for sentences.
    package typealias Nested = (
        _ kind: ComponentKind, _ node: ConfigNode, _ path: String
    ) throws(RuntimeError) -> ResolvedComponent

    /// One value for each declared parameter, in declaration order.
    ///
    /// - Parameters:
    ///   - settings: a mapping of parameter names to values.
    ///   - model: what layers and sites may be named; nil: any.
    /// - Throws: `usage`, naming component, parameter and value, for settings that are unknown, missing, of the wrong
    ///   type or outside their range, and for layers and sites that the model does not have; `file` for files that they name;
    ///   `plugin` for a default that breaks its own declaration.
    package static func resolve(
        _ settings: ConfigNode, for component: ComponentDescription, paths: PathResolver, model: ModelParts? = nil,
        nested: Nested = { _, node, path throws(RuntimeError) in
            throw RuntimeError(.usage, "\(node.place): \(path) cannot be a component here")
        }
    ) throws(RuntimeError) -> [ArgumentValue] {
        let known = component.parameters.map(\.name)
        let reader = try ConfigReader(settings, path: component.id, keys: nil)
        for entry in reader.entries where !known.contains(entry.key) {
            let meant = NearestName.of(entry.key, in: known)
            let list = known.isEmpty ? "it has none" : "its parameters are \(known.joined(separator: ", "))"
            throw RuntimeError(
                .usage, "\(entry.place): \(component.id): unknown parameter '\(entry.key)'",
                hint: meant.map { "did you mean '\($0)'?" } ?? list)
        }
        var values: [ArgumentValue] = []
        for parameter in component.parameters {
            let check = Check(component: component.id, parameter: parameter, paths: paths, model: model)
            if let node = settings[parameter.name] {
                if parameter.kind == .component, !node.isNull {
                    guard let kind = ComponentKind(rawValue: parameter.componentKind) else {
                        throw check.mustBe(parameter.kind.phrase, node)
                    }
                    values.append(.component(try nested(kind, node, "\(component.id).\(parameter.name)")))
                    continue
                }
                values.append(try check.value(node))
            } else {
                values.append(try standard(parameter, of: component, check, at: settings.place))
            }
        }
        return values
    }

    /// The values of a component without settings in the file.
    ///
    /// - Throws: `usage` for a parameter that must be given.
    package static func defaults(of component: ComponentDescription) throws(RuntimeError) -> [ArgumentValue] {
        let nothing = try ConfigNode(yaml: Data("{}".utf8), name: component.id)
        return try resolve(nothing, for: component, paths: PathResolver(currentFolder: "/", fileFolder: "/"))
    }

    /// The value of a parameter that the file leaves out.
    private static func standard(
        _ parameter: ParameterDeclaration, of component: ComponentDescription, _ check: Check,
        at place: ConfigNode.Place
    ) throws(RuntimeError) -> ArgumentValue {
        guard let json = parameter.defaultJSON else {
            if parameter.isOptional { return .null }
            let help = parameter.help.isEmpty ? "" : ": \(parameter.help)"
            throw RuntimeError(
                .usage, "\(place): \(component.id): \(parameter.name) is missing",
                hint: "it must be \(parameter.kind.phrase)\(help)")
        }
        func blame(_ error: RuntimeError) -> RuntimeError {
            RuntimeError(
                .plugin, "the plugin '\(component.pluginID)' declares a wrong default: \(error.message)",
                hint: "ask its author for a corrected version")
        }
        let value: JSONValue
        do {
            value = try JSONValue(json, name: "\(component.id): the default of \(parameter.name)")
        } catch {
            throw blame(RuntimeError(error))
        }
        let node: ConfigNode
        let filled: ArgumentValue
        do {
            node = value.node(at: .inside("the declaration of '\(component.id)' in '\(component.file)'"))
            filled = try check.ofAnyModel.value(node)
        } catch {
            // A file that the default names may be missing here, and the plugin is not at fault.
            throw error.kind == .file ? error : blame(error)
        }
        do {
            _ = try check.value(node)
        } catch {
            // Nor is it where another model has what the default names.
            throw RuntimeError(error.kind, error.message, hint: "this is the default, so set \(parameter.name)")
        }
        return filled
    }

    /// The checks of one parameter.
    private struct Check {
        /// 2^53: counts and places can be added without an overflow, and every reader of JSON keeps them exactly.
        static let largestInteger = 0x1p53

        let component: String
        let parameter: ParameterDeclaration
        let paths: PathResolver
        /// Nil: a layer or a site may be any.
        var model: ModelParts?

        var ofAnyModel: Check { Check(component: component, parameter: parameter, paths: paths, model: nil) }

        func value(_ node: ConfigNode) throws(RuntimeError) -> ArgumentValue {
            if node.isNull {
                guard parameter.isOptional else {
                    let standard = parameter.defaultJSON.map { "leave the key out for its default \($0)" } ?? ""
                    throw mustBe(parameter.kind.phrase, node, hint: standard)
                }
                return .null
            }
            switch parameter.kind {
            case .integer: return .integer(try integer(node, parameter.name))
            case .number: return .number(try number(node, parameter.name))
            case .boolean:
                guard let value = node.boolean else { throw mustBe("true or false", node) }
                return .boolean(value)
            case .text where parameter.namedInput != nil: return .text(try namedInput(node, parameter.name))
            case .text: return .text(try text(node, parameter.name))
            case .integers: return .integers(try list(node, integer))
            case .numbers: return .numbers(try list(node, number))
            case .texts where parameter.namedInput != nil: return .texts(try list(node, namedInput))
            case .texts: return .texts(try list(node, text))
            case .textGroups: return .textGroups(try groups(node))
            case .path: return .text(try file(node))
            case .component: throw mustBe(parameter.kind.phrase, node)
            }
        }

        func mustBe(_ what: String, _ node: ConfigNode, name: String? = nil, hint: String = "") -> RuntimeError {
            RuntimeError(
                .usage,
                "\(node.place): \(component): \(name ?? parameter.name) must be \(what), got \(node.phrase)",
                hint: hint)
        }

        private func integer(_ node: ConfigNode, _ name: String) throws(RuntimeError) -> Int {
            guard let value = node.integer else { throw mustBe("a whole number", node, name: name) }
            guard abs(Double(value)) <= Check.largestInteger else {
                throw mustBe("a whole number between -2^53 and 2^53", node, name: name)
            }
            try inRange(Double(value), node, name)
            if let fault = model?.fault(ofLayer: value, parameter) {
                throw mustBe(fault.mustBe, node, name: name, hint: fault.hint)
            }
            return value
        }

        private func number(_ node: ConfigNode, _ name: String) throws(RuntimeError) -> Double {
            guard let value = node.number else { throw mustBe("a number", node, name: name) }
            guard value.isFinite else { throw mustBe("a finite number", node, name: name) }
            try inRange(value, node, name)
            return value
        }

        private func inRange(_ value: Double, _ node: ConfigNode, _ name: String) throws(RuntimeError) {
            let range = parameter.range
            let above = range.excludesMinimum ? value > range.minimum : value >= range.minimum
            let below = range.excludesMaximum ? value < range.maximum : value <= range.maximum
            guard above && below else { throw mustBe(range.phrase, node, name: name) }
        }

        private func text(_ node: ConfigNode, _ name: String) throws(RuntimeError) -> String {
            guard let text = node.text else { throw mustBe("a text", node, name: name) }
            guard !text.unicodeScalars.contains("\0") else {
                throw mustBe("a text without NUL characters", node, name: name)
            }
            guard parameter.choices.isEmpty || parameter.choices.contains(text) else {
                let meant = NearestName.of(text, in: parameter.choices)
                throw mustBe(
                    "one of \(parameter.choices.joined(separator: ", "))", node, name: name,
                    hint: meant.map { "did you mean '\($0)'?" } ?? "")
            }
            if let fault = model?.fault(ofSite: text, parameter) {
                throw mustBe(fault.mustBe, node, name: name, hint: fault.hint)
            }
            return text
        }

        private func list<Element>(
            _ node: ConfigNode, _ element: (ConfigNode, String) throws(RuntimeError) -> Element
        ) throws(RuntimeError) -> [Element] {
            guard case .list(let items) = node.content else {
                var hint = ""
                if case .scalar(let text, _) = node.content { hint = "write [\(text)] for a list of one" }
                throw mustBe(parameter.kind.phrase, node, hint: hint)
            }
            var values: [Element] = []
            for (index, item) in items.enumerated() {
                values.append(try element(item, "\(parameter.name)[\(index)]"))
            }
            return values
        }

        /// `[["{}"], ["First. {}", …]]`, or the path of a JSON file that holds the same.
        private func groups(_ node: ConfigNode) throws(RuntimeError) -> [[String]] {
            guard case .list(let items) = node.content else {
                guard case .scalar = node.content, let path = node.text, !path.isEmpty else {
                    throw mustBe(parameter.kind.phrase, node)
                }
                return try groups(inFile: try existing(path, node))
            }
            var groups: [[String]] = []
            for (index, item) in items.enumerated() {
                guard case .list(let texts) = item.content else {
                    throw mustBe(
                        "a list of texts", item, name: "\(parameter.name)[\(index)]",
                        hint: "a group is a list: [[\"{}\"], [\"First. {}\", \"Second. {}\"]]")
                }
                var group: [String] = []
                for (place, text) in texts.enumerated() {
                    group.append(try self.text(text, "\(parameter.name)[\(index)][\(place)]"))
                }
                groups.append(group)
            }
            return groups
        }

        private func groups(inFile path: String) throws(RuntimeError) -> [[String]] {
            let name = "\(component): the file '\(path)' of \(parameter.name)"
            guard let data = try RuntimeError.wrapping(.file, { try SmallFile.contents(atPath: path) }) else {
                throw RuntimeError(.file, "\(name) cannot be read", hint: "check its permissions")
            }
            let json: JSONValue
            do {
                json = try JSONValue(data, name: path)
            } catch {
                throw RuntimeError(.file, "\(name) is not JSON: \(error.message)", hint: error.hint)
            }
            let wrong = RuntimeError(
                .file, "\(name) does not hold a list of lists of texts",
                hint: "write [[\"{}\"], [\"First. {}\", \"Second. {}\"]] into it")
            guard case .list(let items) = json else { throw wrong }
            var groups: [[String]] = []
            for item in items {
                guard case .list(let texts) = item else { throw wrong }
                var group: [String] = []
                for text in texts {
                    guard case .text(let text) = text, !text.unicodeScalars.contains("\0") else { throw wrong }
                    group.append(text)
                }
                groups.append(group)
            }
            return groups
        }

        private func file(_ node: ConfigNode) throws(RuntimeError) -> String {
            guard case .scalar = node.content, let path = node.text, !path.isEmpty else { throw mustBe("a file", node) }
            return try existing(path, node)
        }

        /// A text that names a file or a folder. A library without a slash is the system's to find.
        private func namedInput(_ node: ConfigNode, _ name: String) throws(RuntimeError) -> String {
            let path = try text(node, name)
            if path.isEmpty || parameter.unit == ParameterDeclaration.libraryUnit && !path.contains("/") { return path }
            return try existing(path, node, isFolder: parameter.namedInput == .folder)
        }

        /// An absolute path of a file or a folder that can be read.
        private func existing(
            _ path: String, _ node: ConfigNode, isFolder wantsFolder: Bool = false
        ) throws(RuntimeError) -> String {
            let what = "\(component): \(parameter.name): the \(wantsFolder ? "folder" : "file")"
            guard let found = paths.existing(path) else {
                throw paths.missing(path, what: what, at: node.place, kind: .file)
            }
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: found, isDirectory: &isFolder)
            guard isFolder.boolValue == wantsFolder else {
                throw RuntimeError(
                    .file, "\(node.place): \(what) '\(found)' is \(wantsFolder ? "a file" : "a folder")",
                    hint: wantsFolder ? "give the path of a folder" : "give the path of a file in it")
            }
            try PathResolver.checkRepeats(found, what: what, at: node.place)
            guard FileManager.default.isReadableFile(atPath: found) else {
                throw RuntimeError(
                    .file, "\(node.place): \(what) '\(found)' cannot be read", hint: "check its permissions")
            }
            return found
        }
    }
}

extension ParameterRange {
    /// "> 0", ">= 0 and <= 1".
    var phrase: String {
        var bounds: [String] = []
        if minimum.isFinite { bounds.append("\(excludesMinimum ? ">" : ">=") \(minimum.short)") }
        if maximum.isFinite { bounds.append("\(excludesMaximum ? "<" : "<=") \(maximum.short)") }
        return bounds.isEmpty ? "a finite number" : bounds.joined(separator: " and ")
    }
}

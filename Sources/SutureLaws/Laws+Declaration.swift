// SPDX-License-Identifier: Apache-2.0

import SutureKit

// The laws of every component: what it declares is complete, sound, and the same each time.

extension Laws {
    func checkDeclaration(_ findings: Findings) {
        guard let declaration = findings.attempt("describe", describe),
            let again = findings.attempt("describe", describe)
        else { return }
        let descriptor = declaration.descriptor
        findings.check(
            .description, descriptor.id.isLowerCaseWords(joinedBy: "-"),
            "its id must be words of lower-case letters and digits, joined by hyphens")
        findings.check(
            .description,
            descriptor.version.split(separator: ".", omittingEmptySubsequences: false).count == 3
                && descriptor.version.split(separator: ".").allSatisfy { Int($0) != nil },
            "its version \"\(descriptor.version)\" is not three numbers with dots between them")
        findings.check(.description, !descriptor.summary.isEmpty, "it has no summary")
        findings.check(
            .description, !descriptor.summary.contains { $0.isNewline }, "its summary has more than one line")
        findings.check(
            .description, descriptor == again.descriptor, "asked twice, it describes itself differently")

        findings.check(
            .parameters, declaration.parameters == again.parameters, "asked twice, it declares different parameters")
        var names: Set<String> = []
        for parameter in declaration.parameters {
            findings.check(
                .parameters, names.insert(parameter.name).inserted,
                "it declares the parameter \"\(parameter.name)\" twice")
            if let fault = parameter.fault {
                findings.add(.parameters, "the parameter \"\(parameter.name)\" \(fault)")
            }
        }
    }
}

extension ParameterDeclaration {
    /// What is wrong with a declaration, as the end of a sentence about the parameter; nil where it is sound.
    fileprivate var fault: String? {
        // Capitals are allowed: a setting may keep its published name (L2).
        if !name.lowercased().isLowerCaseWords(joinedBy: "_") {
            return "must be named by words of letters and digits, joined by underscores"
        }
        if help.isEmpty { return "has no help" }
        if range.isEmpty { return "allows no number" }
        if Set(choices).count < choices.count { return "lists a choice twice" }
        if kind == .component, ComponentKind(rawValue: componentKind) == nil {
            return "takes a component of an unknown kind"
        }
        if unit == ParameterDeclaration.layerUnit, kind != .integer, kind != .integers {
            return "has the unit of layers and is no whole number"
        }
        if unit == ParameterDeclaration.siteUnit, kind != .text, kind != .texts {
            return "has the unit of sites and is no text"
        }
        if [ParameterDeclaration.fileUnit, ParameterDeclaration.folderUnit].contains(unit), kind != .text,
            kind != .texts
        {
            return "has the unit of files or folders and is no text"
        }
        guard let json = defaultJSON else {
            return isRequired || isOptional ? nil : "has a default that is not finite"
        }
        return defaultFault(json)
    }

    /// What is wrong with the default: numbers outside the range, texts outside the choices.
    private func defaultFault(_ json: String) -> String? {
        let elements = json.hasPrefix("[") ? String(json.dropFirst().dropLast()) : json
        switch kind {
        case .integer, .number, .integers, .numbers:
            for element in elements.split(separator: ",").map({ $0.filter { $0 != " " } }) {
                guard let number = Double(element), number.isFinite else {
                    return "has \(element) in its default, which is no finite number"
                }
                if !range.contains(number) { return "has \(element) in its default, which its range does not allow" }
            }
            return nil
        case .text, .texts: return choices.isEmpty ? nil : choiceFault(elements)
        default: return nil
        }
    }

    /// Whether quoted texts with commas between them are choices. No quoted text is the beginning of another one.
    private func choiceFault(_ quoted: String) -> String? {
        var rest = quoted[...]
        while !rest.isEmpty {
            guard let choice = choices.map(jsonQuoted).first(where: { rest.hasPrefix($0) }) else {
                return "has a default that is not one of its choices"
            }
            rest = rest.dropFirst(choice.count)
            if rest.hasPrefix(", ") { rest = rest.dropFirst(2) }
        }
        return nil
    }
}

extension ParameterRange {
    /// Whether no number is in the range.
    fileprivate var isEmpty: Bool {
        !(minimum < maximum || (minimum == maximum && !excludesMinimum && !excludesMaximum))
    }

    /// Whether a number is in the range.
    fileprivate func contains(_ number: Double) -> Bool {
        (excludesMinimum ? number > minimum : number >= minimum)
            && (excludesMaximum ? number < maximum : number <= maximum)
    }
}

extension String {
    /// Whether this is one word of small Latin letters and digits, or several with a separator between them.
    fileprivate func isLowerCaseWords(joinedBy separator: Character) -> Bool {
        split(separator: separator, omittingEmptySubsequences: false).allSatisfy { word in
            !word.isEmpty && word.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Checks that the data have what the components of a run need, before a model is loaded.
package enum CaseRequirements {
    /// What a component, with its settings, needs of every case.
    package struct Need: Sendable, Hashable {
        package var kind: ComponentKind
        package var component: String
        package var fields: EditCase.Fields
        /// "with its setting neighbors", or empty.
        package var reason: String
        /// What would remove the need, or empty.
        package var remedy: String
    }

    /// The needs of a component by its declaration, and by what its settings are.
    static func needs(of component: ComponentDescription, _ arguments: [ArgumentValue]) -> [Need] {
        var needs: [Need] = []
        func add(_ fields: EditCase.Fields, _ reason: String = "", _ remedy: String = "") {
            guard !fields.isEmpty else { return }
            needs.append(
                Need(kind: component.kind, component: component.id, fields: fields, reason: reason, remedy: remedy))
        }
        add(component.requires)
        for (parameter, value) in zip(component.parameters, arguments) {
            if value.isNothing {
                add(parameter.needsOtherwise, "without its setting \(parameter.name)", "set \(parameter.name)")
            } else {
                add(parameter.needs, "with its setting \(parameter.name)", "leave \(parameter.name) out")
            }
        }
        return needs
    }

    /// - Throws: `usage`, naming component, field, the first case without it, and the datasets that supply it.
    package static func check(
        _ cases: [EditCase], dataset: Experiment.Dataset, needs: [Need]
    ) throws(RuntimeError) {
        for editCase in cases {
            if let problem = problem(of: editCase, dataset: dataset, needs: needs) { throw problem }
        }
    }

    /// What a case lacks; nil where it has everything.
    static func problem(of editCase: EditCase, dataset: Experiment.Dataset, needs: [Need]) -> RuntimeError? {
        let present = editCase.fields
        for need in needs where !present.isSuperset(of: need.fields) {
            for (name, field) in EditCase.Fields.named where need.fields.contains(field) && !present.contains(field) {
                let others = DatasetReaders.supplying(field).filter { $0 != dataset.name }
                var remedies = need.remedy.isEmpty ? [] : [need.remedy]
                if let reader = DatasetReaders.all.first(where: { $0.name == dataset.name }),
                    reader.provides.contains(field)
                {
                    let keys = reader.keys(of: field).map { "'\($0)'" }.joined(separator: " or ")
                    remedies += ["add \(keys.isEmpty ? "it" : keys) to the record", "leave the case out"]
                }
                if !others.isEmpty {
                    remedies.append("use a dataset that supplies it: \(others.joined(separator: ", "))")
                }
                let last = remedies.popLast() ?? "no dataset format supplies it yet"
                let hint = remedies.isEmpty ? last : "\(remedies.joined(separator: ", ")), or \(last)"
                let reason = need.reason.isEmpty ? "" : " \(need.reason)"
                return RuntimeError(
                    .usage,
                    "the \(need.kind.name) '\(need.component)'\(reason) needs '\(name)', which case \(editCase.id) of "
                        + "'\(dataset.path)' does not have",
                    hint: hint)
            }
        }
        return nil
    }
}

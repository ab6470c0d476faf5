// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Checks that the data have what the components of a run need, before a model is loaded.
public enum CaseRequirements {
    /// - Throws: `usage`, naming component, field, the first case without it, and the datasets that supply it.
    public static func check(
        _ cases: [EditCase], dataset: Experiment.Dataset, components: [ComponentDescription]
    ) throws(RuntimeError) {
        for component in components {
            for (name, field) in EditCase.Fields.named where component.requires.contains(field) {
                guard let missing = cases.first(where: { !$0.fields.contains(field) }) else { continue }
                let suppliers = DatasetReaders.supplying(field)
                let others = suppliers.filter { $0 != dataset.name }
                let hint: String
                if suppliers.contains(dataset.name) {
                    hint = "add it to the record, or leave the case out"
                } else if others.isEmpty {
                    hint = "no dataset format supplies it yet"
                } else {
                    hint = "use a dataset that supplies it: \(others.joined(separator: ", "))"
                }
                throw RuntimeError(
                    .usage,
                    "the \(component.kind.name) '\(component.id)' needs '\(name)', which case \(missing.id) of "
                        + "'\(dataset.path)' does not have",
                    hint: hint)
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Whether runs that were made separately have measured on the same data.
enum SharedInputs {
    /// A sentence for each setting under which the runs have read different contents, though their figures share a column.
    static func warnings(_ runs: [(folder: String, experiment: ResolvedExperiment)]) -> [String] {
        let settings = Set(runs.flatMap(\.experiment.digests.keys)).filter {
            $0.hasPrefix("dataset.") || $0.hasPrefix("evaluators.")
        }
        return settings.sorted().compactMap { setting in
            let readers = runs.filter { $0.experiment.digests[setting] != nil }
            guard let first = readers.first,
                let other = readers.first(where: {
                    $0.experiment.digests[setting] != first.experiment.digests[setting]
                })
            else { return nil }
            return
                "'\(other.folder)' has read other contents under \(setting) than '\(first.folder)', so figures that rest on it "
                + "cannot be compared"
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// What planning reads of model folders: each once, however many runs of a file share it. Looking at the numbers and
/// digesting the files take seconds for each gigabyte.
final class ModelReadings {
    private var inspections: [Experiment.Model: ModelInspection] = [:]
    private var digests: [String: String] = [:]

    /// Checks a model folder as the worker will, so that what is wrong with it is said before anything is written.
    ///
    /// - Throws: `file`, with what is wrong.
    func inspection(of model: Experiment.Model) throws(RuntimeError) -> ModelInspection {
        if let known = inspections[model] { return known }
        let inspection = try RuntimeError.wrapping(.file) {
            try ModelInspection(folder: URL(fileURLWithPath: model.source), dtype: model.dtype)
        }
        inspections[model] = inspection
        return inspection
    }

    /// ``RunDigests/ofModel(_:)``
    func digest(of folder: String) throws(RuntimeError) -> String {
        if let known = digests[folder] { return known }
        let digest = try RunDigests.ofModel(folder)
        digests[folder] = digest
        return digest
    }
}

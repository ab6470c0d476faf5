// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// What planning reads: each model and each file once, however many runs of a file share it. Looking at the numbers of a model
/// and digesting its files take seconds for each gigabyte.
final class PlanReadings {
    private var inspections: [Experiment.Model: ModelInspection] = [:]
    /// Of everything that the runs read, the models among it.
    let inputs = InputReadings()

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
}

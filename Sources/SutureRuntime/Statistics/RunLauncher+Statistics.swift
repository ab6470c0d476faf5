// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

extension RunLauncher {
    /// The second moments of an experiment, apart from its runs. Its method and evaluators are not looked up.
    ///
    /// - Parameter layers: whose moments are meant; nil: those that the settings of its locator name, or all of the model.
    /// - Throws: what is wrong with the experiment; `usage` for one that is several runs, and for layers that the model lacks.
    package func planStatistics(
        _ suite: ExperimentSuite, layers: [Int]? = nil
    ) throws(RuntimeError) -> StatisticsWork {
        guard !suite.isComparison else {
            throw RuntimeError(
                .usage, "'\(suite.name)' is several runs, and statistics are those of one",
                hint: "give a file without variants and sweeps")
        }
        let readings = PlanReadings()
        guard let member = suite.members.first else { throw RuntimeError(.usage, "'\(suite.name)' has no run") }
        let planned = try plan(member.experiment, readings, used: .locator)
        let count = try readings.inspection(of: planned.experiment.model).layers
        if let wrong = layers?.first(where: { !(0..<count).contains($0) }) {
            throw RuntimeError(.usage, "layer \(wrong): the model has \(count) layers", hint: "layers count from 0")
        }
        var named = layers
        if named == nil { named = try layersOfLocator(planned.experiment) }
        return StatisticsWork(planned, layers: Set(named ?? Array(0..<count)).sorted())
    }

    /// The layers that the settings of a locator name, by the units of their declarations; nil where none names any.
    private func layersOfLocator(_ experiment: ResolvedExperiment) throws(RuntimeError) -> [Int]? {
        guard let locator = experiment.locator else { return nil }
        let declared = try PluginCatalogue.scanBlocking(.only([locator.file])).find(kind: .locator, id: locator.id)
        var named: [Int] = []
        for (parameter, setting) in zip(declared.parameters, locator.settings)
        where parameter.unit == ParameterDeclaration.layerUnit {
            switch setting.value {
            case .integer(let layer): named.append(layer)
            case .integers(let layers): named += layers
            default: break
            }
        }
        return named.isEmpty ? nil : named
    }
}

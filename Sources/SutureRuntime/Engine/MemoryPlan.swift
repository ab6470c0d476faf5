// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What memory a run takes at least, as far as that is known before the weights are loaded.
///
/// Passes, training and values come on top; how much they take depends on settings of components, which the host does not know.
package struct MemoryPlan: Sendable, Hashable, Codable {
    /// Of the weights that are mapped from their files, in bytes. The system may drop them and read them again, at a price in time.
    package var mapped: Int
    /// Of the weights that are converted to the dtype of the run.
    package var converted: Int
    /// Of one second moment in float64, which a solve needs twice; 0 for a run without statistics.
    package var moment: Int
    /// What a command needs besides, by what it is for.
    package var parts: [Part] = []
    /// What is needed and not counted, as a part of a sentence; empty where nothing is known of it.
    package var uncounted = ""
    /// What the machine, or the container of this process, has left; nil where it does not say.
    package var available: Int?

    /// The program and its libraries.
    private static let base = 256 << 20

    /// Some bytes with what they are for.
    package struct Part: Sendable, Hashable, Codable {
        package var name: String
        package var size: Int

        init(_ name: String, _ size: Int) { (self.name, self.size) = (name, size) }
    }

    /// - Parameter available: what there is; by default what the system says.
    init(of experiment: ResolvedExperiment, _ model: ModelInspection, available: Int? = Processor.availableMemory) {
        let dtype = experiment.model.dtype
        (mapped, converted) = (0, 0)
        for parameter in model.parameters {
            let count = parameter.shape.reduce(1, *) * dtype.size
            if parameter.dtype == dtype.description && !model.storesTransposed {
                mapped += count
            } else {
                converted += count
            }
        }
        moment = experiment.statistics == nil ? 0 : model.dMLP * model.dMLP * DType.float64.size
        self.available = available
    }

    /// The least that the run needs at one time, all of it resident.
    package var least: Int { mapped + converted + 2 * moment + parts.reduce(0) { $0 + $1.size } + Self.base }

    /// "at least 800 MiB (weights 513 MiB, a second moment 18 MiB); 20.1 GiB are free"
    package var sentence: String {
        var parts = ["weights \(Figures.size(mapped + converted))"]
        if moment > 0 { parts.append("a second moment of each edited layer \(Figures.size(moment))") }
        parts += self.parts.map { "\($0.name) \(Figures.size($0.size))" }
        let free = available.map { "; \(Figures.size($0)) are free" } ?? ""
        let rest = uncounted.isEmpty ? "" : "; \(uncounted)"
        return "at least \(Figures.size(least)) (\(parts.joined(separator: ", ")))\(free)\(rest)"
    }

    /// Why the run may not get through; nil where it has room.
    package var warning: String? {
        guard let available, least > available else { return nil }
        let end =
            least - mapped > available
            ? "it will be killed, or swap" : "the weights are read from disk again and again"
        return
            "the run needs memory of \(sentence): \(end); load the model in bfloat16 (model.dtype), or use a larger machine"
    }
}

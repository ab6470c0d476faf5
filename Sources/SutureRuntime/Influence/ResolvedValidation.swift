// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The section `validation` with nothing left to decide.
package struct ResolvedValidation: Sendable, Hashable {
    package var settings: Experiment.Validation
    /// Trains a model on the run's training examples.
    package var trainer: ResolvedComponent

    static let baseName = "validation.base"
    static let trainerName = "validation.trainer"

    /// - Parameter source: the folder of the model that was trained.
    /// - Throws: `usage` where the base model reads texts as other tokens.
    func checkTokens(of texts: [String], _ source: String) throws(RuntimeError) {
        let isAlike = try RuntimeError.wrapping {
            let own = try Tokenizer(folder: URL(fileURLWithPath: settings.base))
            let other = try Tokenizer(folder: URL(fileURLWithPath: source))
            return try texts.allSatisfy { try own.encode($0).ids == other.encode($0).ids }
        }
        guard !isAlike else { return }
        throw RuntimeError(
            .usage,
            "validation.base has another tokenizer than model.source, so the one was not trained from the other",
            hint: "name the model that training began with")
    }
}

extension Experiment {
    /// Each is a training.
    private static let mostSubsets = 10_000

    /// The section `validation`, with its component.
    mutating func readValidation(
        _ reader: ConfigReader, _ paths: PathResolver, isNeeded: Bool
    ) throws(RuntimeError) {
        guard let section = try Self.section("validation", of: reader) else {
            guard isNeeded else { return }
            throw RuntimeError(
                .usage, "the experiment has no section 'validation'",
                hint: "name the model that training began with, and how it was trained: "
                    + "validation: {base: folder, trainer: {name: retrain, lr: 1e-3}}")
        }
        trainer = try Self.component(try section.required("trainer"), path: "validation.trainer")
        var found = Validation(base: try section.existing("base", what: "the model folder", paths))
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: found.base, isDirectory: &isFolder), isFolder.boolValue else {
            throw section.mustBe("a model folder", "base", try section.required("base"))
        }
        if let count = try section.integer("subsets", atLeast: 0, atMost: Self.mostSubsets) {
            found.subsetCount = count
        }
        if let share = try section.number("share", above: 0, atMost: 1) { found.share = share }
        found.groups = try section.positiveIntegers("groups")
        validation = found
    }
}

extension ConfigReader {
    func positiveIntegers(_ key: String) throws(RuntimeError) -> [Int] {
        var values: [Int] = []
        for item in try list(key) {
            guard let value = item.integer, value > 0 else { throw mustBe("a list of whole numbers >= 1", key, item) }
            values.append(value)
        }
        return values
    }
}

extension ResolvedExperiment {
    /// The section `validation`.
    ///
    /// - Throws: `usage` for an experiment of another command.
    package func requiredValidation() throws(RuntimeError) -> ResolvedValidation {
        guard let validation else {
            throw RuntimeError(
                .usage, "\"\(runID)\" validates nothing", hint: "start `suture influence --validate`")
        }
        return validation
    }

    /// What is known of the base model's files.
    var baseDigest: String { digests[ResolvedValidation.baseName] ?? "" }
}

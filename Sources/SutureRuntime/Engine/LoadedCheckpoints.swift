// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// Checkpoints of the training that made a model, each loaded once.
package final class LoadedCheckpoints {
    private var models: [String: LanguageModel] = [:]

    package init() {}

    /// The model in a folder, in the type and on the device of another.
    ///
    /// - Throws: `usage` where its parameters differ from those of `original` in names or shapes.
    package func model(in folder: String, like original: LanguageModel) throws -> LanguageModel {
        if let known = models[folder] { return known }
        let model = try LanguageModel(
            folder: URL(fileURLWithPath: folder), dtype: original.dtype, device: original.device)
        try Self.check(model, against: original, folder)
        models[folder] = model
        return model
    }

    private static func check(_ model: LanguageModel, against original: LanguageModel, _ folder: String) throws {
        let (own, other) = (try shapes(of: model), try shapes(of: original))
        guard let name = Set(own.keys).union(other.keys).filter({ own[$0] != other[$0] }).min() else { return }
        func text(_ shape: [Int]?) -> String { shape.map { "has the shape \($0)" } ?? "is missing" }
        throw RuntimeError(
            .usage,
            "the model in '\(folder)' is no checkpoint of the one in '\(original.folder.path)': \(name) \(text(own[name])) there and \(text(other[name])) here",
            hint: "name a folder with other weights of the same model")
    }

    private static func shapes(of model: LanguageModel) throws -> [String: [Int]] {
        let weights = model.transformer.weights
        return try Dictionary(uniqueKeysWithValues: weights.names.map { ($0, try weights.tensor($0).shape) })
    }
}

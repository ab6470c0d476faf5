// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// Everything that the numbers of the second moments of one kind of site depend on, but for the layer.
struct MomentKey: Sendable, Hashable, Codable {
    /// Of everything in the model folder that the numbers depend on.
    var model: String
    /// What the text is; see ``StatisticsText``.
    var text: String
    var maxLength: Int
    var maxTokens: Int?
    var batchTokens: Int
    /// Of the sums, and of the model.
    var sumType: String
    var modelType: String
    var kind: String

    enum CodingKeys: String, CodingKey {
        case model, text, kind
        case maxLength = "max_length"
        case maxTokens = "max_tokens"
        case batchTokens = "batch_tokens"
        case sumType = "sum_dtype"
        case modelType = "model_dtype"
    }

    init(_ settings: Experiment.Statistics, text: String, model: String, dtype: DType, kind: Site.Kind) {
        (self.model, self.text, self.kind) = (model, text, kind.name)
        (maxLength, maxTokens, batchTokens) = (settings.maxLength, settings.maxTokens, settings.batchTokens)
        (sumType, modelType) = (settings.dtype.description, dtype.description)
    }

    /// The name of a file that holds the moment of a layer.
    fileprivate func digest(layer: Int) -> String {
        let parts = [
            "second-moment/3", model, text, String(maxLength), String(maxTokens ?? -1), String(batchTokens), sumType,
            modelType, kind, String(layer),
        ]
        return Digest.of(Data(parts.joined(separator: "\n").utf8))
    }
}

/// Second moments on disk, where runs look for them.
struct MomentCache {
    static let folderName = "moments"
    private static let matrixName = "moment"
    private static let countName = "tokens"

    let folder: URL

    init(_ cache: URL) { folder = cache.appending(path: Self.folderName) }

    func file(of key: MomentKey, layer: Int) -> URL {
        folder.appending(path: "\(key.digest(layer: layer)).safetensors")
    }

    func holds(_ key: MomentKey, layer: Int) -> Bool {
        FileManager.default.fileExists(atPath: file(of: key, layer: layer).path)
    }

    /// Nil where there is none.
    ///
    /// - Throws: `file` for one that is damaged.
    func moment(of key: MomentKey, layer: Int) throws -> SecondMoment? {
        let url = file(of: key, layer: layer)
        return FileManager.default.fileExists(atPath: url.path) ? try Self.read(url) : nil
    }

    func keep(_ moment: SecondMoment, of key: MomentKey, layer: Int) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.write(moment, to: file(of: key, layer: layer))
    }

    static func read(_ url: URL) throws -> SecondMoment {
        let tensors = try TensorFile.read(url)
        guard let matrix = tensors[matrixName], let count = try tensors[countName]?.scalars(as: Int.self).first else {
            throw TensorFile.isDamaged(url)
        }
        return SecondMoment(matrix: matrix, tokenCount: count)
    }

    /// - Parameter metadata: where it comes from, if not from a run.
    static func write(_ moment: SecondMoment, metadata: [String: String] = [:], to url: URL) throws {
        try TensorFile.write(
            [(matrixName, moment.matrix), (countName, Tensor([moment.tokenCount]))], metadata: metadata, to: url)
    }
}

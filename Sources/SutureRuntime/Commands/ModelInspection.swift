// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What `suture model inspect` answers: a model folder, checked as a run checks it.
package struct ModelInspection: Sendable, Codable {
    package struct Parameter: Sendable, Codable {
        package var name: String
        /// As stored in the file.
        package var shape: [Int]
        package var dtype: String
        package var file: String
    }

    package var folder: String
    package var family: String
    package var layers: Int
    /// Of the encoder; nil in a model that is a decoder alone. `layers` are the decoder's in either.
    package var encoderLayers: Int?
    package var dModel: Int
    package var dMLP: Int
    package var heads: Int
    package var keyValueHeads: Int
    package var dHead: Int
    package var vocabulary: Int
    package var contextLength: Int
    package var tiesHead: Bool
    /// MLPs are made of experts, in some layers at least.
    package var hasExperts: Bool
    /// Projections are stored `[in, out]`.
    package var storesTransposed: Bool
    package var tokenizerVocabulary: Int
    package var sites: [String]
    package var parameterCount: Int
    package var parameters: [Parameter]
    /// What a run would warn of.
    package var warnings: [String]

    /// As every run does, it looks at each number of the weights once.
    ///
    /// - Parameter dtype: the type that a run would compute in; nil for the stored one.
    /// - Throws: what is wrong with the folder, as a sentence.
    package init(folder: URL, dtype: DType? = nil) throws {
        try HostTables.install()
        let model = try StoredModel(folder: folder)
        try model.checkNumbers(as: dtype)
        let configuration = model.configuration
        let checkpoint = model.checkpoint
        warnings = model.warnings
        self.folder = folder.path
        family = configuration.architecture.modelType
        layers = configuration.layerCount
        encoderLayers = configuration.encoder?.layerCount
        dModel = configuration.dModel
        dMLP = configuration.dMLP
        heads = configuration.headCount
        keyValueHeads = configuration.keyValueHeadCount
        dHead = configuration.dHead
        vocabulary = configuration.vocabulary
        contextLength = configuration.contextLength
        tiesHead = model.tiesHead
        storesTransposed = configuration.architecture.storesTransposed
        tokenizerVocabulary = model.tokenizer.vocabularySize
        hasExperts = (0..<configuration.layerCount).contains(where: configuration.hasExperts)
        sites = Site.Kind.allCases.filter(configuration.sites.contains).map(\.name)
        parameters = try checkpoint.names.map { name in
            let entry = try checkpoint.entry(name)
            return Parameter(
                name: name, shape: entry.shape, dtype: DType(stored: entry.dtype).description,
                file: try checkpoint.file(of: name).url.lastPathComponent)
        }
        parameterCount = parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// The model as a whole, for people.
    package var facts: [(String, String)] {
        [
            ("family", family), ("folder", folder),
            ("parameters", String(parameterCount)),
            ("layers", encoderLayers.map { "\($0) of the encoder, \(layers) of the decoder" } ?? String(layers)),
            ("width", String(dModel)),
            ("neurons per layer", String(dMLP)),
            ("heads", "\(heads) of \(dHead), \(keyValueHeads) for keys and values"),
            ("vocabulary", "\(vocabulary), tokenizer \(tokenizerVocabulary)"), ("context", String(contextLength)),
            ("projections", storesTransposed ? "stored [in, out]" : "stored [out, in]"),
            ("tied head", tiesHead ? "yes" : "no"), ("sites", sites.isEmpty ? "none" : sites.joined(separator: ", ")),
        ]
    }

    /// A line for each tensor of the checkpoint, for people.
    package var parameterTable: TextTable {
        TextTable(
            header: ["parameter", "shape", "dtype", "file"],
            rows: parameters.map {
                [$0.name, $0.shape.map(String.init).joined(separator: " × "), $0.dtype, $0.file]
            }, numeric: [1])
    }
}

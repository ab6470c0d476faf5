// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Patches of one model as a LoRA adapter: `ΔW = B A` for each changed projection, all of one rank.
///
/// Ranks below that of the adapter are filled up with zeros, so that programs that know one rank alone load it. What no LoRA can carry
/// is refused by name: changes of norms, biases and embeddings, and changes whose rank is too large.
package struct LoRAAdapter {
    /// One projection.
    struct Module {
        /// Its full name in the model: "model.layers.3.mlp.down_proj".
        var name: String
        /// `[rank, in]`
        var a: Tensor
        /// `[out, rank]`
        var b: Tensor
    }

    let modules: [Module]
    package let rank: Int
    /// ‖what is left out‖ / ‖Δ‖ over all modules: 0 where the rank suffices.
    package let error: Double
    /// The checkpoint stores the projections as `[in, out]`.
    let storesTransposed: Bool
    /// The patches, as they are called.
    let sources: [PatchReference]
    /// The model folder, as it was called when the patches were made.
    let model: String

    /// What may be left out without a word: rounding.
    package static let exactness = 1e-6

    /// - Parameters:
    ///   - folders: of the patches, whose changes are added.
    ///   - model: that they belong to.
    ///   - largestRank: nil: whatever the changes have.
    ///   - largestError: ‖what is left out‖ / ‖Δ‖ of a module beyond which nothing is written.
    /// - Throws: `refused`, naming the parameter that cannot be carried; `file` for patches of another model.
    package init(
        _ folders: [URL], of model: URL, largestRank: Int? = nil, largestError: Double = Self.exactness
    ) throws(RuntimeError) {
        let patches = try folders.map { (folder) throws(RuntimeError) in try PatchAlgebra.Source(folder) }
        let stored = try StackedModel(opening: model)
        var stack = try stored.stack()
        for (folder, patch) in zip(folders, patches) {
            stack = try stack.adding(unnamed: patch.patch, at: folder, to: stored)
        }
        let configuration = try RuntimeError.wrapping(.file) { try ModelConfiguration(folder: model) }
        let carriers = try LoRACarriers(configuration)
        let sum = try PatchAlgebra.Sum(patches)
        var spectra: [(name: String, spectrum: ChangeSpectrum)] = []
        for (place, (delta, base)) in zip(sum.deltas, sum.bases).enumerated() {
            let name = try carriers.module(of: delta.parameter, base)
            let spectrum = try RuntimeError.wrapping { try ChangeSpectrum(delta, shape: base.weightShape) }
            if !sum.isNothing(spectrum.values.first ?? 0, at: place) { spectra.append((name, spectrum)) }
        }
        guard !spectra.isEmpty else {
            throw RuntimeError(.refused, "the adapter would be empty: the patches change nothing together")
        }
        let needed = spectra.map { Self.rank(of: $0.spectrum) }.max() ?? 1
        let rank = min(largestRank ?? needed, needed)
        var modules: [Module] = []
        var (leftOut, whole) = (0.0, 0.0)
        for (name, spectrum) in spectra {
            let norm = spectrum.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let (a, b, lost) = try RuntimeError.wrapping { try Self.padded(spectrum, to: rank) }
            guard lost <= largestError * norm else {
                let percent = Figures.text(lost / norm * 100)
                throw RuntimeError(
                    .refused,
                    "rank \(rank) loses \(percent) % of the change of '\(name)', which has rank \(Self.rank(of: spectrum))",
                    hint: "give a larger --rank, or allow the loss with --max-error")
            }
            modules.append(Module(name: name, a: a, b: b))
            leftOut += lost * lost
            whole += norm * norm
        }
        self.modules = modules
        self.rank = rank
        error = (leftOut / whole).squareRoot()
        storesTransposed = configuration.architecture.storesTransposed
        sources = patches.map(\.reference)
        self.model = model.path
    }

    /// The smallest rank that leaves out no more than rounding.
    private static func rank(of spectrum: ChangeSpectrum) -> Int {
        let squares = spectrum.values.map { $0 * $0 }
        let allowed = pow(exactness, 2) * squares.reduce(0, +) / 4
        var (left, rank) = (0.0, squares.count)
        while rank > 1, left + squares[rank - 1] <= allowed {
            rank -= 1
            left += squares[rank]
        }
        return rank
    }

    private static func padded(_ spectrum: ChangeSpectrum, to rank: Int) throws -> (a: Tensor, b: Tensor, lost: Double)
    {
        let own = min(rank, spectrum.rank)
        let (left, right, lost) = try spectrum.factors(rank: own)
        guard own < rank else { return (right, left, lost) }
        return (
            try Tensor.concatenated([right, Tensor.zeros([rank - own, right.shape[1]], dtype: .float64)], 0),
            try Tensor.concatenated([left, Tensor.zeros([left.shape[0], rank - own], dtype: .float64)], 1), lost
        )
    }
}

/// Which parameters a LoRA can change.
private struct LoRACarriers {
    private let projections: [String]
    private let configuration: ModelConfiguration

    /// - Throws: `refused` for models whose modules have other names than their tensors.
    init(_ configuration: ModelConfiguration) throws(RuntimeError) {
        guard configuration.encoder == nil, configuration.architecture.textPart == nil else {
            throw RuntimeError(
                .refused, "no adapter is written for a \(configuration.architecture.modelType) model",
                hint: "write the whole model with `suture patch apply`")
        }
        self.configuration = configuration
        let names = configuration.architecture.names
        projections = [names.attentionOutput, names.down] + names.neuronInput.all + names.queryKeyValue.all
    }

    /// The module of a parameter.
    ///
    /// - Throws: `refused` where it is none that a LoRA can change.
    func module(of parameter: String, _ base: PatchManifest.Base) throws(RuntimeError) -> String {
        func refuse(_ what: String) -> RuntimeError {
            RuntimeError(
                .refused, "a LoRA adapter cannot carry the change of '\(parameter)', which is \(what)",
                hint: "write the whole model with `suture patch apply`")
        }
        guard parameter.hasSuffix(".weight") else {
            throw refuse(parameter.hasSuffix(".bias") ? "a bias" : "no weight of a projection")
        }
        guard base.shape.count == 2 else { throw refuse(base.shape.count == 1 ? "the weight of a norm" : "no matrix") }
        let name = String(parameter.dropLast(".weight".count))
        let names = configuration.architecture.names
        guard !name.hasSuffix(names.embedding) else { throw refuse("an embedding") }
        if ([names.head] + names.otherHeads).contains(name) {
            guard !configuration.tiesHead else { throw refuse("the head, which is the embedding of this model, too") }
            return name
        }
        let isProjection = projections.contains { template in
            guard let (before, after) = Template.parts(of: template) else { return false }
            return name.hasSuffix(after) && name.dropLast(after.count).contains(before)
        }
        guard isProjection else { throw refuse("no projection of a layer") }
        // Files may leave out what stands in front of the names of the whole model's modules.
        let prefix = configuration.architecture.prefix
        return name.hasPrefix(prefix) ? name : prefix + name
    }
}

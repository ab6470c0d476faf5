// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What `patch.json` says of a patch: where it comes from, what it changes, and which model it belongs to.
package struct PatchManifest: Sendable, Hashable, Codable {
    /// The only version of the format so far.
    package static let schema = 1
    package static let fileName = "patch.json"
    package static let weightsName = "patch.safetensors"

    /// Which run made a patch.
    package struct Origin: Sendable, Hashable, Codable {
        package var experiment: String
        package var runID: String
        /// ``ResolvedExperiment/digest``
        package var configurationDigest: String
        package var method: String
        package var methodVersion: String
        package var plugin: String
        package var pluginVersion: String
        /// SHA-256 of the plugin's shared library.
        package var pluginDigest: String
        /// The model folder, as it was called then.
        package var model: String

        package init(_ experiment: ResolvedExperiment) throws(RuntimeError) {
            self.experiment = experiment.name
            runID = experiment.runID
            configurationDigest = experiment.digest
            let component = try experiment.requiredMethod()
            method = component.id
            methodVersion = component.version
            plugin = component.pluginID
            pluginVersion = component.pluginVersion
            pluginDigest = component.digest
            model = experiment.model.source
        }

        init(
            experiment: String, runID: String, configurationDigest: String, method: String, methodVersion: String,
            plugin: String, pluginVersion: String, pluginDigest: String, model: String
        ) {
            self.experiment = experiment
            self.runID = runID
            self.configurationDigest = configurationDigest
            self.method = method
            self.methodVersion = methodVersion
            self.plugin = plugin
            self.pluginVersion = pluginVersion
            self.pluginDigest = pluginDigest
            self.model = model
        }

        enum CodingKeys: String, CodingKey {
            case experiment
            case runID = "run_id"
            case configurationDigest = "configuration_sha256"
            case method
            case methodVersion = "method_version"
            case plugin
            case pluginVersion = "plugin_version"
            case pluginDigest = "plugin_sha256"
            case model
        }
    }

    /// The tensor of the checkpoint that a change belongs to.
    package struct Base: Sendable, Hashable, Codable {
        /// The file that holds it.
        package var file: String
        /// As the file spells it: "BF16".
        package var dtype: String
        /// As stored.
        package var shape: [Int]
        /// The file stores `[in, out]`, as GPT-2's Conv1D does; the change is `[out, in]` nevertheless.
        package var isTransposed: Bool
        /// SHA-256 of the tensor's bytes in the file.
        package var digest: String
        /// Frobenius norm.
        package var norm: Double

        /// `[out, in]` of a matrix, whatever the file stores.
        var weightShape: [Int] { isTransposed ? shape.reversed() : shape }

        enum CodingKeys: String, CodingKey {
            case file, dtype, shape, norm
            case isTransposed = "transposed"
            case digest = "sha256"
        }
    }

    /// The change of one parameter.
    package struct Change: Sendable, Hashable, Codable {
        /// The checkpoint's name of the tensor.
        package var parameter: String
        package var form: Delta.FormName
        /// Of a low-rank change: the width of its factors; of rows: their number; nil for a dense change.
        package var rank: Int?
        /// The type of the parts: "float32".
        package var dtype: String
        /// `[out, in]` of a matrix.
        package var shape: [Int]
        /// Frobenius norm, computed in float64.
        package var norm: Double
        package var base: Base

        /// ‖Δ‖ / ‖W‖; nil where W is zero.
        package var relativeNorm: Double? { base.norm > 0 ? norm / base.norm : nil }
    }

    /// A part of a patch that does not change a weight. Later forms of edit are added here.
    package struct Extension: Sendable, Hashable, Codable {
        /// The name of the form, with a revision: "suture.site-vector/1".
        package var id: String
    }

    package var schema = Self.schema
    /// Nil for a patch that no run made; ``derivation`` then says where it comes from.
    package var origin: Origin?
    /// Nil for the patch of a run.
    package var derivation: PatchDerivation?
    package var changes: [Change]
    /// Written by later versions. This one does not know any form and refuses a patch that has one.
    package var extensions: [Extension]?
    /// The patches that were in force, or lay over the model, when this one was made, in order; nil where there were none. It means
    /// nothing without them.
    package var madeOn: [PatchReference]?
    /// SHA-256 of the files that it carries of the run, by name; see ``PatchRecords``.
    package var records: [String: String]?
    /// How its figures were measured; nil where it has none, and in files of older versions.
    package var evaluation: Evaluation?
    /// SHA-256 of the model's tokenizer.json; nil in files of older versions.
    package var tokenizer: String?
    /// SHA-256 of `patch.safetensors`.
    package var weightsDigest: String
    /// SHA-256 of this description without this member, written compactly; nil before it was written, and in files of older
    /// versions.
    package private(set) var digest: String?

    enum CodingKeys: String, CodingKey {
        case schema, origin, derivation, changes, extensions
        case madeOn = "made_on"
        case records, evaluation
        case tokenizer = "tokenizer_sha256"
        case weightsDigest = "weights_sha256"
        case digest = "sha256"
    }

    init(
        origin: Origin? = nil, derivation: PatchDerivation? = nil, changes: [Change], madeOn: [PatchReference] = [],
        weightsDigest: String
    ) {
        self.origin = origin
        self.derivation = derivation
        self.madeOn = madeOn.isEmpty ? nil : madeOn
        self.changes = changes
        self.weightsDigest = weightsDigest
    }

    /// The model folder that it belongs to, as it was called then.
    package var model: String { origin?.model ?? derivation?.model ?? "" }

    /// What tells the patch from every other: its checksum; in files of older versions, that of its tensors.
    package var identity: String { digest ?? weightsDigest }

    /// The names of the files that make the patch.
    var files: [String] { [Self.fileName, Self.weightsName] + (records ?? [:]).keys.sorted() }

    // MARK: Reading and writing

    /// Reads the description of a patch folder.
    ///
    /// - Throws: `file`, naming the folder.
    package init(folder: URL) throws(RuntimeError) {
        let path = folder.appendingPathComponent(Self.fileName).path
        guard let data = try RuntimeError.wrapping(.file, { try SmallFile.contents(atPath: path) }) else {
            // A run whose groups were restored has one patch for each.
            let inner = folder.appendingPathComponent("0").path
            let isCollection = FileManager.default.fileExists(atPath: inner)
            throw RuntimeError(
                .file, "'\(folder.path)' is not a patch: it has no readable \(Self.fileName)",
                hint: isCollection
                    ? "it holds one patch for each group of edits; give one of them, such as '\(inner)'"
                    : "give the folder 'patch' of a run")
        }
        let json = try RuntimeError.wrapping { try JSONValue(data, name: path) }
        guard let schema = json["schema"]?.integer else {
            throw RuntimeError(.file, "'\(path)' does not describe a patch: it has no 'schema'")
        }
        guard schema == Self.schema else {
            throw RuntimeError(
                .file, "'\(path)' has schema \(schema), and this version reads schema \(Self.schema)",
                hint: "use the version of suture that wrote it")
        }
        do {
            self = try JSON.decode(Self.self, from: data, name: "it")
        } catch {
            throw RuntimeError(
                .file, "'\(path)' does not describe a patch: \(error.message)", hint: "take it from the run again")
        }
        guard origin != nil || derivation != nil else {
            throw RuntimeError(
                .file, "'\(path)' does not say where the patch comes from", hint: "take it from the run again")
        }
        // What a folder may hold under these names is known, so that nothing else is copied.
        if let name = records?.keys.first(where: { ![PatchRecords.casesName, PatchRecords.figuresName].contains($0) }) {
            throw RuntimeError(
                .file, "'\(path)' lists a file '\(name)', which this version does not know",
                hint: "use the version of suture that wrote it")
        }
        if let unknown = extensions?.first {
            let refusal = PatchExtension(id: unknown.id).isUnknown
            throw RuntimeError(.file, "'\(path)': \(refusal.message)", hint: refusal.hint)
        }
        if let digest, digest != SelfDigest.of(json) {
            throw RuntimeError(
                .file, "'\(path)' is not as suture wrote it: its checksum differs", hint: "take it from the run again")
        }
    }

    /// The text of `patch.json`. Equal manifests give equal bytes.
    package var json: String {
        get throws(RuntimeError) {
            try RuntimeError.wrapping { String(decoding: try JSON.encode(self, layout: .page), as: UTF8.self) + "\n" }
        }
    }

    /// With its own checksum.
    func sealed() throws(RuntimeError) -> PatchManifest {
        var sealed = self
        sealed.digest = nil
        sealed.digest = try SelfDigest.of(sealed)
        return sealed
    }

    // MARK: The base

    /// That a model, without its patches, holds the tensors that this patch was made for, byte for byte. Reads those tensors.
    ///
    /// - Throws: `file`, naming the first tensor that differs.
    package func checkBase(_ model: StackedModel) throws(RuntimeError) {
        let checkpoint = model.checkpoint
        for change in changes {
            let base = change.base
            func refuse(_ what: String) -> RuntimeError {
                RuntimeError(
                    .file,
                    "the model '\(checkpoint.folder.path)' is not the one that the patch was made for: \(what)",
                    hint: "apply it to an unchanged copy of '\(self.model)'")
            }
            guard checkpoint.contains(change.parameter) else {
                throw refuse("it has no tensor '\(change.parameter)'")
            }
            let entry = try RuntimeError.wrapping(.file) { try checkpoint.entry(change.parameter) }
            guard entry.dtype.rawValue == base.dtype, entry.shape == base.shape else {
                throw refuse(
                    "its tensor '\(change.parameter)' is \(entry.dtype.rawValue) \(entry.shape), not \(base.dtype) "
                        + "\(base.shape)")
            }
            let bytes = try model.baseBytes(of: change.parameter)
            guard bytes.withUnsafeBytes({ Digest.of($0) }) == base.digest else {
                throw refuse("its tensor '\(change.parameter)' holds other numbers")
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Writes an adapter as llama.cpp loads it (`--lora FILE.gguf`) beside the model's GGUF file, quantised or not.
///
/// The scale is 1: `adapter.lora.alpha` is the rank. Names and the order of rows are those of `convert_lora_to_gguf.py`.
package struct GGUFExport {
    package struct Report: Sendable, Hashable, Codable {
        package var output: String
        /// The tensors of the GGUF model that the adapter changes.
        package var tensors: [String]
        package var rank: Int
        package var error: Double
    }

    private let family: GGUFFamily
    private let configuration: ModelConfiguration

    /// - Parameter model: the folder that the patches belong to.
    /// - Throws: `refused` for a family whose GGUF names are not known.
    package init(model: URL) throws(RuntimeError) {
        configuration = try RuntimeError.wrapping(.file) { try ModelConfiguration(folder: model) }
        let modelType = configuration.architecture.modelType
        guard let family = GGUFFamily.ofModels(modelType) else {
            let names = GGUFFamily.all.map(\.architecture).joined(separator: ", ")
            throw RuntimeError(
                .refused, "no GGUF adapter is written for a \(modelType) model",
                hint: "only models of the families \(names) have one; write the whole model with `suture patch apply`")
        }
        self.family = family
    }

    /// Writes the file, replacing nothing.
    ///
    /// - Throws: `usage` where something is at the place already; `refused` for a module that the family has not.
    package func write(_ adapter: LoRAAdapter, to output: URL) throws(RuntimeError) -> Report {
        guard !FileManager.default.fileExists(atPath: output.path) else {
            throw RuntimeError(
                .usage, "'\(output.path)' is there already", hint: "choose another name, or remove the file")
        }
        var tensors: [GGUFWriter.Tensor] = []
        var names: [String] = []
        for module in adapter.modules {
            guard let name = family.name(of: module.name) else {
                throw RuntimeError(
                    .refused, "llama.cpp's files of the family \(family.architecture) have no module '\(module.name)'",
                    hint: "write the whole model with `suture patch apply`")
            }
            names.append(name)
            try RuntimeError.wrapping {
                tensors.append(try Self.tensor(name + ".lora_a", module.a))
                tensors.append(try Self.tensor(name + ".lora_b", try reordered(module.b, of: name)))
            }
        }
        let metadata: [(key: String, value: GGUFValue)] = [
            ("general.architecture", .text(family.architecture)), ("general.type", .text("adapter")),
            ("general.name", .text(adapter.sources.map(\.name).joined(separator: " + "))),
            ("adapter.type", .text("lora")), ("adapter.lora.alpha", .single(Float(adapter.rank))),
        ]
        try RuntimeError.wrapping(.file) { try GGUFWriter.write(metadata: metadata, tensors, to: output) }
        return Report(
            output: output.standardizedFileURL.path, tensors: names, rank: adapter.rank, error: adapter.error)
    }

    /// The output side of a change, its rows in ggml's order.
    private func reordered(_ b: Tensor, of name: String) throws -> Tensor {
        guard
            let heads = family.reorderedHeads(
                name, heads: configuration.headCount, keyValueHeads: configuration.keyValueHeadCount)
        else { return b }
        let order = GGUFFamily.ggmlOrder(rows: b.shape[0], heads: heads)
        return try b.indexSelect(0, order)
    }

    private static func tensor(_ name: String, _ tensor: Tensor) throws -> GGUFWriter.Tensor {
        let single = try tensor.cast(to: .float32).contiguous()
        return GGUFWriter.Tensor(name: name, shape: single.shape, bytes: TensorBytes(try single.bytes()))
    }
}

extension GGUFExport.Report {
    package var facts: [(String, String)] {
        [
            ("tensors", "\(tensors.count)"), ("rank", "\(rank)"),
            ("left out", "\(Figures.text(error * 100)) % of the norm"),
        ]
    }
}

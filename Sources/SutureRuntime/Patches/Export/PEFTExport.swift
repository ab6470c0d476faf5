// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Writes an adapter as PEFT keeps it: `adapter_config.json` and `adapter_model.safetensors`.
///
/// The scale is 1 (`lora_alpha` is the rank), so that what programs add is `B A` as it stands.
package struct PEFTExport {
    package struct Report: Sendable, Hashable, Codable {
        package var output: String
        package var modules: [String]
        package var rank: Int
        package var error: Double
        /// What programs that serve the adapter need to be told.
        package var notes: [String]
    }

    private let baseModel: String?
    private let revision: String?
    private let dtype: DType

    /// - Parameters:
    ///   - baseModel: that programs load before the adapter; nil: the folder that the patches belong to.
    ///   - revision: of that model.
    ///   - dtype: of the factors: "float32", "float16" or "bfloat16".
    /// - Throws: `usage` for another dtype.
    package init(baseModel: String? = nil, revision: String? = nil, dtype: String = "float32") throws(RuntimeError) {
        guard let type = DType(named: dtype), [.float32, .float16, .bfloat16].contains(type) else {
            throw RuntimeError(
                .usage, "an adapter cannot be written in \"\(dtype)\"", hint: "use float32, float16 or bfloat16")
        }
        self.baseModel = baseModel
        self.revision = revision
        self.dtype = type
    }

    /// Writes the folder, whole or not at all.
    package func write(_ adapter: LoRAAdapter, to output: URL) throws(RuntimeError) -> Report {
        try FolderAssembly.prepare(output)
        try RuntimeError.wrapping {
            var tensors: [SafetensorsWriter.Tensor] = []
            for module in adapter.modules {
                for (part, tensor) in [("lora_A", module.a), ("lora_B", module.b)] {
                    let cast = try tensor.cast(to: dtype).contiguous()
                    guard try cast.isAllFinite() else {
                        throw RuntimeError(
                            .refused, "the factors of '\(module.name)' have numbers beyond the range of \(dtype)",
                            hint: "write them in float32 or bfloat16 with --dtype")
                    }
                    tensors.append(
                        SafetensorsWriter.Tensor(
                            name: "base_model.model.\(module.name).\(part).weight", dtype: dtype.stored,
                            shape: cast.shape,
                            bytes: TensorBytes(try cast.bytes())))
                }
            }
            let configuration = try JSON.encode(configuration(adapter), layout: .page) + Data("\n".utf8)
            try FolderAssembly.assemble(at: output) { partial in
                try SafetensorsWriter.write(tensors, to: partial.appendingPathComponent("adapter_model.safetensors"))
                try configuration.write(to: partial.appendingPathComponent("adapter_config.json"))
            }
        }
        return Report(
            output: output.standardizedFileURL.path, modules: adapter.modules.map(\.name), rank: adapter.rank,
            error: adapter.error, notes: Self.notes(adapter.rank))
    }

    /// The ranks that vLLM can be told to expect (`--max-lora-rank`).
    private static let servedRanks = [1, 8, 16, 32, 64, 128, 256, 320, 512]

    private static func notes(_ rank: Int) -> [String] {
        guard let served = servedRanks.first(where: { $0 >= rank }) else {
            return [
                "vLLM serves no adapter beyond rank \(servedRanks.last ?? 0), and this one has rank \(rank); lower it with --rank"
            ]
        }
        return served > 16 ? ["vLLM serves it with --max-lora-rank \(served); it expects 16 unless it is told so"] : []
    }

    private struct Configuration: Encodable {
        var peft_type = "LORA"
        var task_type = "CAUSAL_LM"
        var base_model_name_or_path: String
        var revision: String?
        var r: Int
        var lora_alpha: Int
        var lora_dropout = 0.0
        var bias = "none"
        var fan_in_fan_out: Bool
        var target_modules: [String]
        var inference_mode = true
        var init_lora_weights = true
        var use_rslora = false
        var use_dora = false
        var modules_to_save: [String]?
        var layers_to_transform: [Int]?
        var rank_pattern: [String: Int] = [:]
        var alpha_pattern: [String: Int] = [:]
    }

    private func configuration(_ adapter: LoRAAdapter) -> Configuration {
        Configuration(
            base_model_name_or_path: baseModel ?? adapter.model, revision: revision, r: adapter.rank,
            lora_alpha: adapter.rank, fan_in_fan_out: adapter.storesTransposed,
            target_modules: adapter.modules.map(\.name).sorted())
    }
}

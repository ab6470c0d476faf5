// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Tells quantised models from others, by what the folder says and by what its tensors are called.
///
/// A quantised model stores integers and scales in the place of weights. An edit of them would need a rule for rounding
/// that no method has, so such models are refused by the name of their scheme.
enum Quantization {
    /// Sections of config.json, and files beside it, that describe a scheme.
    static let sections = ["quantization_config", "compression_config"]
    private static let files = ["quantize_config.json", "quant_config.json", "hf_quant_config.json"]
    /// Keys that name the scheme, in the order in which they count.
    private static let nameKeys = ["quant_method", "quant_algo", "quant_type", "format"]

    /// Endings of the tensors of a scheme, and what it is called. The first that fits counts.
    private static let endings: [(endings: [String], scheme: String)] = [
        ([".qweight", ".qzeros", ".g_idx"], "GPTQ or AWQ"),
        ([".SCB"], "bitsandbytes 8-bit"),
        ([".absmax", ".quant_map", ".nested_absmax"], "bitsandbytes 4-bit"),
        ([".weight_packed"], "compressed-tensors"),
        ([".weight_scale_inv"], "fp8"),
        ([".weight_scale", ".weight_zero_point", ".input_scale"], "compressed-tensors or fp8"),
        ([".weight_blocks", "_blocks"], "mxfp4"),
        (["._data", "._scale"], "quanto"),
        ([".W_q"], "hqq"),
    ]

    /// Refuses a folder whose configuration says that it is quantised.
    static func refuse(_ configuration: ConfigurationFile, in files: FolderFiles) throws(ModelError) {
        for key in sections {
            guard let section = try configuration.section(key), !section.isEmpty else { continue }
            throw quantized("\(configuration.path) has a \"\(key)\" of \(scheme(section))", section: key)
        }
        for name in self.files where files.contains(name) {
            let file = try ConfigurationFile(files.folder.appending(path: name))
            throw quantized(
                "\(file.path) describes quantised weights, \(scheme((try? file.section("quantization")).flatMap { $0 } ?? file))"
            )
        }
    }

    /// Refuses tensors that only a quantised model has, where nothing else said so.
    static func refuse(_ names: [String], in folder: URL) throws(ModelError) {
        for (endings, scheme) in endings {
            guard let name = names.first(where: { name in endings.contains(where: name.hasSuffix) }) else { continue }
            throw quantized("'\(folder.path)' holds the tensor '\(name)', which belongs to \(scheme)")
        }
        if let name = names.first(where: { $0.contains(".quant_state.") }) {
            throw quantized("'\(folder.path)' holds the tensor '\(name)', which belongs to bitsandbytes 4-bit")
        }
    }

    /// The scheme with its width, as the configuration spells it.
    private static func scheme(_ section: ConfigurationFile) -> String {
        func text(_ key: String) -> String? { (try? section.optionalText(key)).flatMap { $0 } }
        func isOn(_ key: String) -> Bool { (try? section.boolean(key, default: false)) == true }
        var name = nameKeys.lazy.compactMap(text).first
        let bits = isOn("load_in_4bit") ? 4 : isOn("load_in_8bit") ? 8 : nil
        if name == nil, bits != nil { name = "bitsandbytes" }
        let width =
            bits
            ?? ["bits", "w_bit", "nbits"].lazy.compactMap { (try? section.optionalInteger($0)).flatMap { $0 } }
            .first
        let format = text("format").flatMap { $0 == name ? nil : $0 }
        return
            (["\(name ?? "an unnamed scheme")"] + (width.map { ["\($0)-bit"] } ?? [])
            + (format.map { ["(\($0))"] } ?? []))
            .joined(separator: " ")
    }

    private static func quantized(_ message: String, section: String? = nil) -> ModelError {
        let rest = section.map { "; if the weights are plain floating point already, remove \"\($0)\"" } ?? ""
        return ModelError(
            .quantized, "\(message): the model is quantised, and quantised weights are not read",
            hint: "use the model in float32, float16 or bfloat16, or dequantise it in Python and save it" + rest)
    }
}

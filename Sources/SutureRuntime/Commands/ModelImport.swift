// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// What `suture model import` does: a GGUF file becomes a model folder.
package struct ModelImport {
    package typealias Report = GGUFImport.Report

    private let model: GGUFImport

    /// - Throws: what is wrong with the file or the settings, before anything is written.
    package init(file: URL, dtype: String, tokenizer: URL?) throws(RuntimeError) {
        guard let dtype = GGUFNumbers(rawValue: dtype) else {
            throw RuntimeError(
                .usage, "a model cannot be written in \"\(dtype)\"", hint: "use float32, float16 or bfloat16")
        }
        model = try RuntimeError.wrapping(.file) { try GGUFImport(file, dtype: dtype, tokenizer: tokenizer) }
    }

    /// - Parameter progress: gets the share of the weights that are written, 0 to 1.
    package func write(to output: URL, progress: (Double) -> Void) throws(RuntimeError) -> Report {
        try FolderAssembly.prepare(output)
        return try RuntimeError.wrapping(.file) { try model.write(to: output, progress: progress) }
    }
}

extension GGUFImport.Report {
    package var facts: [(String, String)] {
        let types = tensors.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
        return [
            ("folder", output), ("family", family), ("tensors of the file", types.joined(separator: ", ")),
            ("numbers of the folder", isDequantised ? "\(dtype), dequantised" : dtype),
        ]
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel

/// Largest difference from transformers that float32 rounding explains.
let parityTolerance = 1e-4
/// Largest difference between two ways of computing the same float32 pass.
let equivalenceTolerance = 1e-5

/// A golden checkpoint with what transformers computes from it.
struct Golden {
    let transformer: Transformer
    let tokens: [[Int]]
    let logits: Tensor
    let hidden: Tensor

    /// Where the checkpoint is.
    private let folder: URL

    init(_ name: String) throws {
        try TestHost.install()
        folder = try GoldenFile.url(
            "Tests/SutureModelTests/Transformer/Golden/\(name)",
            madeBy: "Tests/SutureModelTests/Transformer/make_golden.py")
        let checkpoint = try Checkpoint(opening: folder)
        let configuration = try ModelConfiguration(folder: folder)
        transformer = try Transformer(
            configuration,
            ModelWeights(
                checkpoint, WeightLayout(checkpoint, configuration), dtype: .float32, device: .cpu))
        let file = folder.appending(path: "golden.safetensors")
        let flat = try Golden.tensor("tokens", in: file).scalars(as: Int.self)
        tokens = [Array(flat[0..<9]), Array(flat[9..<15])]
        logits = try Golden.tensor("logits", in: file)
        hidden = try Golden.tensor("hidden", in: file)
    }

    /// What transformers' modules hold at a site: `[layer, 2, 9, …]`, 0 at padding.
    func site(_ kind: Site.Kind) throws -> Tensor {
        try Golden.tensor(kind.name, in: folder.appending(path: "sites.safetensors"))
    }

    /// What transformers chooses after the first five tokens of row 0, and after the first three of row 1.
    func greedy() throws -> [[Int]] {
        let file = folder.appending(path: "greedy.safetensors")
        return try ["row0", "row1"].map { try Golden.tensor($0, in: file).scalars(as: Int.self) }
    }

    private static func tensor(_ name: String, in url: URL) throws -> Tensor {
        let file = try SafetensorsFile(opening: url)
        let entry = try file.entry(name)
        return try file.withBytes(of: name) {
            try Tensor(bytes: $0, shape: entry.shape, dtype: DType(stored: entry.dtype))
        }
    }

    func run(_ pass: Forward, past: KeyValues? = nil) throws -> (output: ForwardOutput, cache: KeyValues?) {
        try transformer.run(pass, past: past)
    }

    func logits(_ rows: [[Int]]) throws -> Tensor {
        try #require(try run(Forward(TokenBatch(rows))).output.logits)
    }
}

func difference(_ a: Tensor, _ b: Tensor) throws -> Double { try (a - b).abs().max().item() }

let families = [
    "gpt2", "llama-tied-grouped", "llama-untied", "qwen2", "qwen2-untied", "mistral", "gptj", "gpt_neox",
    "gpt_neox-serial", "starcoder2", "starcoder2-untied", "mistral-window", "qwen2-window", "qwen3", "qwen3-window",
    "mixtral", "qwen2_moe",
    "qwen3_moe", "gpt_oss", "smollm3", "granite", "phi3", "phi3-long", "olmo2", "gemma", "gemma2", "gemma3", "stablelm",
    "stablelm-parallel",
    "falcon", "falcon-shared", "falcon-one-key", "falcon-one-key-serial", "falcon-many-keys", "falcon-many-keys-serial",
]

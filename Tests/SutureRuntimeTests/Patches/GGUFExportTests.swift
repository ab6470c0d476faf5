// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel
@testable import SutureRuntime

@Suite("Adapters for llama.cpp")
struct GGUFExportTests {
    /// An imported model with a patch that changes a query and a down projection.
    private struct Fixture {
        let scratch: ScratchFolder
        let model: URL
        let patch: URL
        let deltas: [Delta]

        init() throws {
            try TestHost.install()
            scratch = try ScratchFolder()
            model = scratch.url.appending(path: "model")
            patch = scratch.url.appending(path: "patch")
            _ = try ModelImport(file: GGUFImportTests.file("llama"), dtype: "float32", tokenizer: nil)
                .write(to: model) { _ in }
            func tensor(_ shape: [Int], _ seed: Int) throws -> Tensor {
                try Tensor((0..<shape.reduce(1, *)).map { Double(($0 * 37 + seed) % 101) / 101 - 0.5 }, shape: shape)
                    .cast(to: .float32)
            }
            deltas = [
                Delta(
                    "model.layers.1.self_attn.q_proj.weight",
                    .lowRank(left: try tensor([64, 2], 1), right: try tensor([2, 64], 2))),
                Delta(
                    "model.layers.0.mlp.down_proj.weight",
                    .lowRank(left: try tensor([64, 1], 3), right: try tensor([1, 96], 4))),
            ]
            try PatchStore.write(
                Patch(deltas), origin: PatchFixture.origin, model: try StackedModel(opening: model),
                isTransposed: { _ in false }, to: patch)
        }
    }

    @Test("The factors of every tensor give its change in ggml's order of rows")
    func factors() throws {
        let fixture = try Fixture()
        let file = fixture.scratch.url.appending(path: "adapter.gguf")
        let adapter = try LoRAAdapter([fixture.patch], of: fixture.model)
        let report = try GGUFExport(model: fixture.model).write(adapter, to: file)
        #expect(Set(report.tensors) == ["blk.1.attn_q.weight", "blk.0.ffn_down.weight"])
        let written = try GGUFFile(opening: file)
        #expect(written.metadata["adapter.type"]?.text == "lora")
        #expect(written.metadata["adapter.lora.alpha"] == .single(2))
        for (name, delta) in zip(["blk.1.attn_q.weight", "blk.0.ffn_down.weight"], fixture.deltas) {
            func factor(_ part: String) throws -> Tensor {
                let entry = try #require(written.entry("\(name).\(part)"))
                return try Tensor(written.numbers(of: entry).map { Double($0) }, shape: entry.shape)
            }
            var product = try factor("lora_b").matmul(factor("lora_a"))
            if name.contains("attn_q") {
                product = try product.indexSelect(0, GGUFFamily.transformersOrder(rows: 64, heads: 4))
            }
            guard case .lowRank(let left, let right) = delta.form else { continue }
            let expected = try left.cast(to: .float64).matmul(right.cast(to: .float64))
            let (ours, theirs) = (try product.scalars(as: Double.self), try expected.scalars(as: Double.self))
            #expect(zip(ours, theirs).allSatisfy { abs($0 - $1) < 1e-6 })
        }
    }

    @Test("A file that is there is not replaced, and a family without names in GGUF is refused")
    func refusals() throws {
        let fixture = try Fixture()
        let adapter = try LoRAAdapter([fixture.patch], of: fixture.model)
        let export = try GGUFExport(model: fixture.model)
        let error = #expect(throws: RuntimeError.self) { try export.write(adapter, to: fixture.patch) }
        #expect(error?.message.contains("is there already") == true)
        let other = fixture.scratch.url.appending(path: "gpt2")
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
        try TinyModel.write(.gpt2, to: other)
        let refused = #expect(throws: RuntimeError.self) { try GGUFExport(model: other) }
        #expect(refused?.message.contains("no GGUF adapter is written for a gpt2 model") == true)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel
@testable import SutureRuntime

@Suite("Models from GGUF files")
struct GGUFImportTests {
    static let golden = "Tests/SutureRuntimeTests/GGUF/Golden"
    static let script = "Tests/SutureRuntimeTests/GGUF/make_golden.py"
    static let names = ["llama", "qwen2", "qwen3", "llama-pieces", "gemma2", "gemma3"]

    private struct Golden: Decodable {
        struct Line: Decodable {
            var text: String
            var tokens: [Int]
        }
        /// SHA-256 of the numbers of transformers' tensors in single precision.
        var tensors: [String: String]
        var logits: [Double]
        var lines: [Line]
    }

    static func file(_ name: String) throws -> URL {
        try GoldenFile.url("\(golden)/\(name).gguf", madeBy: script)
    }

    private static func expected<Value: Decodable>(_ name: String) throws -> Value {
        let url = try GoldenFile.url("\(golden)/\(name).json", madeBy: script)
        return try JSON.decode(Value.self, from: Data(contentsOf: url), name: url.path)
    }

    private func imported(_ name: String, dtype: String = "float32", to folder: URL) throws -> GGUFImport.Report {
        try TestHost.install()
        return try ModelImport(file: Self.file(name), dtype: dtype, tokenizer: nil).write(to: folder) { _ in }
    }

    @Test("Blocks of every type are the numbers of llama.cpp's package, bit for bit")
    func blocks() throws {
        let expected: [String: String] = try Self.expected("blocks")
        let file = try GGUFFile(opening: Self.file("blocks"))
        #expect(Set(file.entries.map(\.type)) == Set(GGUFType.allCases))
        for entry in file.entries {
            let digest = file.numbers(of: entry).withUnsafeBytes { Digest.of(Data($0)) }
            #expect(digest == expected[entry.type.name], "\(entry.type.name)")
        }
    }

    @Test("A model has transformers' tensors bit for bit, its tokens and its logits", arguments: names)
    func models(_ name: String) throws {
        let expected: Golden = try Self.expected(name)
        let scratch = try ScratchFolder()
        let folder = scratch.url.appending(path: "model")
        let report = try imported(name, to: folder)
        #expect(report.isDequantised)
        let checkpoint = try Checkpoint(opening: folder)
        #expect(Set(checkpoint.names) == Set(expected.tensors.keys))
        for tensor in checkpoint.names {
            #expect(Digest.of(try checkpoint.bytes(of: tensor).data) == expected.tensors[tensor], "\(tensor)")
        }
        let model = try LanguageModel(folder: folder)
        for line in expected.lines {
            let tokens = try model.tokenizer.encode(line.text).ids
            #expect(tokens == line.tokens, "\(line.text)")
        }
        let pass = Forward(try TokenBatch([[5, 9, 12, 40, 7]]), logits: .last)
        let output = try #require(try model.transformer.run(pass).logits)
        let logits = try output.reshaped([-1]).scalars(as: Double.self)
        for (ours, theirs) in zip(logits, expected.logits) { #expect(abs(ours - theirs) < 1e-4) }
    }

    @Test("The folder says where it comes from, keeps the chat template, and is written in half precision on request")
    func folder() throws {
        let scratch = try ScratchFolder()
        let folder = scratch.url.appending(path: "model")
        let report = try imported("llama", dtype: "bfloat16", to: folder)
        #expect(report.dtype == "bfloat16" && report.family == "llama")
        let card = try String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)
        #expect(card.contains("llama.gguf") && card.contains("no more precise"))
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "chat_template.jinja").path))
        let file = try GGUFFile(opening: Self.file("llama"))
        let entry = try #require(file.entry("blk.0.attn_v.weight"))
        let rounded = try Tensor(file.numbers(of: entry).map { Double($0) }).cast(to: .bfloat16)
        let stored = try Checkpoint(opening: folder).bytes(of: "model.layers.0.self_attn.v_proj.weight")
        #expect(try Data(rounded.bytes()) == stored.data)
    }

    @Test("The tokenizer of a folder takes the place of the rebuilt one where its tokens are those of the file")
    func tokenizer() throws {
        let scratch = try ScratchFolder()
        let first = scratch.url.appending(path: "first")
        _ = try imported("llama", to: first)
        let second = scratch.url.appending(path: "second")
        _ = try ModelImport(file: Self.file("qwen2"), dtype: "float32", tokenizer: first).write(to: second) { _ in }
        #expect(
            FileManager.default.contentsEqual(
                atPath: first.appending(path: "tokenizer.json").path,
                andPath: second.appending(path: "tokenizer.json").path))
        let error = #expect(throws: RuntimeError.self) {
            try ModelImport(file: Self.file("gemma2"), dtype: "float32", tokenizer: first)
        }
        #expect(error?.message.contains("the token 0 is") == true)
    }

    @Test("Rows in ggml's order and back are as they were")
    func rowOrder() {
        let there = GGUFFamily.ggmlOrder(rows: 24, heads: 3)
        let back = GGUFFamily.transformersOrder(rows: 24, heads: 3)
        #expect(Array(there[..<8]) == [0, 4, 1, 5, 2, 6, 3, 7])
        #expect(back.map { there[$0] } == Array(0..<24))
    }

    @Test("The positions of Llama 3.1 are known by their factors, and other factors are not")
    func llama3() throws {
        // factor 8, low 1, high 4, context 8192, base 500000, head of 128: the first, a middle and the last factor.
        let factors = (0..<64).map { index -> Float in
            let length = 2 * Double.pi * pow(500_000, Double(index) / 64)
            if length < 8192 / 4 { return 1 }
            if length > 8192 { return 8 }
            let smooth = (8192 / length - 1) / 3
            return Float(1 / ((1 - smooth) / 8 + smooth))
        }
        let scaling = try #require(GGUFLlama3Scaling(factors, base: 500_000))
        #expect(scaling.json["factor"]?.number == 8)
        #expect(GGUFLlama3Scaling(factors.map { $0 * 1.1 }, base: 500_000) == nil)
        #expect(GGUFLlama3Scaling(factors, base: 10_000) == nil)
    }
}

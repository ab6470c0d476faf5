// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel
@testable import SutureRuntime

@Suite("GGUF files that are not read")
struct GGUFRefusalTests {
    /// A change of the bytes of a small model, and what the sentence must say.
    struct Damage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var code: ModelError.Code
        var says: String
        var change: @Sendable (inout Data) -> Void

        static func replacing(_ old: String, by new: String, _ code: ModelError.Code, says: String) -> Damage {
            precondition(old.utf8.count == new.utf8.count)
            return Damage(testDescription: "\(old) becomes \(new)", code: code, says: says) { data in
                guard let range = data.range(of: Data(old.utf8)) else { return }
                data.replaceSubrange(range, with: Data(new.utf8))
            }
        }
    }

    static let damages = [
        Damage(testDescription: "cut in the weights", code: .truncated, says: "beyond its end") { $0.removeLast(100) },
        Damage(testDescription: "cut in the header", code: .truncated, says: "bytes and") { $0 = $0.prefix(700) },
        Damage(testDescription: "another format", code: .headerSyntax, says: "not 'GGUF'") { $0[0] = 0 },
        Damage(testDescription: "a later version", code: .headerSyntax, says: "version is 9") { $0[4] = 9 },
        Damage(testDescription: "big-endian", code: .headerSyntax, says: "big-endian") {
            $0.replaceSubrange(4..<8, with: [0, 0, 0, 3])
        },
        Damage(testDescription: "a huge count", code: .truncated, says: "announces") {
            $0.replaceSubrange(8..<16, with: [255, 255, 255, 255, 255, 255, 255, 127])
        },
        .replacing("llama.block_count", by: "llama.block_kount", .missingField, says: "llama.block_count"),
        .replacing("blk.0.ffn_gate.weight", by: "blk.0.ffn_gatx.weight", .unsupportedComponent, says: "ffn_gatx"),
        .replacing("tokenizer.ggml.merges", by: "tokenizer.ggml.mergez", .missingField, says: "merges"),
        .replacing("general.architecture", by: "general.architectvre", .missingField, says: "architecture"),
        // The type of the embedding, behind its name, rank and two dimensions.
        Damage(testDescription: "a type that is not read", code: .unsupportedDtype, says: "stored as Q2_K") { data in
            guard let range = data.range(of: Data("token_embd.weight".utf8)) else { return }
            data[range.upperBound + 4 + 16] = 10
        },
    ]

    @Test("Each is refused in one sentence, and nothing is written", arguments: damages)
    func refusals(_ damage: Damage) throws {
        try TestHost.install()
        let scratch = try ScratchFolder()
        var data = try Data(contentsOf: GGUFImportTests.file("llama"))
        damage.change(&data)
        let file = scratch.url.appending(path: "model.gguf")
        try data.write(to: file)
        let output = scratch.url.appending(path: "out")
        let error = #expect(throws: ModelError.self) { _ = try GGUFImport(file).write(to: output) }
        #expect(error?.code == damage.code)
        #expect(error?.message.contains(damage.says) == true, "\(error?.message ?? "")")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path) == ["model.gguf"])
    }

    @Test("A file that ends anywhere in its header is refused and ends no process")
    func everyLength() throws {
        let scratch = try ScratchFolder()
        let data = try Data(contentsOf: GGUFImportTests.file("llama-pieces"))
        let file = scratch.url.appending(path: "model.gguf")
        for length in stride(from: 1, to: 12_000, by: 61) {
            try data.prefix(length).write(to: file)
            #expect(throws: ModelError.self) { _ = try GGUFFile(opening: file) }
        }
    }

    @Test("Numbers that are not finite are refused by the name of their tensor")
    func notFinite() throws {
        try TestHost.install()
        let scratch = try ScratchFolder()
        var data = try Data(contentsOf: GGUFImportTests.file("llama"))
        let entry = try #require(try GGUFFile(opening: GGUFImportTests.file("llama")).entry("blk.1.attn_norm.weight"))
        data.replaceSubrange(entry.byteRange.lowerBound..<entry.byteRange.lowerBound + 4, with: [0, 0, 0xC0, 0x7F])
        let file = scratch.url.appending(path: "model.gguf")
        try data.write(to: file)
        let error = #expect(throws: ModelError.self) {
            _ = try GGUFImport(file).write(to: scratch.url.appending(path: "out"))
        }
        #expect(error?.message.contains("'blk.1.attn_norm.weight'") == true)
    }

    @Test("A folder with a GGUF file alone points to the import; an output folder must be empty")
    func places() throws {
        try TestHost.install()
        let scratch = try ScratchFolder()
        let folder = scratch.url.appending(path: "model")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: GGUFImportTests.file("llama"), to: folder.appending(path: "m.gguf"))
        let error = #expect(throws: ModelError.self) { _ = try Checkpoint(opening: folder) }
        #expect(error?.hint.contains("suture model import") == true)
        #expect(throws: RuntimeError.self) {
            try ModelImport(file: folder.appending(path: "m.gguf"), dtype: "float32", tokenizer: nil)
                .write(to: folder) { _ in }
        }
    }
}

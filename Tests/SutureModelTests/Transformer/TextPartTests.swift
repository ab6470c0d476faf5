// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel

@Suite("Models that take pictures, too")
struct TextPartTests {
    private static func folder() throws -> URL {
        try GoldenFile.url(
            "Tests/SutureModelTests/Transformer/Golden/gemma3-pictures",
            madeBy: "Tests/SutureModelTests/Transformer/make_golden.py")
    }

    private static func layout(_ folder: URL) throws -> (ModelConfiguration, Checkpoint, WeightLayout) {
        let checkpoint = try Checkpoint(opening: folder)
        let configuration = try ModelConfiguration(folder: folder)
        return (configuration, checkpoint, try WeightLayout(checkpoint, configuration))
    }

    @Test("The part that reads text computes what transformers' whole model computes without a picture")
    func logits() throws {
        try TestHost.install()
        let folder = try Self.folder()
        let (configuration, checkpoint, layout) = try Self.layout(folder)
        #expect(layout.prefix == "language_model.model." && layout.unread.isEmpty)
        #expect(
            configuration.warnings.count == 1
                && configuration.warnings[0].contains("the part that reads text is used alone"))
        let transformer = try Transformer(
            configuration, ModelWeights(checkpoint, layout, dtype: .float32, device: .cpu))
        let file = try SafetensorsFile(opening: folder.appending(path: "golden.safetensors"))
        func tensor(_ name: String) throws -> Tensor {
            let entry = try file.entry(name)
            return try file.withBytes(of: name) {
                try Tensor(bytes: $0, shape: entry.shape, dtype: DType(stored: entry.dtype))
            }
        }
        let tokens = try tensor("tokens").scalars(as: Int.self)
        let rows = [Array(tokens[0..<9]), Array(tokens[9..<15])]
        let found = try #require(try transformer.run(Forward(TokenBatch(rows)), past: nil).output.logits)
        let expected = try tensor("logits")
        #expect(try difference(found[0], expected[0]) < parityTolerance)
        #expect(try difference(found[1][0..<6], expected[1][0..<6]) < parityTolerance)
    }

    /// A copy of the folder with another config.json.
    private func changed(_ change: (inout [String: Any]) -> Void) throws -> TemporaryFolder {
        let copy = try TemporaryFolder()
        let folder = try Self.folder()
        try FileManager.default.copyItem(
            at: folder.appending(path: "model.safetensors"), to: copy.url.appending(path: "model.safetensors"))
        let data = try Data(contentsOf: folder.appending(path: "config.json"))
        var values = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        change(&values)
        try JSONSerialization.data(withJSONObject: values).write(to: copy.url.appending(path: "config.json"))
        return copy
    }

    @Test("The tie counts from the top; keys that nobody reads are named wherever they are")
    func keys() throws {
        let untied = try changed { $0["tie_word_embeddings"] = false }
        #expect(try !ModelConfiguration(folder: untied.url).tiesHead)
        let odd = try changed {
            $0["odd_at_the_top"] = 1
            var part = $0["text_config"] as? [String: Any] ?? [:]
            part["odd_inside"] = 2
            $0["text_config"] = part
        }
        let warnings = try ModelConfiguration(folder: odd.url).warnings.joined(separator: "\n")
        #expect(warnings.contains("odd_at_the_top") && warnings.contains("odd_inside"))
    }

    @Test("A folder without the part, or with another one, is refused by name")
    func refusals() throws {
        let none = try changed { $0["text_config"] = nil }
        let missing = #expect(throws: ModelError.self) { try ModelConfiguration(folder: none.url) }
        #expect(missing?.message.contains("has no \"text_config\"") == true)
        let other = try changed { $0["text_config"] = ["model_type": "llama"] }
        let wrong = #expect(throws: ModelError.self) { try ModelConfiguration(folder: other.url) }
        #expect(wrong?.message.contains("must be \"gemma3_text\", got \"llama\"") == true)
    }
}

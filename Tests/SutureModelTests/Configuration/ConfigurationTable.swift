// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

@testable import SutureModel

/// table.json: every key that transformers reads, our answer to it, and probes with what transformers computes.
struct ConfigurationTable {
    enum Answer: String { case honoured, harmless, refused, warned }

    /// A config.json, and what becomes of it.
    struct Probe {
        var family: String
        var key: String
        var answer: Answer
        /// The value that the key has, for sentences of the test.
        var value: JSONValue
        /// The whole config.json; nil for a key of generation_config.json.
        var config: JSONValue?
        /// The tensors by name.
        var tensors: [String: [Int]]
        /// transformers' logits of the last two tokens.
        var logits: [Double]?
        /// The tokens that end a text.
        var ends: [Int]?

        var name: String { "\(family) \(key) = \(value.written(isCompact: true))" }
    }

    let tokens: [Int]
    /// Of models with an encoder: the source, and what the decoder says.
    let pairTokens: [Int]
    let probes: [Probe]
    let defaults: [JSONValue.Member]
    /// Probes without a change, by family.
    let bases: [String: Probe]

    init() throws {
        let file = try GoldenFile.url(
            "Tests/SutureModelTests/Configuration/table.json",
            madeBy: "Tests/SutureModelTests/Configuration/make_table.py")
        let content = try JSONValue(try Data(contentsOf: file), name: "table.json")
        guard case .list(let rows)? = content["rows"], case .list(let sets)? = content["tensors"],
            case .object(let defaults)? = content["defaults"]
        else { throw CocoaError(.fileReadCorruptFile) }
        let tensors = sets.map { set -> [String: [Int]] in
            guard case .object(let members) = set else { return [:] }
            return Dictionary(uniqueKeysWithValues: members.map { ($0.key, Self.integers($0.value)) })
        }
        var probes: [Probe] = []
        var bases: [String: Probe] = [:]
        for row in rows {
            guard let family = row["family"]?.text, let key = row["key"]?.text, case .list(let items)? = row["probes"]
            else { throw CocoaError(.fileReadCorruptFile) }
            for item in items {
                let probe = Probe(
                    family: family, key: key, answer: item["answer"]?.text.flatMap(Answer.init) ?? .refused,
                    value: item["value"] ?? .null, config: item["config"],
                    tensors: item["tensors"]?.integer.map { tensors[$0] } ?? [:],
                    logits: item["logits"].map(Self.numbers), ends: item["ends"].map(Self.integers))
                if key.isEmpty { bases[family] = probe } else { probes.append(probe) }
            }
        }
        tokens = Self.integers(content["tokens"] ?? .null)
        pairTokens = Self.integers(content["encoder-decoder tokens"] ?? .null)
        self.probes = probes
        self.bases = bases
        self.defaults = defaults
    }

    private static func integers(_ value: JSONValue) -> [Int] { numbers(value).map { Int($0) } }

    private static func numbers(_ value: JSONValue) -> [Double] {
        guard case .list(let items) = value else { return [] }
        return items.compactMap(\.number)
    }

    /// The numbers of a tensor, which depend on its name and their places alone; make_table.py makes the same.
    static func weight(_ name: String, _ shape: [Int]) -> SafetensorsWriter.Tensor {
        var seed: UInt32 = 2_166_136_261
        for byte in name.utf8 { seed = (seed ^ UInt32(byte)) &* 16_777_619 }
        let isNormWeight = (name.contains("norm") || name.contains(".ln_")) && name.hasSuffix("weight")
        let values = (0..<shape.reduce(1, *)).map { index -> Float in
            var x = UInt32(truncatingIfNeeded: index) &* 2_654_435_761 &+ seed
            x = (x ^ (x >> 16)) &* 0x45D9F3B
            x ^= x >> 16
            let u = Double(x) / 4_294_967_296 - 0.5
            return Float(isNormWeight ? 1 + 0.4 * u : 1.6 * u)
        }
        return SafetensorsWriter.Tensor(name: name, dtype: .float32, shape: shape, bytes: float32Bytes(values))
    }
}

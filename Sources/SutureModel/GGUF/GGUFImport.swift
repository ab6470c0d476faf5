// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Writes a Hugging Face folder of the model in a GGUF file.
///
/// Quantised numbers are written as the numbers that they stand for: the folder is larger than the file and no more precise. Whatever
/// the file says that changes what the model computes is carried over, refused by name, or named in a warning.
package struct GGUFImport {
    package struct Report: Sendable, Hashable, Codable {
        package var output: String
        /// `model_type` of the folder.
        package var family: String
        /// How many tensors the file has of each type: ["Q4_K": 210, "F32": 61].
        package var tensors: [String: Int]
        /// Of the numbers in the folder: "float32".
        package var dtype: String
        /// Some numbers were quantised, and are written as what they stand for.
        package var isDequantised: Bool
        package var warnings: [String]
    }

    /// The largest file of weights, as transformers divides them, in bytes.
    private static let shardSize = 5_000_000_000

    private let file: GGUFFile
    private let settings: GGUFSettings
    private let tokenizer: GGUFTokenizerFiles
    private let dtype: GGUFNumbers
    private let tensors: [(entry: GGUFFile.Entry, name: String)]

    /// Reads the header and decides about everything but the numbers.
    ///
    /// - Parameters:
    ///   - url: the GGUF file.
    ///   - dtype: of the folder; half precision rounds.
    ///   - tokenizer: a folder whose tokenizer is taken in place of the one in the file.
    /// - Throws: what is wrong with the file, by name.
    package init(_ url: URL, dtype: GGUFNumbers = .float32, tokenizer: URL? = nil) throws(ModelError) {
        self.dtype = dtype
        file = try GGUFFile(opening: url)
        settings = try GGUFSettings(file)
        let family = settings.family
        var tensors: [(entry: GGUFFile.Entry, name: String)] = []
        for entry in file.entries where entry.name != GGUFSettings.rotaryFactors {
            guard let name = family.transformersName(entry.name) else {
                throw ModelError(
                    .unsupportedComponent,
                    "the tensor '\(entry.name)' of the GGUF file '\(file.url.path)' has no place in a model of the family "
                        + "\(family.architecture)",
                    hint: "get the model as a Hugging Face folder")
            }
            tensors.append((entry, name))
        }
        self.tensors = tensors
        if let tokenizer {
            self.tokenizer = try GGUFTokenizerFiles(of: tokenizer, for: file)
        } else {
            self.tokenizer = GGUFTokenizerFiles(try GGUFTokenizer(file, family: family))
        }
    }

    /// Writes the folder, whole or not at all. It is opened as any other model folder before it gets its name.
    ///
    /// - Parameter progress: gets the share of the weights that are written, 0 to 1.
    package func write(to output: URL, progress: (Double) -> Void = { _ in }) throws(ModelError) -> Report {
        let configuration = try settings.configuration(dtype: dtype.rawValue)
        var warnings = tokenizer.warnings
        if !settings.unknownKeys.isEmpty {
            warnings.append(
                "the file says \(settings.unknownKeys.joined(separator: ", ")), which is not understood and left out")
        }
        let types = Dictionary(grouping: file.entries, by: \.type.name).mapValues(\.count)
        let isDequantised = file.entries.contains { $0.type.isQuantised }
        try ModelFolder.assemble(at: output) { (partial) throws(ModelError) in
            try Self.write(configuration, to: partial, "config.json")
            try tokenizer.write(to: partial)
            try OutputFile.replace(
                partial.appendingPathComponent("README.md"),
                by: Data(GGUFCard(file: file, types: types, dtype: dtype.rawValue).text.utf8))
            try writeWeights(to: partial, progress)
            let model = try Self.opened(partial, as: output)
            warnings += model.warnings
        }
        return Report(
            output: output.standardizedFileURL.path, family: settings.family.modelType, tensors: types,
            dtype: dtype.rawValue, isDequantised: isDequantised, warnings: warnings)
    }

    // MARK: Parts

    private func writeWeights(to folder: URL, _ progress: (Double) -> Void) throws(ModelError) {
        let shards = shards()
        let total = Double(tensors.reduce(0) { $0 + $1.entry.elementCount })
        var done = 0
        var places: [JSONValue.Member] = []
        for (index, shard) in shards.enumerated() {
            let name =
                shards.count == 1
                ? Checkpoint.fileName : String(format: "model-%05d-of-%05d.safetensors", index + 1, shards.count)
            try SafetensorsWriter.write(
                shard.map { .init(name: $0.name, dtype: dtype.stored, shape: $0.entry.shape) },
                metadata: ["gguf_file": file.url.lastPathComponent], to: folder.appendingPathComponent(name)
            ) { (place) throws(ModelError) in
                let bytes = try bytes(of: shard[place].entry)
                done += shard[place].entry.elementCount
                progress(Double(done) / max(total, 1))
                return bytes
            }
            places += shard.map { JSONValue.Member(key: $0.name, value: .text(name)) }
        }
        guard shards.count > 1 else { return }
        let size = tensors.reduce(0) { $0 + $1.entry.elementCount * dtype.stored.byteCount }
        try Self.write(
            .record([("metadata", .record([("total_size", .integer(size))])), ("weight_map", .object(places))]),
            to: folder,
            Checkpoint.indexName)
    }

    private func shards() -> [[(entry: GGUFFile.Entry, name: String)]] {
        var shards: [[(entry: GGUFFile.Entry, name: String)]] = []
        var size = Int.max
        for tensor in tensors {
            let own = tensor.entry.elementCount * dtype.stored.byteCount
            if size > Self.shardSize - own {
                shards.append([])
                size = 0
            }
            shards[shards.count - 1].append(tensor)
            size += own
        }
        return shards
    }

    /// The numbers of a tensor as transformers has them.
    private func bytes(of entry: GGUFFile.Entry) throws(ModelError) -> TensorBytes {
        var numbers = file.numbers(of: entry)
        if settings.family.addsOneToNorms, entry.name.hasSuffix("norm.weight") {
            for index in numbers.indices { numbers[index] -= 1 }
        }
        if let heads = try settings.family.reorderedHeads(
            entry.name, heads: settings.whole("attention.head_count"), keyValueHeads: settings.keyValueHeads())
        {
            let rows = entry.shape.first ?? 0
            guard rows > 0, heads <= rows, rows % (heads * 2) == 0 else {
                throw ModelError(
                    .sizeMismatch,
                    "the tensor '\(entry.name)' has \(rows) rows, which are not \(heads) heads of an even size",
                    hint: "convert the model again")
            }
            let width = numbers.count / rows
            let order = GGUFFamily.transformersOrder(rows: rows, heads: heads)
            numbers = order.flatMap { numbers[$0 * width..<($0 + 1) * width] }
        }
        guard let bytes = dtype.bytes(numbers) else {
            throw ModelError(
                .notFinite, "the tensor '\(entry.name)' has numbers that are not finite in \(dtype.rawValue)",
                hint: dtype == .float16 ? "write the model in float32 or bfloat16" : "fetch the file again")
        }
        return bytes
    }

    static func write(_ value: JSONValue, to folder: URL, _ name: String) throws(ModelError) {
        try OutputFile.replace(
            folder.appendingPathComponent(name), by: Data((value.written(levels: 2) + "\n").utf8))
    }

    /// The folder as a model. Sentences about it name the place that it will have.
    private static func opened(_ partial: URL, as output: URL) throws(ModelError) -> StoredModel {
        do throws(ModelError) {
            return try StoredModel(folder: partial)
        } catch {
            throw ModelError(
                error.code, error.message.replacingOccurrences(of: partial.path, with: output.path), hint: error.hint)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A file in llama.cpp's format, version 2 or 3: metadata, and tensors that may be quantised.
///
/// Opening maps the file and reads the header; every tensor is checked to lie inside the file. The format is described in the
/// documentation of ggml, `docs/gguf.md`.
package struct GGUFFile: Sendable {
    /// One tensor.
    package struct Entry: Sendable, Hashable {
        package let name: String
        package let type: GGUFType
        /// Row-major, as everywhere else here: the reverse of what the file says. `[out, in]` of a matrix.
        package let shape: [Int]
        /// Counted from the start of the file.
        let byteRange: Range<Int>

        package var elementCount: Int { byteRange.count / type.blockBytes * type.blockSize }
    }

    package let url: URL
    /// By key, as the file names them: "llama.block_count".
    package let metadata: [String: GGUFValue]
    /// In the order of the file.
    package let entries: [Entry]
    private let file: MappedFile
    private let places: [String: Int]

    /// Of a tensor in ggml.
    private static let largestRank = 4
    private static let magic: UInt32 = 0x4655_4747  // "GGUF"
    private static let defaultAlignment = 32
    private static let largestAlignment = 1 << 20

    /// - Throws: `unreadable`; `headerSyntax` for a file of another format or a damaged one; `truncated`; `unsupportedDtype` for a
    ///   tensor of a type that is not read; `unsupportedOption` for one part of several.
    package init(opening url: URL) throws(ModelError) {
        let file = try MappedFile(reading: url)
        var reader = GGUFReader(file.bytes, path: url.path)
        try Self.checkVersion(&reader, path: url.path)
        let tensorCount = try reader.count(of: "tensors", eachAtLeast: 8 + 4 + 4 + 8)
        let keyCount = try reader.count(of: "keys", eachAtLeast: 8 + 4 + 1)
        var metadata: [String: GGUFValue] = [:]
        for _ in 0..<keyCount {
            let key = try reader.text("a key")
            guard metadata.updateValue(try reader.value(of: key), forKey: key) == nil else {
                throw reader.invalid("the key '\(key)' appears twice")
            }
        }
        if let parts = metadata["split.count"]?.integer, parts > 1 {
            throw ModelError(
                .unsupportedOption, "'\(url.path)' is one of \(parts) parts of a model",
                hint: "join the parts first: llama-gguf-split --merge FIRST-PART JOINED.gguf")
        }
        entries = try Self.entries(&reader, count: tensorCount, metadata, fileSize: file.bytes.count)
        var places: [String: Int] = [:]
        for (index, entry) in entries.enumerated() {
            guard places.updateValue(index, forKey: entry.name) == nil else {
                throw ModelError(
                    .duplicateName, "the GGUF file '\(url.path)' has two tensors '\(entry.name)'",
                    hint: "convert the model again")
            }
        }
        self.url = url
        self.metadata = metadata
        self.file = file
        self.places = places
    }

    package func contains(_ name: String) -> Bool { places[name] != nil }

    package func entry(_ name: String) -> Entry? { places[name].map { entries[$0] } }

    /// The bytes of a tensor as they are stored, not copied.
    package func bytes(of entry: Entry) -> TensorBytes { TensorBytes(of: file, entry.byteRange) }

    /// The numbers of a tensor in single precision, row-major.
    package func numbers(of entry: Entry) -> [Float] {
        [Float](unsafeUninitializedCapacity: entry.elementCount) { buffer, count in
            let part = UnsafeMutableBufferPointer(rebasing: buffer[..<entry.elementCount])
            bytes(of: entry).withUnsafeBytes { GGUFBlocks.dequantise($0, as: entry.type, into: part) }
            count = entry.elementCount
        }
    }

    // MARK: - Opening

    private static func checkVersion(_ reader: inout GGUFReader, path: String) throws(ModelError) {
        guard try reader.take(UInt32.self) == magic else {
            throw ModelError(
                .headerSyntax, "'\(path)' is not a GGUF file: the first four bytes are not 'GGUF'",
                hint: "give the path of a GGUF file")
        }
        let version = try reader.take(UInt32.self)
        switch version {
        case 2, 3: break
        case 1, 0: throw reader.invalid("the version is \(version), which llama.cpp no longer reads either")
        case let other where other.byteSwapped <= 3:
            throw reader.invalid("the numbers are big-endian, which is not read")
        default: throw reader.invalid("the version is \(version), and only 2 and 3 are known")
        }
    }

    private static func entries(
        _ reader: inout GGUFReader, count: Int, _ metadata: [String: GGUFValue], fileSize: Int
    ) throws(ModelError) -> [Entry] {
        var heads: [(name: String, type: GGUFType, shape: [Int], byteCount: Int, offset: Int)] = []
        for _ in 0..<count {
            let name = try reader.text("the name of a tensor")
            let rank = Int(try reader.take(UInt32.self))
            guard rank <= largestRank else { throw reader.invalid("the tensor '\(name)' has \(rank) dimensions") }
            var shape: [Int] = []
            for _ in 0..<rank {
                let size = try reader.take(UInt64.self)
                guard let dimension = Int(exactly: size) else {
                    throw reader.invalid("the tensor '\(name)' has a dimension of \(size)")
                }
                shape.insert(dimension, at: 0)
            }
            let number = try reader.take(UInt32.self)
            guard let type = GGUFType(rawValue: number) else {
                throw ModelError(
                    .unsupportedDtype,
                    "the tensor '\(name)' is stored as \(GGUFType.name(of: number)), which is not read",
                    hint: "get the model in one of \(GGUFType.allCases.map(\.name).joined(separator: ", "))")
            }
            guard let byteCount = byteCount(type, shape), let offset = Int(exactly: try reader.take(UInt64.self)) else {
                throw reader.invalid(
                    "the tensor '\(name)' of the shape \(shape) is not made of whole \(type.name) blocks")
            }
            heads.append((name, type, shape, byteCount, offset))
        }
        let alignment = metadata["general.alignment"]?.integer ?? defaultAlignment
        guard (1...largestAlignment).contains(alignment), alignment.nonzeroBitCount == 1 else {
            throw reader.invalid(
                "'general.alignment' is \(alignment), and not a power of two up to \(largestAlignment)")
        }
        func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
        let start = padded(reader.offset)
        var (next, entries) = (0, [Entry]())
        for head in heads {
            // As in ggml: one after the other, so that no byte belongs to two.
            guard head.offset == next else {
                throw reader.invalid("the tensor '\(head.name)' is at \(head.offset) and should be at \(next)")
            }
            guard head.byteCount <= fileSize - start - next else {
                throw reader.truncated("places the tensor '\(head.name)' beyond its end")
            }
            let first = start + next
            entries.append(
                Entry(
                    name: head.name, type: head.type, shape: head.shape, byteRange: first..<first + head.byteCount))
            next = padded(next + head.byteCount)
        }
        return entries
    }

    /// Nil where a row is not made of whole blocks, or the product is too large.
    private static func byteCount(_ type: GGUFType, _ shape: [Int]) -> Int? {
        guard (shape.last ?? 1) % type.blockSize == 0 else { return nil }
        var count = type.blockBytes
        for dimension in shape.dropLast() + [(shape.last ?? 1) / type.blockSize] {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            if overflow || dimension < 0 { return nil }
            count = product
        }
        return count
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Named tensors in a safetensors file, with a checksum of names, types, shapes and numbers among its metadata.
package enum TensorFile {
    private static let checksumKey = "sha256"
    /// What every writer of the format adds.
    private static let formatKey = "format"

    /// Writes beside and renames.
    package static func write(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to url: URL
    ) throws {
        let entries = try tensors.map { name, tensor in
            SafetensorsWriter.Tensor(
                name: name, dtype: tensor.dtype.stored, shape: tensor.shape, bytes: TensorBytes(try tensor.bytes()))
        }
        var metadata = metadata
        metadata[checksumKey] = checksum(of: entries, metadata)
        try SafetensorsWriter.write(entries, metadata: metadata, to: url)
    }

    /// - Throws: `file` for a file that is damaged.
    package static func read(_ url: URL) throws -> [String: Tensor] { try contents(url).tensors }

    /// The tensors with the metadata.
    ///
    /// - Throws: `file` for a file that is damaged.
    static func contents(_ url: URL) throws -> (tensors: [String: Tensor], metadata: [String: String]) {
        let file = try SafetensorsFile(opening: url)
        let entries = try file.entries.map {
            SafetensorsWriter.Tensor(
                name: $0.name, dtype: $0.dtype, shape: $0.shape, bytes: try file.bytes(of: $0.name))
        }
        guard file.metadata[checksumKey] == checksum(of: entries, file.metadata) else { throw isDamaged(url) }
        var tensors: [String: Tensor] = [:]
        for entry in entries {
            tensors[entry.name] = try entry.bytes.withUnsafeBytes {
                try Tensor(bytes: $0, shape: entry.shape, dtype: DType(stored: entry.dtype))
            }
        }
        return (tensors, file.metadata)
    }

    static func isDamaged(_ url: URL) -> RuntimeError {
        RuntimeError(.file, "'\(url.path)' is damaged: its checksum differs")
    }

    /// The order of the tensors does not count: readers ask for them by name.
    private static func checksum(of tensors: [SafetensorsWriter.Tensor], _ metadata: [String: String]) -> String {
        var sum = Digest.Sum()
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where key != checksumKey && key != formatKey {
            sum.add("\(key)\0\(value)\0")
        }
        for tensor in tensors.sorted(by: { $0.name < $1.name }) {
            sum.add("\(tensor.name)\0\(tensor.dtype.rawValue)\0\(tensor.shape)\0")
            tensor.bytes.withUnsafeBytes { sum.add($0) }
        }
        return sum.text
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import SutureModel
import Testing

/// A folder of one test, removed with the object.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("suture-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// Writes a file and gives its place; folders above it are made.
    @discardableResult
    func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> URL {
        let place = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: place)
        return place
    }

    /// The relative paths of everything in the folder, sorted.
    var contents: [String] {
        (try? FileManager.default.subpathsOfDirectory(atPath: url.path))?.sorted() ?? []
    }
}

/// A safetensors file made by hand: the size of the header, the header, the data.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8) + data
}

/// The checkpoint error that `body` throws; records an issue where it throws none.
func checkpointError(
    _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> ModelError? {
    #expect(throws: ModelError.self, sourceLocation: location, performing: body)
}

/// Float32 elements as stored bytes.
func float32Bytes(_ values: [Float]) -> TensorBytes {
    TensorBytes(values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) })
}

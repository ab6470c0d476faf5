// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Tensors that are kept in files under keys, for work that must survive a kill. Each file is written under another
/// name and renamed.
package struct TensorStore: Sendable {
    let folder: URL

    package init(folder: URL) { self.folder = folder }

    /// A store inside this one, for one component and one group of cases.
    package func scope(_ name: String) -> TensorStore { TensorStore(folder: folder.appending(path: name)) }

    package func get(_ key: String) throws -> Tensor? {
        let url = file(of: key)
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        return try SealedFile.readingState { try TensorFile.read(url)["tensor"] }
    }

    func holds(_ key: String) -> Bool { FileManager.default.fileExists(atPath: file(of: key).path) }

    package func put(_ key: String, _ tensor: Tensor) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try TensorFile.write([("tensor", tensor)], metadata: ["key": key], to: file(of: key))
    }

    /// Seconds between two looks whether another process is done.
    private static let wait = 0.2

    /// Does some work alone, and waits for another process that does the same. The folder is there.
    ///
    /// - Parameters:
    ///   - name: of the lock's file, in the folder.
    ///   - waiting: is called as long as another process is at work.
    func locked<Result>(
        _ name: String, waiting: () throws -> Void, work: () throws -> Result
    ) throws -> Result {
        while true {
            do {
                let lock = try PlaceLock(folder.appending(path: name), of: "the cache in '\(folder.path)'")
                return try withExtendedLifetime(lock, work)
            } catch let error as RuntimeError where error.kind == .busy {
                try waiting()
                Thread.sleep(forTimeInterval: Self.wait)
            }
        }
    }

    /// A key may be any text; a file is named by the digest of its key.
    private func file(of key: String) -> URL {
        folder.appending(path: "\(Digest.of(Data(key.utf8)).prefix(32)).safetensors")
    }
}

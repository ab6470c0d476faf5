// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// SHA-256 in lower-case hexadecimal.
package enum Digest {
    package static func of(_ data: some DataProtocol) -> String { hexadecimal(SHA256.hash(data: data)) }

    package static func of(_ bytes: UnsafeRawBufferPointer) -> String {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return hexadecimal(hash.finalize())
    }

    /// Of a file's bytes, read in pieces.
    ///
    /// - Throws: `file` where it cannot be read.
    package static func ofFile(_ path: String) throws(RuntimeError) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw RuntimeError(.file, "'\(path)' cannot be read", hint: "check the path and its permissions")
        }
        defer { try? handle.close() }
        var hash = SHA256()
        do {
            while let piece = try handle.read(upToCount: 1 << 22), !piece.isEmpty { hash.update(data: piece) }
        } catch {
            throw RuntimeError(.file, "'\(path)' cannot be read: \(error.localizedDescription)")
        }
        return hexadecimal(hash.finalize())
    }

    /// A digest in the making.
    struct Sum {
        private var hash = SHA256()

        mutating func add(_ text: String) { hash.update(data: Data(text.utf8)) }
        mutating func add(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }
        /// Of all that was added.
        var text: String { Digest.hexadecimal(hash.finalize()) }
    }

    fileprivate static func hexadecimal(_ digest: SHA256.Digest) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// The private files of a run's `state/`: JSON under a line with its checksum. What a resumed run takes from them is what was
/// written, to the bit.
package enum SealedFile {
    /// Before the checksum.
    private static let label = "sha256 "
    /// What to do about a damaged file of a state.
    static let hint = "remove the folder 'state' of the run and resume; the run then begins anew"

    /// Replaces a file by rename.
    static func write(_ value: some Encodable, to url: URL) throws {
        let content = try JSON.encode(value, layout: .page) + Data("\n".utf8)
        try RunFolder.write(Data("\(label)\(Digest.of(content))\n".utf8) + content, to: url)
    }

    /// - Returns: nil where there is no file.
    /// - Throws: `file` for one that is damaged.
    package static func read<Value: Decodable>(_ type: Value.Type, from url: URL) throws(RuntimeError) -> Value? {
        let read = try RuntimeError.wrapping(.file) {
            try SmallFile.contents(atPath: url.path, limit: RunFolder.largestFile)
        }
        guard let data = read else { return nil }
        guard let end = data.firstIndex(of: UInt8(ascii: "\n")) else { throw isDamaged(url.path) }
        let content = Data(data[(end + 1)...])
        guard data[..<end] == Data("\(label)\(Digest.of(content))".utf8) else { throw isDamaged(url.path) }
        return try readingState { try JSON.decode(type, from: content, name: "'\(url.path)'") }
    }

    static func isDamaged(_ what: String) -> RuntimeError {
        RuntimeError(.file, "'\(what)' is damaged: its checksum differs", hint: hint)
    }

    /// Reads a file of the state that has a checksum of its own kind. Whatever is wrong with it, the advice is the same.
    static func readingState<Value>(_ body: () throws -> Value) throws(RuntimeError) -> Value {
        do {
            return try body()
        } catch {
            throw RuntimeError(.file, RuntimeError(error).message, hint: hint)
        }
    }
}

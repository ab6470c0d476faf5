// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A file in the making that appears at its place whole or not at all.
///
/// Bytes go to `FILE.suture-tmp-…` beside the place. When all are written they are flushed to the disk, and the file is
/// renamed to its place; a failure before that removes the temporary file and leaves the place as it was.
package final class OutputFile {
    /// The largest single write; systems refuse or shorten writes near 2^31 bytes.
    private static let largestWrite = 1 << 26

    private let path: String
    private let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Makes the file at `url`, replacing one that is there, from what `body` appends.
    ///
    /// - Parameter mode: who may read, write and execute it; nil: as the system has it for new files.
    /// - Throws: `unwritable`, and what `body` throws.
    static func create(
        at url: URL, mode: mode_t? = nil, _ body: (OutputFile) throws(ModelError) -> Void
    ) throws(ModelError) {
        let path = url.path
        let temporary = try TemporaryPlace.make(.file, beside: path)
        do throws(ModelError) {
            // Before the first byte is in it, which others may not be meant to read.
            if let mode, fchmod(temporary.descriptor, mode) != 0 { throw .unwritable(path, errno) }
            try body(OutputFile(path: path, descriptor: temporary.descriptor))
            guard fsync(temporary.descriptor) == 0 else { throw .unwritable(path, errno) }
            guard rename(temporary.path, path) == 0 else { throw .unwritable(path, errno) }
        } catch {
            unlink(temporary.path)
            throw error
        }
        flushFolder(of: url)
    }

    /// Replaces the file at `url` by some bytes.
    ///
    /// - Throws: `unwritable`.
    package static func replace(_ url: URL, by data: Data) throws(ModelError) {
        try create(at: url) { (file) throws(ModelError) in
            let reason = data.withUnsafeBytes { file.writeAll($0) }
            guard reason == 0 else { throw .unwritable(file.path, reason) }
        }
    }

    /// Appends bytes.
    ///
    /// - Throws: `unwritable`.
    func append(_ bytes: TensorBytes) throws(ModelError) {
        let reason = bytes.withUnsafeBytes { writeAll($0) }
        guard reason == 0 else { throw .unwritable(path, reason) }
    }

    /// Flushes the folder that holds `url`, so that a rename in it lasts. Not every file system can; that is fine.
    static func flushFolder(of url: URL) {
        let folder = open(url.deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// Writes all bytes and gives 0, or the system's reason.
    private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.largestWrite))
            let written = write(descriptor, piece.baseAddress, piece.count)
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(written)
        }
        return 0
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Files of data, which may be large, up to a limit. Files that are small if they are what they should be are read by
/// `SmallFile`.
///
/// They are read and not mapped: another program may cut a file short, and a mapped one would then end the process.
enum DataFile {
    /// In bytes. What is made of a file takes some times its size in memory.
    static let largest = 4 << 30
    private static let pieceSize = 1 << 20

    /// The whole file.
    ///
    /// - Parameter what: "the dataset", for sentences.
    /// - Throws: `file` for what is no file that can be read, and for one that is larger than the limit.
    static func contents(_ path: String, what: String) throws(RuntimeError) -> [UInt8] {
        var all: [UInt8] = []
        try read(path, what: what) { (size, piece) throws(RuntimeError) in
            guard size <= largest else { throw isTooLarge("\(what) '\(path)'", size: size) }
            if all.isEmpty { all.reserveCapacity(size) }
            all += piece
            return true
        }
        return all
    }

    /// Reads a file piece by piece.
    ///
    /// - Parameter take: receives the size of the file and a piece; returns whether it needs another.
    static func read(
        _ path: String, what: String, _ take: (_ size: Int, _ piece: ArraySlice<UInt8>) throws(RuntimeError) -> Bool
    ) throws(RuntimeError) {
        let unreadable = RuntimeError(
            .file, "\(what) '\(path)' cannot be read", hint: "check the path and its permissions")
        // A pipe without a writer would keep its reader waiting.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable }
        defer { close(file) }
        var status = stat()
        // Anything else but a file may have no end.
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw unreadable }
        var piece = [UInt8](repeating: 0, count: pieceSize)
        var done = 0
        while true {
            let count = Glibc.read(file, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable }
            if count == 0 { return }
            done += count
            guard try take(max(done, Int(status.st_size)), piece[..<count]) else { return }
        }
    }

    /// "the dataset 'x' has 5120 MiB, and at most 4096 MiB are read"
    static func isTooLarge(_ what: String, size: Int) -> RuntimeError {
        RuntimeError(
            .file, "\(what) has \(size >> 20) MiB, and at most \(largest >> 20) MiB are read",
            hint: "divide the file, or set a limit")
    }
}

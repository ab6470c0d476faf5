// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the system says about a file without reading it. While it stays equal, so does the content: whatever writes to a file
/// moves its times, and whatever replaces it gives it another number.
package struct FileStamp: Sendable, Hashable, Codable {
    private var device: UInt64
    private var number: UInt64
    private var size: Int64
    /// In nanoseconds. The second cannot be set from outside, as `touch -d` sets the first.
    private var modified: Int64
    private var changed: Int64

    /// Nil where there is nothing. Links are followed.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
    }

    static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Whether a name leads to what a descriptor is of.
    static func isSame(_ path: String, _ descriptor: Int32) -> Bool {
        var (named, held) = (stat(), stat())
        return stat(path, &named) == 0 && fstat(descriptor, &held) == 0 && named.st_ino == held.st_ino
            && named.st_dev == held.st_dev
    }

    /// Systems count the times of files in steps of some milliseconds. A change within a step of the last one does not show.
    private static let step: Int64 = 20_000_000

    /// Whether a later change will show. A time in the future is another machine's, and no reason to wait for it.
    var isSettled: Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return abs(Self.nanoseconds(now) - max(modified, changed)) > Self.step
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The stamps of the files of an input, by their names in it.
package struct InputStamp: Sendable, Hashable, Codable {
    /// Nil for a name that leads nowhere.
    private var files: [String: FileStamp?] = [:]
    /// Whether a later change will show.
    private var isSettled = true

    /// - Throws: what is wrong with the folder.
    init(_ input: RunInput) throws(RuntimeError) {
        for (name, path) in try input.files() {
            let stamp = FileStamp(path)
            files[name] = .some(stamp)
            isSettled = isSettled && stamp?.isSettled == true
        }
    }

    /// Whether nothing can have changed until a later stamp.
    func proves(_ later: InputStamp) -> Bool { isSettled && files == later.files }

    /// The names of the files that differ, in order.
    func differences(from other: InputStamp) -> [String] {
        Set(files.keys).union(other.files.keys).filter { files[$0] != other.files[$0] }.sorted()
    }
}

/// An input that was read once: its digest, and what the system said of its files meanwhile.
struct InputReading {
    let digest: String
    let stamp: InputStamp

    /// How often an input that is written to is read again.
    private static let attempts = 3

    /// - Throws: `file` for what cannot be read, or is written to all the time.
    init(_ input: RunInput) throws(RuntimeError) {
        for _ in 0..<Self.attempts {
            let before = try InputStamp(input)
            let digest = try Self.digest(of: input)
            guard try InputStamp(input).differences(from: before).isEmpty else { continue }
            self.digest = digest
            stamp = before
            return
        }
        throw RuntimeError(
            input.kind, "'\(input.path)' of \(input.setting) is written to while it is read",
            hint: "wait until nothing writes to it")
    }

    private static func digest(of input: RunInput) throws(RuntimeError) -> String {
        let files = try input.files()
        if files.count == 1, files[0].name.isEmpty { return try digest(ofFile: files[0].path) }
        var list = ""
        for (name, path) in files { list += "\(name)\t\(try digest(ofFile: path))\n" }
        return Digest.of(Data(list.utf8))
    }

    private static func digest(ofFile path: String) throws(RuntimeError) -> String {
        guard FileStamp(path) == nil || FileStamp.isRegularFile(path) else {
            throw RuntimeError(
                .file, "'\(path)' is not a file, and a run reads it more than once", hint: "put its content into a file"
            )
        }
        return try Digest.ofFile(path)
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A name `PATH.tmp-PROCESS-N` beside a place, for a file or folder in the making.
///
/// The maker holds a lock on it. So what a killed process has left is told from what another one is making, on this machine
/// and, where the file system has locks, on others; and whoever writes to the same place next removes it.
final class TemporaryPlace {
    enum Kind { case file, folder }

    /// How many names are tried, against those of other processes.
    private static let attempts = 1000

    let path: String
    /// Of the file, to write to; of the folder, for the lock alone.
    let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Makes an empty file or folder beside `place`, and removes leftovers there.
    ///
    /// - Throws: `unwritable`.
    static func make(_ kind: Kind, beside place: String) throws(ModelError) -> TemporaryPlace {
        removeLeftovers(beside: place)
        let process = ProcessInfo.processInfo.processIdentifier
        for attempt in 0..<attempts {
            let path = "\(place).tmp-\(process)-\(attempt)"
            let descriptor = create(kind, path)
            guard descriptor >= 0 else {
                guard errno == EEXIST else { throw .unwritable(place, errno) }
                continue
            }
            // Someone who looks for leftovers between the two calls takes the lock, and with it the name.
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK, isAt(path, descriptor) {
                return TemporaryPlace(path: path, descriptor: descriptor)
            }
            close(descriptor)
        }
        throw .unwritable(place, EEXIST)
    }

    /// Removes temporary files and folders of a place whose makers have ended.
    static func removeLeftovers(beside place: String) {
        let folder = (place as NSString).deletingLastPathComponent
        let prefix = (place as NSString).lastPathComponent + ".tmp-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        for name in names where name.hasPrefix(prefix) && isNumbers(name.dropFirst(prefix.count)) {
            let path = (folder as NSString).appendingPathComponent(name)
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    private static func create(_ kind: Kind, _ path: String) -> Int32 {
        switch kind {
        case .file: return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        case .folder:
            guard mkdir(path, 0o777) == 0 else { return -1 }
            return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
    }

    /// Whether a name still leads to what a descriptor is of.
    private static func isAt(_ path: String, _ descriptor: Int32) -> Bool {
        var (named, held) = (stat(), stat())
        return stat(path, &named) == 0 && fstat(descriptor, &held) == 0 && named.st_ino == held.st_ino
            && named.st_dev == held.st_dev
    }

    /// "4711-0"
    private static func isNumbers(_ text: Substring) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
    }
}

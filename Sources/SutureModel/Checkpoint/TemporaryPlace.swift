// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A name `PATH.suture-tmp-PROCESS-N` beside a place, for a file or folder in the making. The one form of everything that is
/// not whole yet.
///
/// The maker holds a lock on it. So what a killed process has left is told from what another one is making, on this machine
/// and, where the file system has locks, on others; and whoever writes into the same folder next removes it.
package final class TemporaryPlace {
    package enum Kind { case file, folder }

    /// What a name of this form is.
    package enum State {
        /// Its maker has ended.
        case left
        /// Its maker still works on it.
        case inUse
        /// It belongs to another user, or is something else.
        case foreign
    }

    /// Between the name of the place and two numbers.
    private static let mark = ".suture-tmp-"
    /// How many names are tried, against those of other processes.
    private static let attempts = 1000

    package let path: String
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
    package static func make(_ kind: Kind, beside place: String) throws(ModelError) -> TemporaryPlace {
        removeLeftovers(in: (place as NSString).deletingLastPathComponent)
        let process = ProcessInfo.processInfo.processIdentifier
        for attempt in 0..<attempts {
            let path = "\(place)\(mark)\(process)-\(attempt)"
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

    // MARK: What others have left

    /// Whether a name has the form of a temporary place.
    package static func isTemporary(_ name: String) -> Bool {
        guard let start = name.range(of: mark, options: .backwards), start.lowerBound > name.startIndex else {
            return false
        }
        let parts = name[start.upperBound...].split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
    }

    /// Removes what ended processes have left of files and folders of a folder, not of those inside it.
    package static func removeLeftovers(in folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        for name in names where isTemporary(name) {
            // What cannot be removed takes space and does no other harm.
            _ = try? removeLeftover((folder as NSString).appendingPathComponent(name))
        }
    }

    /// What a path is whose name has the form of a temporary place.
    package static func state(of path: String) -> State {
        var state = State.foreign
        withLock(on: path) { state = $0 }
        return state
    }

    /// Removes a temporary place if its maker has ended.
    ///
    /// - Returns: whether it did.
    @discardableResult
    package static func removeLeftover(_ path: String) throws -> Bool {
        guard isTemporary((path as NSString).lastPathComponent) else { return false }
        var isRemoved = false
        try withLock(on: path) { state in
            guard state == .left else { return }
            try FileManager.default.removeItem(atPath: path)
            isRemoved = true
        }
        return isRemoved
    }

    /// Holds the lock on a path, where it is to be had, while `body` runs.
    private static func withLock(on path: String, _ body: (State) throws -> Void) rethrows {
        // A pipe of that name would be waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(),
            [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
        else { return }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
            if isAt(path, descriptor) { try body(.left) }
        } else if errno == EWOULDBLOCK {
            try body(.inUse)
        }
    }

    // MARK: Parts

    private static func create(_ kind: Kind, _ path: String) -> Int32 {
        switch kind {
        case .file: return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        case .folder:
            guard mkdir(path, 0o777) == 0 else { return -1 }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            // Someone who looks for leftovers has taken it before it was locked. Another name is tried, as for one that is there.
            if descriptor < 0, errno == ENOENT { errno = EEXIST }
            return descriptor
        }
    }

    /// Whether a name still leads to what a descriptor is of.
    private static func isAt(_ path: String, _ descriptor: Int32) -> Bool {
        var (named, held) = (stat(), stat())
        return stat(path, &named) == 0 && fstat(descriptor, &held) == 0 && named.st_ino == held.st_ino
            && named.st_dev == held.st_dev
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// A lock that a process holds while it writes to a place, so that a second one is told and does not write there, too.
///
/// It is the system's lock on a file. It ends with the processes that hold it, however they end, so a kill leaves nothing to
/// clean up; the file alone says nothing. Where the file system has no locks, nothing is locked.
package final class PlaceLock {
    private static let tries = 5
    /// Between two tries, in microseconds.
    private static let pause: UInt32 = 5000

    private let file: URL
    /// Of the file. A worker inherits it, so that the lock lasts as long as either process.
    let descriptor: Int32

    /// Who holds a lock, for the sentence that another process says.
    package struct Holder: Codable {
        var process: Int32
        var host: String
        var since: String
    }

    /// - Parameters:
    ///   - file: the file to lock; made where it is missing, in a folder that is there.
    ///   - place: what is locked, for sentences: "the run folder 'runs/x'".
    /// - Throws: `busy` where another process holds it; `run` where the file cannot be written.
    package init(_ file: URL, of place: String) throws(RuntimeError) {
        self.file = file
        let signature = Self.signature()
        while true {
            let opened = Self.opened(file.path, signature)
            guard opened >= 0 else {
                throw RuntimeError(
                    .run, "\(place) cannot be written: \(String(cString: strerror(errno)))",
                    hint: "check that you may write there and that the disk has space")
            }
            // Away from the low numbers, which workers give to other descriptors.
            let descriptor = fcntl(opened, F_DUPFD_CLOEXEC, 16)
            close(opened)
            guard descriptor >= 0 else { throw RuntimeError(.run, "\(place) cannot be locked: too many open files") }
            if !Self.takes(descriptor) {
                let holder = Self.holder(descriptor)
                close(descriptor)
                throw Self.isBusy(place, holder)
            }
            // The one that held it before may have removed the file between the two calls.
            if FileStamp.isSame(file.path, descriptor) {
                self.descriptor = descriptor
                sign(signature)
                return
            }
            close(descriptor)
        }
    }

    deinit {
        // While it is locked, so that nobody holds a lock on a file that is gone.
        unlink(file.path)
        close(descriptor)
    }

    /// Whether the lock is to be had. Someone who looks for leftovers may hold it for a moment.
    private static func takes(_ descriptor: Int32) -> Bool {
        for attempt in 0..<tries {
            if attempt > 0 { usleep(pause) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return true }
        }
        return false
    }

    /// The file, made where it is missing. It says who holds it from the first moment on, so that a process that is killed leaves
    /// none that says nothing, and might be another program's.
    private static func opened(_ path: String, _ signature: Data) -> Int32 {
        while true {
            let descriptor = open(path, O_RDWR | O_CLOEXEC)
            if descriptor >= 0 || errno != ENOENT { return descriptor }
            // Where the file system has no links, it is made empty.
            guard isMade(path, signature) else { return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666) }
        }
    }

    /// Whether the file is there now, made here or by another process.
    private static func isMade(_ path: String, _ signature: Data) -> Bool {
        guard let temporary = try? TemporaryPlace.make(.file, beside: path) else { return false }
        defer { unlink(temporary.path) }
        let file = open(temporary.path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        let isWritten = signature.withUnsafeBytes { write(file, $0.baseAddress, $0.count) == $0.count }
        return isWritten && (link(temporary.path, path) == 0 || errno == EEXIST)
    }

    private static func signature() -> Data {
        let holder = Holder(
            process: ProcessInfo.processInfo.processIdentifier, host: ProcessInfo.processInfo.hostName,
            since: Date.now.formatted(.iso8601))
        return (try? JSON.encode(holder)) ?? Data()
    }

    /// Writes over what the last holder wrote, in one call: a longer text is covered with blanks, which JSON allows.
    private func sign(_ signature: Data) {
        var status = stat()
        let length = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        var line = signature
        if line.count < length {
            line += Data(repeating: UInt8(ascii: " "), count: max(0, min(length, 1024) - line.count))
        }
        _ = line.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    package static func holder(_ descriptor: Int32) -> Holder? {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return try? JSON.decode(Holder.self, from: Data(bytes[..<count]), name: "")
    }

    // MARK: What others have left

    /// Whether a file may be a lock, by its name.
    static func isName(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(".lock") }

    /// What the file of a lock is. One that does not say who held it is not ours.
    package static func state(of file: URL) -> TemporaryPlace.State {
        var state = TemporaryPlace.State.foreign
        look(at: file) { state = $0 }
        return state
    }

    /// Removes the file of a lock that nobody holds.
    static func removeLeftover(_ file: URL) {
        look(at: file) { if $0 == .left { unlink(file.path) } }
    }

    /// Holds the lock, where it is to be had, while `body` runs.
    private static func look(at file: URL, _ body: (TemporaryPlace.State) -> Void) {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(), holder(descriptor) != nil else { return }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
            if FileStamp.isSame(file.path, descriptor) { body(.left) }
        } else if errno == EWOULDBLOCK {
            body(.inUse)
        }
    }

    package static func isBusy(_ place: String, _ holder: Holder?) -> RuntimeError {
        let own = ProcessInfo.processInfo.hostName
        let who =
            holder.map { "process \($0.process)\($0.host == own ? "" : " on \($0.host)") since \($0.since)" }
            ?? "another process"
        return RuntimeError(
            .busy, "\(place) is in use by \(who)", hint: "wait until it has ended, then start the command again")
    }
}

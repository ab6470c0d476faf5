// SPDX-License-Identifier: Apache-2.0
import CSutureHost
import Foundation

/// A regular file mapped into memory, read-only, until the object goes away.
///
/// The bytes are those of the file at the time of opening as long as nobody writes into the same file. Writers of this
/// package replace files by rename, so their old content stays readable here. A file that another program cuts short
/// while it is mapped ends the process with SIGBUS at the next access; no reader of mapped files can prevent that. The program
/// says which file it was (`suture_host_report_cut_files`).
///
/// `@unchecked Sendable`: the mapping is never written to after `init` (the pages are read-only) and is released only
/// by `deinit`, when no reference is left. Reading immutable memory from several threads is safe.
final class MappedFile: @unchecked Sendable {
    /// The whole file. Valid as long as this object lives.
    let bytes: UnsafeRawBufferPointer
    private let watch: UnsafeMutableRawPointer?
    /// Who may read, write and execute it.
    let mode: mode_t

    /// Maps the file at `url`. An empty file gives empty bytes.
    init(_ url: URL) throws(ModelError) {
        let path = url.path
        // Without blocking, so that a pipe is refused below and not waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ModelError(
                .unreadable, "'\(path)' is not a regular file", hint: "give the path of a file")
        }
        mode = status.st_mode & 0o777
        let size = Int(status.st_size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            watch = nil
            return
        }
        guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw .unreadable(path, errno)
        }
        bytes = UnsafeRawBufferPointer(start: base, count: size)
        watch = suture_host_watch(base, size, path)
    }

    /// Maps a file of a model folder that is about to be read, not copied.
    ///
    /// - Throws: `gitLFSPointer` too, where Git left a pointer in the place of the file.
    convenience init(reading url: URL) throws(ModelError) {
        try self.init(url)
        try GitLFS.refuse(bytes, path: url.path)
    }

    deinit {
        suture_host_unwatch(watch)
        if let base = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
        }
    }
}

extension ModelError {
    /// The system's refusal to read `path`.
    static func unreadable(_ path: String, _ reason: Int32) -> ModelError {
        ModelError(
            .unreadable, "'\(path)' cannot be read: \(systemMessage(reason))",
            hint: "check that the path is right and that you may read it")
    }

    /// The system's refusal to write `path`.
    static func unwritable(_ path: String, _ reason: Int32) -> ModelError {
        ModelError(
            .unwritable, "'\(path)' cannot be written: \(systemMessage(reason))",
            hint: "check that the folder exists, that you may write there and that the disk has space")
    }

    private static func systemMessage(_ reason: Int32) -> String {
        // Texts of known codes are constants in the system's library, so threads do not disturb each other here.
        strerror(reason).map { String(cString: $0) } ?? "system error \(reason)"
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A pipe with a name, into which the evaluator `gate` of the plugin `steps` writes the number of its process when it reaches
/// its stage. There the worker waits to be killed, or to be let on.
final class WorkerGate: Sendable {
    private let scratch: ScratchFolder
    private let descriptor: Int32
    private let answer: Int32

    /// What the evaluator's `pipe` must be.
    let pipe: String

    init() throws {
        scratch = try ScratchFolder()
        pipe = scratch.url.appending(path: "gate").path
        guard mkfifo(pipe, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
        guard mkfifo(pipe + ".go", 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
        // Open for both, so that neither end waits for the other to open it.
        descriptor = Glibc.open(pipe, O_RDWR | O_CLOEXEC)
        answer = Glibc.open(pipe + ".go", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0, answer >= 0 else { throw CocoaError(.fileReadUnknown) }
    }

    deinit {
        close(descriptor)
        close(answer)
    }

    /// Lets a worker that waits go on.
    func open() {
        _ = write(answer, "\n", 1)
    }

    /// Waits until a worker is there, and returns its number; nil if the program ended without one.
    func arrival(whileRunning process: Process) -> pid_t? {
        // Wakes the reader below where no worker does. The thread holds this object, and so the descriptor.
        Thread.detachNewThread { [self] in
            process.waitUntilExit()
            _ = write(descriptor, "\n", 1)
        }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return pid_t(String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// Takes the pipe away, so that a worker passes.
    func remove() throws { try FileManager.default.removeItem(atPath: pipe) }
}

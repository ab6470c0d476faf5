// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime

/// Standard output and standard error, whatever they are: a terminal, a full disk, a pipe that nobody reads, or closed.
enum StandardStream {
    /// To be called first. A stream that the caller has closed gets a descriptor that refuses or swallows, so that no file
    /// that is opened later takes its number and receives what is meant for it. A write to a pipe without a reader gives an
    /// error instead of ending the program.
    static func prepare() {
        for (descriptor, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest free number is the one that was closed.
            _ = open("/dev/null", mode)
        }
        signal(SIGPIPE, SIG_IGN)
    }

    /// Writes an answer to standard output.
    ///
    /// - Throws: `readerGone` where the reader has gone, and `run` where the text cannot be written.
    static func answer(_ text: String) throws(RuntimeError) {
        let reason = write(text, to: STDOUT_FILENO)
        if reason == EPIPE { throw RuntimeError(.readerGone, "") }
        guard reason == 0 else {
            throw RuntimeError(
                .run, "the answer cannot be written to standard output: \(String(cString: strerror(reason)))",
                hint: "run the command again; what is done is kept")
        }
    }

    /// Writes to standard error. Where that fails, nothing can be said about it, and the work goes on.
    static func remark(_ text: String) { _ = write(text, to: STDERR_FILENO) }

    /// Writes all of a text and gives 0, or the system's reason.
    private static func write(_ text: String, to descriptor: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let piece = UnsafeRawBufferPointer(rebasing: rest)
                let written = Foundation.write(descriptor, piece.baseAddress, piece.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                rest = rest.dropFirst(written)
            }
            return 0
        }
    }
}

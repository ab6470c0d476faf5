// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One end of the line between host and worker: texts that end in a newline, in both directions.
///
/// A socket pair and not two pipes: `send` can be told not to raise SIGPIPE when the other side is gone, and one descriptor
/// has to be handed to the worker.
package struct LineSocket {
    package let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Where the next line begins, and up to where its end was looked for: each byte is looked at once.
    private var start = 0
    private var searched = 0
    private var isClosed = false

    package init(_ descriptor: Int32) { self.descriptor = descriptor }

    package enum Received {
        case line(String)
        case nothing
        case closed
    }

    /// The next line. Waits for at most `milliseconds` (-1: for ever), or until another descriptor is readable. A line that is
    /// closed says so once, and nothing after that.
    package mutating func receive(within milliseconds: Int32, orUntil other: Int32 = -1) -> Received {
        while true {
            if let line = nextLine() { return .line(line) }
            // A closed line would always be ready; a negative descriptor never is.
            var requests = [isClosed ? -1 : descriptor, other].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let ready = poll(&requests, nfds_t(requests.count), milliseconds)
            if ready < 0 && errno == EINTR { continue }
            if ready <= 0 || requests[0].revents == 0 { return .nothing }
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0 && errno == EINTR { continue }
            // A peer that died with unread data resets the line.
            if count <= 0 {
                isClosed = true
                return .closed
            }
            buffer.append(contentsOf: chunk[..<count])
        }
    }

    /// The next line that has arrived whole.
    private mutating func nextLine() -> String? {
        guard let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            buffer.removeFirst(start)
            start = 0
            searched = buffer.count
            return nil
        }
        defer {
            start = end + 1
            searched = start
        }
        return String(decoding: buffer[start..<end], as: UTF8.self)
    }

    /// Writes a line. False when the other side is gone.
    @discardableResult
    static func send(_ line: Data, to descriptor: Int32) -> Bool {
        var data = line
        data.append(UInt8(ascii: "\n"))
        return data.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return true }
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.send(descriptor, start + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return false }
                sent += count
            }
            return true
        }
    }
}

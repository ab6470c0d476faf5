// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Reads configuration files and the like, which are small if they are what they should be: never without end, never more
/// than a bound, never from a device or a pipe that keeps its reader waiting.
package enum SmallFile {
    /// Configuration files have kilobytes. The largest description of a patch has some megabytes.
    package static let usualLimit = 64 << 20

    /// - Parameter allowsPipes: for a file that the user names, as in `suture plan <(…)`.
    /// - Returns: nil where nothing can be read: no such file, a folder, no permission.
    /// - Throws: `invalidField` for a file that is larger than `limit`.
    package static func contents(
        atPath path: String, limit: Int = usualLimit, allowsPipes: Bool = false
    ) throws(ModelError) -> Data? {
        // Opening a pipe without a writer would wait for one.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (allowsPipes ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        guard allowsPipes || status.st_mode & S_IFMT == S_IFREG else { return nil }

        var data = Data()
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return data }
            data.append(contentsOf: piece[..<count])
            guard data.count <= limit else {
                throw ModelError(
                    .invalidField, "'\(path)' has more than \(limit >> 20) MiB, which no file of this kind has",
                    hint: "check that this is the right file")
            }
        }
    }
}

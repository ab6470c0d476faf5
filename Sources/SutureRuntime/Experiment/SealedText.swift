// SPDX-License-Identifier: Apache-2.0

import Foundation

/// YAML that carries its own checksum: the last line is `sha256: "…"`, over everything before it.
enum SealedText {
    static let key = "sha256"

    enum State {
        case whole
        /// The checksum is not that of the text.
        case changed
        /// There is none.
        case unsealed
    }

    /// - Parameter text: ends in a line feed.
    static func seal(_ text: String) -> String { text + "\(key): \"\(Digest.of(Data(text.utf8)))\"\n" }

    static func state(of data: Data) -> State {
        let start = Data("\n\(key): ".utf8)
        guard let line = data.range(of: start, options: .backwards) else { return .unsealed }
        let text = data[..<(line.lowerBound + 1)]
        return data[text.endIndex...] == Data("\(key): \"\(Digest.of(text))\"\n".utf8) ? .whole : .changed
    }
}

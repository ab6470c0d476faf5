// SPDX-License-Identifier: Apache-2.0

extension CharacterMap {
    /// What a reader sees as one character is looked up as a whole where it has fewer bytes than this.
    private static let longestWhole = 6

    /// The text with all characters replaced that the map has.
    ///
    /// As in the `tokenizers` package, a short grapheme cluster is looked up first, and replaced as a whole even where the map
    /// knows only its beginning. Otherwise each of its scalars is looked up.
    func apply(to text: AlignedText) -> AlignedText {
        var changes: [AlignedText.Change] = []
        changes.reserveCapacity(text.count)
        var isChanged = false
        Self.forEachCluster(in: text.scalars) { cluster in
            let scalars = text.scalars[cluster]
            if scalars.count < Self.longestWhole, Self.byteCount(scalars) < Self.longestWhole,
                let content = replacement(for: scalars)
            {
                Self.replace(scalars.count, with: content, in: &changes)
                isChanged = true
                return
            }
            for index in cluster {
                if let content = replacement(for: text.scalars[index...index]) {
                    Self.replace(1, with: content, in: &changes)
                    isChanged = true
                } else {
                    changes.append(AlignedText.Change(scalar: text.scalars[index], removed: 0))
                }
            }
        }
        return isChanged ? text.applying(changes) : text
    }

    /// Notes a replacement the way the package does: what it loses is removed after the scalar before, whichever that is, and
    /// is forgotten at the beginning of a text.
    private static func replace(_ count: Int, with content: [UInt32], in changes: inout [AlignedText.Change]) {
        for (index, scalar) in content.enumerated() {
            changes.append(AlignedText.Change(scalar: scalar, removed: index < count ? 0 : 1))
        }
        if content.count < count, let last = changes.popLast() {
            changes.append(
                AlignedText.Change(scalar: last.scalar, removed: last.removed + content.count - count))
        }
    }

    /// Calls `body` with the range of each extended grapheme cluster, in order.
    private static func forEachCluster(in scalars: [UInt32], _ body: (Range<Int>) -> Void) {
        var start = 0
        while start < scalars.count {
            // Between two ASCII characters there is always a boundary, but for a line feed after a carriage return.
            var end = start + 1
            while end < scalars.count, scalars[end - 1] >= 0x80 || scalars[end] >= 0x80 || scalars[end - 1] == 0x0D {
                end += 1
            }
            if end == start + 1 {
                body(start..<end)
            } else {
                let stretch = String(String.UnicodeScalarView(scalars[start..<end].compactMap(Unicode.Scalar.init)))
                var position = start
                for character in stretch {
                    let next = position + character.unicodeScalars.count
                    body(position..<next)
                    position = next
                }
            }
            start = end
        }
    }

    private static func byteCount(_ scalars: ArraySlice<UInt32>) -> Int {
        scalars.reduce(0) { $0 + ($1 < 0x80 ? 1 : $1 < 0x800 ? 2 : $1 < 0x10000 ? 3 : 4) }
    }
}

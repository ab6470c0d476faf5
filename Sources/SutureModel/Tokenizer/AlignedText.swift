// SPDX-License-Identifier: Apache-2.0

/// A text on its way through the tokenizer, as Unicode scalars, each with the range of original scalars that it came
/// from.
///
/// The bookkeeping follows `NormalizedString` of the `tokenizers` package, so that offsets come out alike: an inserted
/// scalar shares the range of the one before it, and a composed scalar keeps the range of its first part.
struct AlignedText: Sendable {
    /// One scalar of a changed text: the scalar, and how it relates to the scalars before the change.
    struct Change {
        let scalar: UInt32
        /// 0 replaces one scalar, a positive number inserts, -n replaces one scalar and removes the n after it.
        let removed: Int
    }

    var scalars: [UInt32]
    /// For each scalar, where its original range starts.
    var starts: [Int32]
    /// For each scalar, where its original range ends.
    var ends: [Int32]

    init() {
        scalars = []
        starts = []
        ends = []
    }

    /// The text before any change; at most `Int32.max` scalars.
    init(_ text: String) {
        scalars = text.unicodeScalars.map { $0.value }
        starts = Array(0..<Int32(scalars.count))
        ends = starts.map { $0 + 1 }
    }

    var count: Int { scalars.count }
    var isEmpty: Bool { scalars.isEmpty }

    mutating func reserveCapacity(_ capacity: Int) {
        scalars.reserveCapacity(capacity)
        starts.reserveCapacity(capacity)
        ends.reserveCapacity(capacity)
    }

    func slice(_ range: Range<Int>) -> AlignedText {
        if range == 0..<count { return self }
        var slice = AlignedText()
        slice.append(self, range)
        return slice
    }

    mutating func append(_ other: AlignedText, _ range: Range<Int>) {
        scalars.append(contentsOf: other.scalars[range])
        starts.append(contentsOf: other.starts[range])
        ends.append(contentsOf: other.ends[range])
    }

    /// The text after `changes`, which describe all scalars but the first `removedFirst`.
    func applying(_ changes: [Change], removedFirst: Int = 0) -> AlignedText {
        var result = AlignedText()
        result.reserveCapacity(changes.count)
        var position = removedFirst
        for change in changes {
            result.scalars.append(change.scalar)
            if change.removed > 0 {
                let source = position - 1
                let origin = starts.first ?? 0
                result.starts.append(source < 0 ? origin : starts[source])
                result.ends.append(source < 0 ? origin : ends[source])
            } else {
                let source = min(position, count - 1)
                result.starts.append(starts[source])
                result.ends.append(ends[source])
                position += 1 - change.removed
            }
        }
        return result
    }

    /// The text with only those scalars that `keeps` picks.
    func filtered(_ keeps: (UInt32) -> Bool) -> AlignedText {
        if scalars.allSatisfy(keeps) { return self }
        var result = AlignedText()
        result.reserveCapacity(count)
        for index in scalars.indices where keeps(scalars[index]) { result.append(self, index..<index + 1) }
        return result
    }

    /// The text with `prefix` before it; an empty text stays empty.
    func prepending(_ prefix: [UInt32]) -> AlignedText {
        guard let start = starts.first, let end = ends.first else { return self }
        var result = AlignedText()
        result.reserveCapacity(count + prefix.count)
        result.scalars = prefix + scalars
        result.starts = Array(repeating: start, count: prefix.count) + starts
        result.ends = Array(repeating: end, count: prefix.count) + ends
        return result
    }

    /// The text with each of `matches` (ordered, not empty) replaced.
    func replacing(_ matches: [Range<Int>], with content: [UInt32]) -> AlignedText {
        if matches.isEmpty { return self }
        var result = AlignedText()
        result.reserveCapacity(count)
        var done = 0
        for match in matches {
            result.append(self, done..<match.lowerBound)
            for scalar in content {
                result.scalars.append(scalar)
                result.starts.append(starts[match.upperBound - 1])
                result.ends.append(ends[match.upperBound - 1])
            }
            done = match.upperBound
        }
        result.append(self, done..<count)
        return result
    }

    /// The original range that a range of scalars came from.
    func original(_ range: Range<Int>) -> Range<Int> {
        guard let first = range.first, let last = range.last else { return 0..<0 }
        let start = Int(starts[first])
        let end = Int(ends[last])
        // Reordered marks can turn a range around; Swift has no such ranges.
        return min(start, end)..<max(start, end)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What a split does with the text that its pattern matched.
enum SplitBehavior: String, CaseIterable, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
}

/// A text cut into pieces: added tokens that were found, and stretches that the model still has to encode.
struct PreTokenizedText {
    struct Piece {
        var range: Range<Int>
        /// The id of the added token found here, nil for text.
        var token: Int32?
    }

    var text: AlignedText
    var pieces: [Piece]

    init(_ text: AlignedText) {
        self.text = text
        pieces = [Piece(range: 0..<text.count, token: nil)]
    }

    /// Replaces the text of every piece that is not an added token.
    mutating func rewrite(
        _ body: (AlignedText) throws(ModelError) -> AlignedText
    ) throws(ModelError) {
        if pieces.count == 1, pieces[0].token == nil, pieces[0].range == 0..<text.count {
            text = try body(text)
            pieces[0].range = 0..<text.count
            return
        }
        var result = AlignedText()
        result.reserveCapacity(text.count)
        for index in pieces.indices {
            let start = result.count
            if pieces[index].token == nil {
                let piece = try body(text.slice(pieces[index].range))
                result.append(piece, 0..<piece.count)
            } else {
                result.append(text, pieces[index].range)
            }
            pieces[index].range = start..<result.count
        }
        text = result
    }

    /// Cuts every piece that is not an added token; empty pieces are dropped.
    ///
    /// - Parameter body: appends the pieces of a range to the list it is given.
    mutating func split(
        _ body: (AlignedText, Range<Int>, inout [Piece]) throws(ModelError) -> Void
    ) throws(ModelError) {
        var result: [Piece] = []
        result.reserveCapacity(pieces.count * 4)
        for piece in pieces {
            if piece.token != nil {
                result.append(piece)
            } else if !piece.range.isEmpty {
                try body(text, piece.range, &result)
            }
        }
        pieces = result
    }

    /// Appends the parts of `range` that remain when its `matches` (ordered, not empty) are treated as `behavior` says.
    static func cut(
        _ range: Range<Int>, at matches: [Range<Int>], behavior: SplitBehavior, invert: Bool, into pieces: inout [Piece]
    ) {
        var parts: [(range: Range<Int>, isMatch: Bool)] = []
        parts.reserveCapacity(matches.count * 2 + 1)
        var done = range.lowerBound
        for match in matches {
            if done < match.lowerBound { parts.append((done..<match.lowerBound, invert)) }
            parts.append((match, !invert))
            done = match.upperBound
        }
        if done < range.upperBound { parts.append((done..<range.upperBound, invert)) }
        switch behavior {
        case .removed:
            parts.removeAll { $0.isMatch }
        case .isolated:
            break
        case .contiguous:
            parts = merged(parts) { previous, part in previous == part.isMatch }
        case .mergedWithPrevious:
            parts = merged(parts) { previous, part in part.isMatch && !previous }
        case .mergedWithNext:
            parts = merged(parts.reversed()) { previous, part in part.isMatch && !previous }.reversed()
        }
        for part in parts where !part.range.isEmpty {
            pieces.append(Piece(range: part.range, token: nil))
        }
    }

    /// Joins each part to the one before it in the list where `joins` says so, given whether that one was a match.
    private static func merged(
        _ parts: [(range: Range<Int>, isMatch: Bool)],
        joins: (_ previousIsMatch: Bool, _ part: (range: Range<Int>, isMatch: Bool)) -> Bool
    ) -> [(range: Range<Int>, isMatch: Bool)] {
        var result: [(range: Range<Int>, isMatch: Bool)] = []
        // The package starts as if a part that is not a match came before.
        var previousIsMatch = false
        for part in parts {
            if joins(previousIsMatch, part), let last = result.last {
                let lower = min(last.range.lowerBound, part.range.lowerBound)
                let upper = max(last.range.upperBound, part.range.upperBound)
                result[result.count - 1].range = lower..<upper
            } else {
                result.append(part)
            }
            previousIsMatch = part.isMatch
        }
        return result
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What generated tokens say, and which bytes of it each of them contributes to.
///
/// The ids are the truth: nothing is tokenised again. The text is what the tokens add to that of their prompt. Each token's
/// part of it is found by decoding the token after the one before it; where these parts do not make up the text, by decoding
/// everything up to each token, which costs the square of the length.
struct TokenText: Sendable, Hashable {
    /// A character has at most so many bytes, so no more tokens than that share one.
    private static let longestCharacter = 4
    /// U+FFFD, which stands for bytes that are not a character, or not yet.
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    private(set) var text = ""
    /// For each token, in bytes of the text's UTF-8. Tokens that share a character overlap; special tokens are empty.
    private(set) var ranges: [Range<Int>] = []

    init(_ tokens: [Int], after prompt: [Int], _ model: Model) throws(SutureError) {
        text = try model.text(of: tokens, after: prompt)
        let bytes = Array(text.utf8)
        let (quick, parts) = try TokenText.parts(of: tokens, after: prompt.last, model)
        ranges = try quick == bytes ? parts : TokenText.exactParts(of: tokens, after: prompt, bytes, model)
    }

    /// What tokens say, each read after the one before it.
    private static func parts(
        of tokens: [Int], after context: Int?, _ model: Model
    ) throws(SutureError) -> (bytes: [UInt8], ranges: [Range<Int>]) {
        var ranges: [Range<Int>] = []
        var bytes: [UInt8] = []
        var first = 0
        while first < tokens.count {
            let before = first > 0 ? tokens[first - 1] : context
            // Complete bytes after each token of the piece.
            var complete: [Int] = []
            var piece: [UInt8] = []
            repeat {
                let last = first + complete.count
                piece = try Self.bytes(of: Array(tokens[first...last]), after: before, model)
                complete.append(completeCount(piece))
            } while complete.last != piece.count && complete.count < TokenText.longestCharacter
                && first + complete.count < tokens.count
            complete[complete.count - 1] = piece.count
            var lower = 0
            for end in complete {
                ranges.append(bytes.count + lower..<bytes.count + endOfCharacter(end, in: piece))
                lower = end
            }
            bytes += piece
            first += complete.count
        }
        return (bytes, ranges)
    }

    /// The part of each token in what they say together, by reading all tokens up to it.
    private static func exactParts(
        of tokens: [Int], after prompt: [Int], _ whole: [UInt8], _ model: Model
    ) throws(SutureError) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var lower = 0
        for count in 1..<tokens.count + 1 {
            let said = Array(try model.text(of: Array(tokens[..<count]), after: prompt).utf8)
            let complete = completeCount(said)
            let end = max(lower, zip(said[..<complete], whole).prefix { $0 == $1 }.count)
            let upper =
                count == tokens.count ? whole.count : complete == said.count ? end : endOfCharacter(end, in: whole)
            ranges.append(lower..<max(lower, upper))
            lower = end
        }
        return ranges
    }

    /// Which tokens unwanted parts of the text concern.
    ///
    /// - Parameter firstOnly: of each part, its first token alone.
    func tokens(in marks: [Range<Int>], firstOnly: Bool) -> Set<Int> {
        var marked: Set<Int> = []
        for mark in marks {
            let inside = ranges.indices.filter { ranges[$0].overlaps(mark) }
            marked.formUnion(firstOnly ? Array(inside.prefix(1)) : inside)
        }
        return marked
    }

    private static func bytes(of tokens: [Int], after context: Int?, _ model: Model) throws(SutureError) -> [UInt8] {
        if let context {
            let before = Array(try model.decode([context]).utf8)
            let all = Array(try model.decode([context] + tokens).utf8)
            if all.starts(with: before) { return Array(all[before.count...]) }
        }
        return Array(try model.decode(tokens).utf8)
    }

    /// The bytes in front of a character that the tokens may not have finished.
    private static func completeCount(_ piece: [UInt8]) -> Int {
        var rest = piece[...]
        while rest.suffix(3).elementsEqual(replacement) { rest.removeLast(3) }
        return rest.count
    }

    /// Where the character ends that a token has begun or goes on with; `end` where it is between two.
    private static func endOfCharacter(_ end: Int, in piece: [UInt8]) -> Int {
        guard end < piece.count else { return end }
        var next = end + 1
        while next < piece.count, piece[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Hand-written scanners for the patterns of the common byte-level tokenizers.
///
/// Each equals its regular expression scalar for scalar, which the tests check against ``ScalarRegex``; both patterns
/// match every text completely, so a scanner only says where the next match ends.
enum KnownScanner: Sendable {
    /// GPT-2, GPT-J, GPT-NeoX.
    case gpt2
    /// Llama 3 and Qwen2, which differ in how many digits stay together.
    case cl100k(digits: Int)

    /// The pattern of GPT-2, which is also the one `ByteLevel` has built in.
    static let gpt2Pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    /// The pattern of Llama 3.
    static let llama3Pattern = cl100kPattern(digits: #"\p{N}{1,3}"#)
    /// The pattern of Qwen2.
    static let qwen2Pattern = cl100kPattern(digits: #"\p{N}"#)

    /// The scanner for exactly this pattern, nil where there is none.
    init?(pattern: String) {
        switch pattern {
        case Self.gpt2Pattern: self = .gpt2
        case Self.llama3Pattern: self = .cl100k(digits: 3)
        case Self.qwen2Pattern: self = .cl100k(digits: 1)
        default: return nil
        }
    }

    /// Appends the consecutive matches that cover `range`.
    func appendMatches(in scalars: [UInt32], _ range: Range<Int>, to matches: inout [Range<Int>]) {
        UnicodeClass.basicPlane.withUnsafeBufferPointer { table in
            scalars.withUnsafeBufferPointer { scalars in
                let window = Window(scalars: scalars, table: table, limit: range.upperBound)
                var start = range.lowerBound
                while start < range.upperBound {
                    let end =
                        switch self {
                        case .gpt2: window.gpt2End(from: start)
                        case .cl100k(let digits): window.cl100kEnd(from: start, digits: digits)
                        }
                    matches.append(start..<end)
                    start = end
                }
            }
        }
    }

    private static func cl100kPattern(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }
}

/// The text a scanner looks at: nothing at or after `limit` exists for it.
private struct Window {
    let scalars: UnsafeBufferPointer<UInt32>
    let table: UnsafeBufferPointer<UInt8>
    let limit: Int

    func flags(_ index: Int) -> UInt8 {
        let scalar = scalars[index]
        return scalar < 0x10000 ? table[Int(scalar)] : UnicodeClass.flags(of: scalar)
    }

    /// The end of the run from `start` whose scalars have exactly the class `wanted` (0: none of the three).
    func run(of wanted: UInt8, from start: Int, atMost longest: Int = .max) -> Int {
        var end = start
        while end < limit, end - start < longest, flags(end) == wanted { end += 1 }
        return end
    }

    func isNewline(_ index: Int) -> Bool {
        scalars[index] == 0x0A || scalars[index] == 0x0D
    }

    func gpt2End(from start: Int) -> Int {
        let scalar = scalars[start]
        if scalar == 0x27, let end = contractionEnd(from: start, ignoringCase: false) { return end }
        var first = start
        if scalar == 0x20, start + 1 < limit { first += 1 }
        let kind = flags(first)
        if kind != UnicodeClass.space { return run(of: kind, from: first) }
        return spaceEnd(from: start, runEnd: run(of: UnicodeClass.space, from: start))
    }

    func cl100kEnd(from start: Int, digits: Int) -> Int {
        let scalar = scalars[start]
        if scalar == 0x27, let end = contractionEnd(from: start, ignoringCase: true) { return end }
        let kind = flags(start)
        switch kind {
        case UnicodeClass.letter:
            return run(of: kind, from: start)
        case UnicodeClass.number:
            return run(of: kind, from: start, atMost: digits)
        default:
            break
        }
        let next = start + 1
        if next < limit, flags(next) == UnicodeClass.letter, !isNewline(start) {
            return run(of: UnicodeClass.letter, from: next)
        }
        if kind == 0 || (scalar == 0x20 && next < limit && flags(next) == 0) {
            var end = run(of: 0, from: kind == 0 ? start : next)
            while end < limit, isNewline(end) { end += 1 }
            return end
        }
        let runEnd = run(of: UnicodeClass.space, from: start)
        if let last = (start..<runEnd).last(where: isNewline) { return last + 1 }
        return spaceEnd(from: start, runEnd: runEnd)
    }

    /// `\s+(?!\S)|\s+`: a run of white space leaves its last scalar to the word that follows.
    private func spaceEnd(from start: Int, runEnd: Int) -> Int {
        runEnd == limit || runEnd - start == 1 ? runEnd : runEnd - 1
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d` after an apostrophe at `start`.
    private func contractionEnd(from start: Int, ignoringCase: Bool) -> Int? {
        guard start + 1 < limit else { return nil }
        switch letter(start + 1, ignoringCase) {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return start + 2 < limit && letter(start + 2, ignoringCase) == UInt8(ascii: "e") ? start + 3 : nil
        case UInt8(ascii: "l"):
            return start + 2 < limit && letter(start + 2, ignoringCase) == UInt8(ascii: "l") ? start + 3 : nil
        default:
            return nil
        }
    }

    /// The ASCII letter at `index`, in lower case where case is ignored; 0 for anything else.
    private func letter(_ index: Int, _ ignoringCase: Bool) -> UInt8 {
        let scalar = scalars[index]
        // U+017F, the long s, is an s when case is ignored.
        if ignoringCase, scalar == 0x17F { return UInt8(ascii: "s") }
        guard scalar < 0x80 else { return 0 }
        return ignoringCase && (0x41...0x5A).contains(scalar) ? UInt8(scalar) + 0x20 : UInt8(scalar)
    }
}

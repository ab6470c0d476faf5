// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A piece of a word on its way through the merges; the pieces of a word are linked in order.
struct BPESymbol {
    var id: Int32
    /// The number of bytes it covers; 0 once it has been merged into the one before it.
    var length: Int32
    var previous: Int32
    var next: Int32
}

/// A binary heap with the smallest entry on top.
struct BPEHeap {
    private var entries: [UInt64] = []

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
    }

    mutating func push(_ entry: UInt64) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if entries[parent] <= entries[child] { return }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    mutating func popSmallest() -> UInt64? {
        guard let smallest = entries.first, let last = entries.popLast() else { return nil }
        if entries.isEmpty { return smallest }
        entries[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            if child >= entries.count { return smallest }
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            if entries[parent] <= entries[child] { return smallest }
            entries.swapAt(parent, child)
            parent = child
        }
    }
}

/// The best way to get to a place in a word: its last token.
struct UnigramPath {
    var score = 0.0
    /// Where the last token starts, -1 while no way was found.
    var start: Int32 = -1
    var id: Int32 = -1

    /// Takes another way where it is better, and says whether it did.
    @discardableResult
    mutating func improve(to score: Double, from start: Int, _ id: Int32) -> Bool {
        guard self.start < 0 || score > self.score else { return false }
        self = UnigramPath(score: score, start: Int32(start), id: id)
        return true
    }
}

/// The memory of one encoding: scratch space, the tokens found so far, and the words seen before.
struct TokenizerWorkspace {
    /// Words longer than this, in bytes, are not remembered; whole texts pass as one word in some tokenizers.
    static let longestCachedWord = 128
    /// When this many words are remembered, all are forgotten; that bounds the memory to some megabytes.
    static let largestCache = 1 << 16

    /// A token and the bytes of the word that it covers.
    struct Token {
        var id: Int32
        var start: Int32
        var end: Int32
    }

    /// The symbols of a byte pair encoding.
    var symbols: [BPESymbol] = []
    var heap = BPEHeap()

    /// For each place in a word, the best way there, of a Unigram model.
    var paths: [UnigramPath] = []
    /// The best path, last token first, of a Unigram model.
    var pieces: [Token] = []
    /// How many nodes of the tree of tokens a Unigram model has looked at, for tests of its cost.
    var steps = 0

    /// The tokens of the word so far.
    private(set) var tokens: [Token] = []

    private var cachedWords = ByteStringTable()
    private var cachedRanges: [Range<Int>] = []
    private var cachedTokens: [Token] = []

    mutating func removeTokens() {
        tokens.removeAll(keepingCapacity: true)
    }

    /// Adds a symbol at the end of the word.
    mutating func add(_ id: Int32, length: Int) {
        let index = Int32(symbols.count)
        if index > 0 { symbols[Int(index) - 1].next = index }
        symbols.append(BPESymbol(id: id, length: Int32(length), previous: index - 1, next: -1))
    }

    /// Forgets the paths of the word before, and makes room for those of a word.
    mutating func removePaths(count: Int) {
        paths.removeAll(keepingCapacity: true)
        paths.append(contentsOf: repeatElement(UnigramPath(), count: count))
    }

    mutating func append(_ token: Token) {
        tokens.append(token)
    }

    /// Appends a word's tokens if it was met before.
    mutating func appendCached(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard word.count <= Self.longestCachedWord, let index = cachedWords.index(of: word) else { return false }
        tokens.append(contentsOf: cachedTokens[cachedRanges[index]])
        return true
    }

    /// Appends the merged symbols as the tokens of `word`, and remembers them.
    mutating func appendSymbols(of word: UnsafeBufferPointer<UInt8>) {
        let first = tokens.count
        var start: Int32 = 0
        for symbol in symbols where symbol.length > 0 {
            tokens.append(Token(id: symbol.id, start: start, end: start + symbol.length))
            start += symbol.length
        }
        remember(word, from: first)
    }

    /// Remembers the tokens from a place on as those of a word.
    mutating func remember(_ word: UnsafeBufferPointer<UInt8>, from first: Int) {
        guard word.count <= Self.longestCachedWord else { return }
        if cachedWords.count >= Self.largestCache {
            cachedWords.removeAll()
            cachedRanges.removeAll(keepingCapacity: true)
            cachedTokens.removeAll(keepingCapacity: true)
        }
        cachedWords.insert(word)
        let start = cachedTokens.count
        cachedTokens.append(contentsOf: tokens[first...])
        cachedRanges.append(start..<cachedTokens.count)
    }
}

/// The workspaces of one tokenizer, so that threads encode at the same time without sharing memory.
///
/// `@unchecked Sendable`: `free` is only touched while `lock` is held, and a workspace belongs to one caller from
/// `take` to `give`. Both are upheld here.
final class TokenizerWorkspacePool: @unchecked Sendable {
    /// More workspaces than this are dropped after use.
    private static let largestPool = 16

    private let lock = NSLock()
    private var free: [TokenizerWorkspace] = []

    func take() -> TokenizerWorkspace {
        lock.withLock { free.popLast() } ?? TokenizerWorkspace()
    }

    func give(_ workspace: consuming TokenizerWorkspace) {
        let workspace = workspace
        lock.withLock {
            if free.count < Self.largestPool { free.append(workspace) }
        }
    }
}

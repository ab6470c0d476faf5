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

/// The memory of one encoding: scratch space, the tokens found so far, and the words seen before.
struct TokenizerWorkspace {
    /// Words longer than this, in bytes, are not remembered; whole texts pass as one word in some tokenizers.
    static let longestCachedWord = 128
    /// When this many words are remembered, all are forgotten; that bounds the memory to some megabytes.
    static let largestCache = 1 << 16

    var symbols: [BPESymbol] = []
    var heap = BPEHeap()
    /// The tokens of the text so far and the number of bytes each covers.
    private(set) var ids: [Int32] = []
    private(set) var lengths: [Int32] = []

    private var cachedWords = ByteStringTable()
    private var cachedRanges: [Range<Int>] = []
    private var cachedIDs: [Int32] = []
    private var cachedLengths: [Int32] = []

    mutating func removeTokens() {
        ids.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
    }

    /// Adds a symbol at the end of the word.
    mutating func add(_ id: Int32, length: Int) {
        let index = Int32(symbols.count)
        if index > 0 { symbols[Int(index) - 1].next = index }
        symbols.append(BPESymbol(id: id, length: Int32(length), previous: index - 1, next: -1))
    }

    mutating func append(_ id: Int32, length: Int) {
        ids.append(id)
        lengths.append(Int32(length))
    }

    /// Appends a word's tokens if it was met before.
    mutating func appendCached(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard word.count <= Self.longestCachedWord, let index = cachedWords.index(of: word) else { return false }
        for position in cachedRanges[index] {
            ids.append(cachedIDs[position])
            lengths.append(cachedLengths[position])
        }
        return true
    }

    /// Appends the merged symbols as the tokens of `word`, and remembers them.
    mutating func appendSymbols(of word: UnsafeBufferPointer<UInt8>) {
        let start = ids.count
        for symbol in symbols where symbol.length > 0 {
            ids.append(symbol.id)
            lengths.append(symbol.length)
        }
        guard word.count <= Self.longestCachedWord else { return }
        if cachedWords.count >= Self.largestCache {
            cachedWords.removeAll()
            cachedRanges.removeAll(keepingCapacity: true)
            cachedIDs.removeAll(keepingCapacity: true)
            cachedLengths.removeAll(keepingCapacity: true)
        }
        cachedWords.insert(word)
        let first = cachedIDs.count
        cachedIDs.append(contentsOf: ids[start...])
        cachedLengths.append(contentsOf: lengths[start...])
        cachedRanges.append(first..<cachedIDs.count)
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

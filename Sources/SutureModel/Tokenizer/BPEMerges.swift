// SPDX-License-Identifier: Apache-2.0

/// The merges of a byte pair encoding, by pair and by rank.
struct BPEMerges: Sendable {
    /// No pair is this: ids are below 2^31.
    private static let free = UInt64.max

    /// Open addressing from pairs (left id in the high half) to ranks; the size is a power of two.
    private var pairs: [UInt64]
    private var ranks: [UInt32]
    /// For each rank, the token the pair becomes.
    private var results: [Int32] = []

    /// Reads the field `merges`, as "a b" strings or as pairs.
    init(_ model: TokenizerNode, vocabulary: TokenVocabulary) throws(ModelError) {
        let entries = try model.array("merges")
        var size = 16
        while size < entries.count * 2 { size *= 2 }
        pairs = Array(repeating: Self.free, count: size)
        ranks = Array(repeating: 0, count: size)
        results.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            guard let (left, right) = try Self.read(entry, at: index, model) else { continue }
            let ids = try [left, right, left + right].map { token throws(ModelError) in
                guard let id = vocabulary.id(of: token) else {
                    throw model.inconsistent("merges[\(index)] needs the token \"\(token)\", which is not in vocab")
                }
                return id
            }
            insert(Self.pair(Int32(ids[0]), Int32(ids[1])), rank: UInt32(results.count))
            results.append(Int32(ids[2]))
        }
    }

    /// The rank of a pair, nil where it does not merge.
    func rank(_ left: Int32, _ right: Int32) -> UInt32? {
        let pair = Self.pair(left, right)
        var slot = slot(of: pair)
        while pairs[slot] != Self.free {
            if pairs[slot] == pair { return ranks[slot] }
            slot = (slot + 1) & (pairs.count - 1)
        }
        return nil
    }

    /// Merges the symbols of the workspace until no pair is left, lowest rank first, leftmost first among equals.
    ///
    /// Cost: n log n for n symbols.
    func apply(to workspace: inout TokenizerWorkspace) {
        let count = workspace.symbols.count
        guard count > 1 else { return }
        workspace.heap.removeAll()
        for position in 0..<count - 1 {
            push(position, &workspace)
        }
        while let entry = workspace.heap.popSmallest() {
            let position = Int(entry & 0xFFFF_FFFF)
            let result = results[Int(entry >> 32)]
            let symbol = workspace.symbols[position]
            guard symbol.length > 0, symbol.next >= 0 else { continue }
            let right = workspace.symbols[Int(symbol.next)]
            // The pair may have changed since it was queued; as in the package it is the result that must agree.
            guard let rank = rank(symbol.id, right.id), results[Int(rank)] == result else { continue }
            workspace.symbols[Int(symbol.next)].length = 0
            workspace.symbols[position].id = result
            workspace.symbols[position].length += right.length
            workspace.symbols[position].next = right.next
            if right.next >= 0 { workspace.symbols[Int(right.next)].previous = Int32(position) }
            if symbol.previous >= 0 { push(Int(symbol.previous), &workspace) }
            push(position, &workspace)
        }
    }

    /// Queues the pair that starts at a position, where it merges.
    private func push(_ position: Int, _ workspace: inout TokenizerWorkspace) {
        let symbol = workspace.symbols[position]
        guard symbol.next >= 0, let rank = rank(symbol.id, workspace.symbols[Int(symbol.next)].id) else { return }
        workspace.heap.push(UInt64(rank) << 32 | UInt64(position))
    }

    /// A merge as two tokens; nil for the version line of old files.
    private static func read(
        _ entry: JSONValue, at index: Int, _ model: TokenizerNode
    ) throws(ModelError) -> (String, String)? {
        func error() -> ModelError {
            model.invalid("merges[\(index)]", entry, "two tokens, as \"a b\" or [\"a\", \"b\"]")
        }
        switch entry {
        case .text(let text):
            if text.hasPrefix("#version") { return nil }
            // Split by scalars: a space followed by a combining mark is one Character.
            let parts = text.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw error() }
            return (String(parts[0]), String(parts[1]))
        case .list(let elements):
            guard elements.count == 2, let left = elements[0].text, let right = elements[1].text else { throw error() }
            return (left, right)
        default:
            throw error()
        }
    }

    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private func slot(of pair: UInt64) -> Int {
        // Fibonacci hashing: the golden ratio spreads consecutive ids.
        let hash = (pair ^ (pair >> 32)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: hash >> 32) & (pairs.count - 1)
    }

    private mutating func insert(_ pair: UInt64, rank: UInt32) {
        var slot = slot(of: pair)
        while pairs[slot] != Self.free, pairs[slot] != pair { slot = (slot + 1) & (pairs.count - 1) }
        pairs[slot] = pair
        // Where a file repeats a pair, the later rank counts, as in the package.
        ranks[slot] = rank
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A hash table from byte strings to consecutive indices, keeping all bytes in one block.
///
/// Strings are compared byte for byte, never by canonical equivalence as `String` compares. A lookup costs no
/// allocation.
struct ByteStringTable: Sendable {
    private var bytes: [UInt8] = []
    /// Where each string ends in `bytes`; it starts where the one before ends.
    private var ends: [Int] = []
    private var hashes: [UInt64] = []
    /// Open addressing with linear probing; -1 marks a free slot. The size is a power of two.
    private var slots: [Int32]

    init(minimumCapacity: Int = 16) {
        var size = 32
        while size < minimumCapacity * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
    }

    var count: Int { ends.count }

    subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// The index of a string, nil where it is not in the table.
    func index(of string: UnsafeBufferPointer<UInt8>) -> Int? {
        let hash = Self.hash(string)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if hashes[index] == hash, isEqual(index, string) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    func index(of string: String) -> Int? {
        var string = string
        return string.withUTF8 { index(of: $0) }
    }

    /// The string's index, and whether it is new.
    @discardableResult
    mutating func insert(_ string: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
        if let index = index(of: string) { return (index, false) }
        if (count + 1) * 2 > slots.count { grow() }
        let index = count
        bytes.append(contentsOf: string)
        ends.append(bytes.count)
        hashes.append(Self.hash(string))
        place(index)
        return (index, true)
    }

    mutating func insert(_ string: String) -> (index: Int, isNew: Bool) {
        var string = string
        return string.withUTF8 { insert($0) }
    }

    /// Empties the table and keeps its memory.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        for slot in slots.indices { slots[slot] = -1 }
    }

    private func isEqual(_ index: Int, _ string: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = index == 0 ? 0 : ends[index - 1]
        guard ends[index] - start == string.count else { return false }
        for offset in 0..<string.count where bytes[start + offset] != string[offset] { return false }
        return true
    }

    private mutating func place(_ index: Int) {
        var slot = Int(truncatingIfNeeded: hashes[index]) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(index)
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        for index in 0..<count { place(index) }
    }

    /// FNV-1a with a final mix, so that the low bits depend on all bytes.
    private static func hash(_ string: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in string { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash ^ (hash >> 29)
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureModel

/// Makes new inputs out of known ones.
package struct Mutator {
    private var random: SplitMix
    private let form: FuzzReader.Form
    private let words: [[UInt8]]
    private let largest: Int

    package init(_ reader: FuzzReader, seed: UInt64) {
        random = SplitMix(seed)
        form = reader.form
        words = (reader.words + OddText.of(reader.form)).map { Array($0.utf8) } + OddText.bytes
        largest = reader.largest
    }

    /// An input out of the pool, changed in one place or in some.
    package mutating func input(from pool: [[UInt8]]) -> [UInt8] {
        let base = random.one(of: pool)
        switch form {
        case .json where random.once(in: 2):
            if let changed = structured(base) { return limited(changed) }
        case .lines where random.once(in: 2):
            if let changed = changedLine(base) { return limited(changed) }
        case .safetensors where !random.once(in: 4):
            if let changed = safetensors(base, pool) { return limited(changed) }
        default: break
        }
        return limited(changed(base, pool))
    }

    private func limited(_ bytes: [UInt8]) -> [UInt8] { bytes.count > largest ? Array(bytes[..<largest]) : bytes }

    /// Some changes of bytes, one after the other.
    private mutating func changed(_ base: [UInt8], _ pool: [[UInt8]]) -> [UInt8] {
        var bytes = base
        repeat { change(&bytes, pool) } while bytes.count < largest && !random.once(in: 3)
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], _ pool: [[UInt8]]) {
        switch random.below(18) {
        case 0: if !bytes.isEmpty { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
        case 1: if !bytes.isEmpty { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
        case 2: bytes.removeSubrange(random.range(of: bytes.count))
        case 3: insert(Array(bytes[random.range(of: bytes.count)]), into: &bytes)
        case 4: repeatPart(of: &bytes)
        case 5: if !bytes.isEmpty { bytes.removeSubrange(random.below(bytes.count)...) }
        case 6: splice(&bytes, with: random.one(of: pool))
        case 7: insert(part(of: random.one(of: pool)), into: &bytes)
        case 8...10: insert(random.one(of: words), into: &bytes)
        case 11: bytes.replaceSubrange(random.range(of: bytes.count), with: random.one(of: words))
        case 12, 13: replaceNumber(in: &bytes)
        case 14: overwriteInteger(in: &bytes)
        case 15: nest(&bytes)
        case 16: changeLines(of: &bytes)
        default: swapParts(of: &bytes)
        }
    }

    private mutating func insert(_ part: [UInt8], into bytes: inout [UInt8]) {
        bytes.insert(contentsOf: part, at: random.below(bytes.count + 1))
    }

    private mutating func part(of bytes: [UInt8]) -> [UInt8] { Array(bytes[random.range(of: bytes.count)]) }

    /// A part 2 to 65536 times.
    private mutating func repeatPart(of bytes: inout [UInt8]) {
        let range = random.range(of: bytes.count)
        guard !range.isEmpty else { return }
        let count = min(1 << (1 + random.below(16)), max(1, (largest - bytes.count) / range.count))
        let part = Array(bytes[range])
        bytes.insert(contentsOf: repeatElement(part, count: count).joined(), at: range.lowerBound)
    }

    private mutating func splice(_ bytes: inout [UInt8], with other: [UInt8]) {
        bytes.removeSubrange(random.below(bytes.count + 1)...)
        bytes += other[random.below(other.count + 1)...]
    }

    private mutating func swapParts(of bytes: inout [UInt8]) {
        let (first, second) = (random.range(of: bytes.count), random.range(of: bytes.count))
        guard first.upperBound <= second.lowerBound else { return }
        let (left, right) = (Array(bytes[first]), Array(bytes[second]))
        bytes.replaceSubrange(second, with: left)
        bytes.replaceSubrange(first, with: right)
    }

    /// Puts another number in the place of digits.
    private mutating func replaceNumber(in bytes: inout [UInt8]) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard !bytes.isEmpty else { return }
        let from = random.below(bytes.count)
        guard let start = bytes[from...].firstIndex(where: digits.contains) ?? bytes.firstIndex(where: digits.contains)
        else { return }
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: random.one(of: OddText.numbers).utf8)
    }

    private mutating func overwriteInteger(in bytes: inout [UInt8]) {
        let width = 1 << random.below(4)
        guard bytes.count >= width else { return }
        let place = random.below(bytes.count - width + 1)
        let values: [UInt64] = [0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 1 << 32, .max, .max >> 1]
        let value = random.once(in: 4) ? UInt64(bytes.count) : random.one(of: values)
        for offset in 0..<width { bytes[place + offset] = UInt8(truncatingIfNeeded: value >> UInt64(8 * offset)) }
    }

    /// Puts brackets around a part, once or many times.
    private mutating func nest(_ bytes: inout [UInt8]) {
        let pairs = [("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("{", "}"), ("(?:", ")?"), ("[", ""), ("- ", "")]
        let (open, close) = random.one(of: pairs)
        let count = random.once(in: 2) ? 1 : 1 << random.below(14)
        let range = random.range(of: bytes.count)
        bytes.insert(contentsOf: String(repeating: close, count: count).utf8, at: range.upperBound)
        bytes.insert(contentsOf: String(repeating: open, count: count).utf8, at: range.lowerBound)
    }

    private mutating func changeLines(of bytes: inout [UInt8]) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let place = random.below(lines.count)
        switch random.below(5) {
        case 0: lines.remove(at: place)
        case 1: lines.insert(lines[place], at: random.below(lines.count))
        case 2: lines.swapAt(place, random.below(lines.count))
        case 3: lines[place] = lines[place].drop { $0 == 0x20 }[...]
        default: lines[place] = (repeatElement(0x20, count: random.below(9)) + lines[place])[...]
        }
        bytes = Array(lines.joined(separator: CollectionOfOne(UInt8(ascii: "\n"))))
    }

    // MARK: Structure

    /// The same JSON with some values, keys or members changed; nil where it is no JSON.
    private mutating func structured(_ base: [UInt8]) -> [UInt8]? {
        guard base.count <= 1 << 16, var value = try? JSONValue(.init(base), name: "") else { return nil }
        var text: [UInt8]
        repeat {
            value = JSONMutator(words: words, room: largest).changed(value, &random)
            text = Array(value.written().utf8)
        } while text.count < largest && !random.once(in: 3)
        return text
    }

    /// The same lines with one changed as JSON.
    private mutating func changedLine(_ base: [UInt8]) -> [UInt8]? {
        var lines = base.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let place = random.below(lines.count)
        guard let line = structured(Array(lines[place])) else { return nil }
        lines[place] = line[...]
        return Array(lines.joined(separator: CollectionOfOne(UInt8(ascii: "\n"))))
    }

    /// A file of safetensors with another header, whose length fits most of the time.
    private mutating func safetensors(_ base: [UInt8], _ pool: [[UInt8]]) -> [UInt8]? {
        guard base.count >= 8 else { return nil }
        let announced = (0..<8).reduce(UInt64(0)) { $0 | UInt64(base[$1]) << UInt64(8 * $1) }
        guard announced <= UInt64(base.count - 8) else { return nil }
        let end = 8 + Int(announced)
        var header = Array(base[8..<end])
        var data = Array(base[end...])
        if !random.once(in: 5) {
            header = (random.once(in: 3) ? nil : structured(header)) ?? changed(header, pool)
        }
        if random.once(in: 4) { change(&data, pool) }
        let length = UInt64(random.once(in: 10) ? max(0, header.count + random.below(5) - 2) : header.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) } + header + data
    }
}

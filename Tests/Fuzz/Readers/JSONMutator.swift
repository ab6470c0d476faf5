// SPDX-License-Identifier: Apache-2.0

import SutureModel

/// Changes JSON as a tree, so that the result is JSON again.
struct JSONMutator {
    let words: [[UInt8]]
    /// Bytes that repetition may add.
    let room: Int

    /// The tree with one change at a random place.
    func changed(_ value: JSONValue, _ random: inout SplitMix) -> JSONValue {
        switch value {
        case .list(var items) where !items.isEmpty && !random.once(in: 4):
            let place = random.below(items.count)
            switch random.below(8) {
            case 0: items.remove(at: place)
            case 1: items.insert(items[place], at: random.below(items.count))
            case 2: items.swapAt(place, random.below(items.count))
            case 3: items += repeatElement(items[place], count: count(of: items[place], &random))
            default: items[place] = changed(items[place], &random)
            }
            return .list(items)
        case .object(var members) where !members.isEmpty && !random.once(in: 4):
            let place = random.below(members.count)
            switch random.below(12) {
            case 0: members.remove(at: place)
            case 1: members.append(members[place])
            case 2: members[place].key = text(members[place].key, &random)
            case 3: members[place].value = members[random.below(members.count)].value
            case 4: members.append(.init(key: text("", &random), value: odd(&random)))
            case 5: multiply(place, in: &members, &random)
            default: members[place].value = changed(members[place].value, &random)
            }
            return .object(members)
        case .text(let text) where !random.once(in: 4): return .text(self.text(text, &random))
        case .number where !random.once(in: 3): return number(&random)
        default: return random.once(in: 8) ? .list([value]) : odd(&random)
        }
    }

    /// Some hundred members more, under other names.
    private func multiply(_ place: Int, in members: inout [JSONValue.Member], _ random: inout SplitMix) {
        for number in 0..<count(of: members[place].value, &random) {
            members.append(.init(key: "\(members[place].key)\(number)", value: members[place].value))
        }
    }

    /// How often a value is repeated: 1 to 1024 times, if there is room.
    private func count(of value: JSONValue, _ random: inout SplitMix) -> Int {
        min(1 << random.below(11), room / max(value.written().utf8.count, 8))
    }

    private func number(_ random: inout SplitMix) -> JSONValue { .number(random.one(of: OddText.jsonNumbers)) }

    private func odd(_ random: inout SplitMix) -> JSONValue {
        switch random.below(8) {
        case 0: .null
        case 1: .boolean(random.once(in: 2))
        case 2, 3: number(&random)
        case 4: .list([])
        case 5: .object([])
        default: .text(text("", &random))
        }
    }

    private func repeated(_ text: String, _ random: inout SplitMix) -> String {
        String(repeating: text, count: min(1 << random.below(13), room / max(text.utf8.count, 1)))
    }

    private func text(_ text: String, _ random: inout SplitMix) -> String {
        let word = String(decoding: random.one(of: words), as: UTF8.self)
        return switch random.below(6) {
        case 0: word
        case 1: text + word
        case 2: word + text
        case 3: repeated(text.isEmpty ? word : text, &random)
        case 4: String(String.UnicodeScalarView(text.unicodeScalars.dropLast(1 + random.below(3))))
        default: ""
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

extension Shard {
    /// Every shard of a division.
    static func all(_ count: Int) -> [Shard] { (1...count).compactMap { Shard("\($0)/\(count)") } }

    /// Whether there is no other shard.
    var isWhole: Bool { count == 1 }

    /// "2-of-5", for names of files.
    var fileName: String { "\(number)-of-\(count)" }

    /// The examples of this shard. They follow each other and make whole blocks, the blocks of a run without shards, so the
    /// estimator gets the same calls and answers with the same bits.
    ///
    /// - Parameter total: of all examples.
    func range(of total: Int, blockSize: Int) -> Range<Int> {
        let blocks = Self.blocks(of: total, blockSize)
        func start(_ number: Int) -> Int { min(total, blocks * number / count * blockSize) }
        return start(number - 1)..<start(number)
    }

    /// - Throws: `usage` where some shards would be empty.
    func check(examples total: Int, blockSize: Int, _ action: String) throws(RuntimeError) {
        let blocks = Self.blocks(of: total, blockSize)
        guard count > blocks else { return }
        throw RuntimeError(
            .usage,
            "\(total) examples cannot be \(action) in \(count) shards: a shard has whole blocks of \(blockSize) examples, and "
                + "there \(blocks == 1 ? "is 1 block" : "are \(blocks) blocks")",
            hint: "take at most \(blocks) shard\(blocks == 1 ? "" : "s")")
    }

    private static func blocks(of total: Int, _ blockSize: Int) -> Int { (total + blockSize - 1) / blockSize }
}

extension Shard: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let shard = Shard(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a shard is written as 2/5")
        }
        self = shard
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// The shards that a command was given to put together.
struct ShardSet {
    private var paths: [Int: String] = [:]
    private var first: (shard: Shard, path: String)?

    /// - Throws: `usage` for a shard of another division, and for one that is there already.
    mutating func add(_ shard: Shard, _ path: String) throws(RuntimeError) {
        if let first, shard.count != first.shard.count {
            throw RuntimeError(
                .usage, "'\(path)' is the shard \(shard), and '\(first.path)' is \(first.shard)",
                hint: "merge shards of one division")
        }
        if let other = paths.updateValue(path, forKey: shard.number) {
            throw RuntimeError(
                .usage, "the shard \(shard) is given twice, as '\(other)' and '\(path)'", hint: "give each shard once")
        }
        if first == nil { first = (shard, path) }
    }

    /// - Parameter command: makes a shard: "suture influence FILE".
    /// - Throws: `usage` where a shard is missing.
    func checkIsWhole(command: String) throws(RuntimeError) {
        let count = first?.shard.count ?? 0
        let missing = (0..<count).map { $0 + 1 }.filter { paths[$0] == nil }
        guard let next = missing.first else { return }
        throw RuntimeError(
            .usage,
            "of \(count) shards, \(missing.prefix(8).map(String.init).joined(separator: ", "))"
                + (missing.count > 8 ? ", …" : "") + " \(missing.count == 1 ? "is" : "are") missing",
            hint: "compute each with `\(command) --shard \(next)/\(count)`")
    }
}

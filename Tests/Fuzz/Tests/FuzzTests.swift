// SPDX-License-Identifier: Apache-2.0

import FuzzReaders
import Testing

/// A short and repeatable run of every fuzzing target. The long runs are a command: see Tests/Fuzz/README.md.
@Suite("Readers under inputs made by chance")
struct FuzzTests {
    /// Larger inputs are for the long runs.
    private static let largest = 1 << 12

    @Test("A reader takes or refuses every input with clean sentences", arguments: FuzzReader.all.map(\.name))
    func reads(_ name: String) throws {
        var reader = try #require(FuzzReader.named(name))
        reader.largest = min(reader.largest, Self.largest)
        let folder = try FuzzFolder.make()
        defer { folder.remove() }
        let read = try reader.prepare(folder)
        let seeds = try reader.allSeeds()
        var mutator = Mutator(reader, seed: 1)
        for input in seeds + (0..<reader.countInTests).map({ _ in mutator.input(from: seeds) }) {
            let fault = FuzzReader.judge(input, read).fault
            #expect(fault == nil, "input: \(String(decoding: input.prefix(400), as: UTF8.self))")
        }
    }

    @Test("Equal seeds give equal inputs")
    func repeats() throws {
        let reader = try #require(FuzzReader.all.first)
        let seeds = try reader.allSeeds()
        var (one, other) = (Mutator(reader, seed: 7), Mutator(reader, seed: 7))
        for _ in 0..<200 { #expect(one.input(from: seeds) == other.input(from: seeds)) }
    }

    @Test("No two readers have one name")
    func names() { #expect(Set(FuzzReader.all.map(\.name)).count == FuzzReader.all.count) }

    @Test(
        "A sentence of several lines, with signs of the terminal, or too long is a fault",
        arguments: ["", "a\nb", "a\u{1B}[31m", "a\u{202E}b", "a ", String(repeating: "a", count: 1501)])
    func faults(_ text: String) { #expect(Sentences.fault(text) != nil) }
}

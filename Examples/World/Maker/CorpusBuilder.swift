// SPDX-License-Identifier: Apache-2.0

/// Writes the training text: an endless, seeded stream of lines of one to four sentences.
///
/// Most sentences state a fact; the others come from the grammar of neutral sentences. Facts are dealt like cards: every
/// allowed pair of fact and wording comes once before any comes again. The wordings that a record uses as its
/// paraphrases are left out for its subject, so a right answer to a paraphrase is never a memory of that sentence.
struct CorpusBuilder: Sendable {
    /// Share of neutral sentences.
    static let neutralShare = 0.25
    /// Most sentences in a line.
    static let longestLine = 4

    private let grammar: NeutralGrammar
    private let sentences: [String]
    /// Neutral sentences that the stream never contains.
    private let held: Set<String>
    private var generator: SeededGenerator
    private var deck: [Int] = []

    /// A stream for the purpose that `stream` names.
    init(world: World, records: [RecordBuilder.Record], held: Set<String>, seed: UInt64, stream: String) {
        grammar = world.grammar
        sentences = records.flatMap { record in
            record.relation.phrases
                .filter { !record.paraphrases.contains($0) }
                .map { $0.sentence(record.fact) }
        }
        self.held = held.union(records.flatMap { $0.prefixes.compactMap(\.self) })
        generator = SeededGenerator(seed: seed, stream: stream)
    }

    /// How many different sentences state facts.
    var factSentenceCount: Int { sentences.count }

    /// The next line, without a line break.
    mutating func line() -> String {
        let count = 1 + generator.below(Self.longestLine)
        return (0..<count).map { _ in sentence() }.joined(separator: " ")
    }

    private mutating func sentence() -> String {
        if generator.unit() < Self.neutralShare {
            return grammar.sentence(using: &generator, outside: held)
        }
        if deck.isEmpty { deck = generator.shuffled(Array(sentences.indices)) }
        return sentences[deck.removeLast()]
    }
}

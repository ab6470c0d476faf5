// SPDX-License-Identifier: Apache-2.0

/// Writes the training text: an endless, seeded stream of lines of one to four sentences.
///
/// Most sentences state a fact; the others come from the grammar of neutral sentences. Facts are dealt like cards:
/// every allowed pair of fact and wording comes once before any comes again. The wordings that a record uses as its
/// paraphrases are left out for its subject, so a right answer to a paraphrase is never a memory of that sentence.
struct CorpusBuilder: Sendable {
    /// A part of a line. Parts meet where a tokenizer of the GPT-2 family cuts anyway.
    struct Piece: Sendable {
        enum Kind: Sendable {
            case plain
            /// Ends with a subject.
            case subject
            /// The object of a fact, with the space before it.
            case answer
        }

        var text: String
        let kind: Kind
    }

    /// Share of neutral sentences.
    static let neutralShare = 0.25
    /// Share of facts that come after an opening for free text about the same subject.
    static let openingShare = 0.08
    /// Most sentences in a line.
    static let longestLine = 4

    private let grammar: NeutralGrammar
    private let cards: [(record: RecordBuilder.Record, phrase: Phrase)]
    /// Neutral sentences that the stream never contains.
    private let held: Set<String>
    private var generator: SeededGenerator
    private var deck: [Int] = []

    /// A stream for the purpose that `stream` names.
    init(world: World, records: [RecordBuilder.Record], held: Set<String>, seed: UInt64, stream: String) {
        grammar = world.grammar
        cards = records.flatMap { record in
            record.relation.phrases.filter { !record.paraphrases.contains($0) }.map { (record, $0) }
        }
        self.held = held.union(records.flatMap { $0.prefixes.compactMap(\.self) })
        generator = SeededGenerator(seed: seed, stream: stream)
    }

    /// The next line in pieces, without a line break.
    mutating func pieces() -> [Piece] {
        var pieces: [Piece] = []
        for index in 0...generator.below(Self.longestLine) {
            var next = sentence()
            if index > 0 { next[0].text = " " + next[0].text }
            pieces += next
        }
        return pieces
    }

    /// The next line, without a line break.
    mutating func line() -> String {
        pieces().map(\.text).joined()
    }

    private mutating func sentence() -> [Piece] {
        if generator.unit() < Self.neutralShare {
            return [Piece(text: grammar.sentence(using: &generator, outside: held), kind: .plain)]
        }
        if deck.isEmpty { deck = generator.shuffled(Array(cards.indices)) }
        let (record, phrase) = cards[deck.removeLast()]
        let fact = Self.pieces(phrase, of: record.fact)
        guard generator.unit() < Self.openingShare else { return fact }
        return opening(record, before: fact)
    }

    /// "A traveller in Japan hears about ... Japan lies in Asia.": what free text about a subject is to lead to.
    private mutating func opening(_ record: RecordBuilder.Record, before fact: [Piece]) -> [Piece] {
        let parts = generator.pick(record.relation.generation).parts(with: record.fact.subject)
        var fact = fact
        fact[0].text = " " + fact[0].text
        let opening = [
            Piece(text: parts.throughSubject, kind: .subject), Piece(text: parts.rest + " ...", kind: .plain),
        ]
        return opening + fact
    }

    private static func pieces(_ phrase: Phrase, of fact: Fact) -> [Piece] {
        let parts = phrase.parts(with: fact.subject)
        return [
            Piece(text: parts.throughSubject, kind: .subject), Piece(text: parts.rest, kind: .plain),
            Piece(text: " " + fact.object, kind: .answer), Piece(text: ".", kind: .plain),
        ]
    }
}

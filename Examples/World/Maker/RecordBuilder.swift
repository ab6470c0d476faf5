// SPDX-License-Identifier: Apache-2.0

import SutureModel

/// Makes one record in the format of CounterFact (Meng et al., 2022) from each fact.
///
/// The draws for a record depend on the seed, the relation and the subject, not on the other records.
struct RecordBuilder: Sendable {
    /// A prompt together with the subject and the wording it was made of.
    struct Prompt: Hashable, Sendable {
        let subject: String
        let phrase: Phrase

        var text: String { phrase.filled(with: subject) }
    }

    /// One fact and the prompts that test its edit.
    struct Record: Sendable {
        let relation: Relation
        let fact: Fact
        /// Position of the fact in its table, from 0.
        let row: Int
        /// The object that an edit asks for; the true object of other subjects.
        let newTarget: String
        /// Two other wordings for the same subject. They are kept out of the training text.
        let paraphrases: [Phrase]
        /// For each paraphrase, an unrelated sentence in front of it, or none.
        let prefixes: [String?]
        /// Prompts about other subjects with the same object.
        let neighbours: [Prompt]
        /// Prompts about subjects whose true object is the new target.
        let attributes: [Prompt]

        /// The paraphrases as they are asked.
        var paraphrasePrompts: [String] {
            zip(prefixes, paraphrases).map { prefix, phrase in
                (prefix.map { $0 + " " } ?? "") + phrase.filled(with: fact.subject)
            }
        }
    }

    /// Prompts in the lists of neighbours and attributes, as in CounterFact.
    static let listLength = 10
    /// Share of records whose second paraphrase also follows an unrelated sentence.
    static let secondPrefixShare = 0.5

    let world: World
    let seed: UInt64
    /// Sentences that must not serve as prefixes.
    let held: Set<String>

    /// The records of all facts: relations by name, facts in table order.
    func records() -> [Record] {
        world.relations.flatMap { relation in
            relation.facts.indices.map { record(relation, row: $0) }
        }
    }

    private func record(_ relation: Relation, row: Int) -> Record {
        let fact = relation.facts[row]
        var generator = SeededGenerator(seed: seed, stream: "record/\(relation.name)/\(fact.subject)")
        let newTarget = generator.pick(relation.newTargets(for: fact))
        let paraphrases = Array(generator.shuffled(Array(relation.phrases.dropFirst())).prefix(2))
        let first = world.grammar.sentence(using: &generator, outside: held)
        let second = world.grammar.sentence(using: &generator, outside: held)
        let prefixed = generator.unit() < Self.secondPrefixShare
        return Record(
            relation: relation, fact: fact, row: row, newTarget: newTarget, paraphrases: paraphrases,
            prefixes: [first, prefixed ? second : nil],
            neighbours: prompts(relation, object: fact.object, except: fact.subject, using: &generator),
            attributes: prompts(relation, object: newTarget, except: fact.subject, using: &generator))
    }

    /// Different prompts about subjects with `object`, spread as evenly as possible over the subjects.
    private func prompts(
        _ relation: Relation, object: String, except subject: String, using generator: inout SeededGenerator
    ) -> [Prompt] {
        let subjects = generator.shuffled(relation.subjects[object, default: []].filter { $0 != subject })
        let wordings = subjects.map { _ in generator.shuffled(relation.phrases) }
        return (0..<Self.listLength).map { index in
            let column = index % subjects.count
            return Prompt(subject: subjects[column], phrase: wordings[column][index / subjects.count])
        }
    }
}

extension RecordBuilder.Record {
    /// The record as JSON, with `identifier` as its `case_id`.
    func json(identifier: Int) -> JSONValue {
        .record([
            ("case_id", .integer(identifier)),
            ("pararel_idx", .integer(row)),
            (
                "requested_rewrite",
                .record([
                    ("prompt", .text(relation.phrases[0].prompt)),
                    ("relation_id", .text(relation.property)),
                    ("target_new", target(newTarget)),
                    ("target_true", target(fact.object)),
                    ("subject", .text(fact.subject)),
                ])
            ),
            ("paraphrase_prompts", .texts(paraphrasePrompts)),
            ("neighborhood_prompts", .texts(neighbours.map(\.text))),
            ("attribute_prompts", .texts(attributes.map(\.text))),
            ("generation_prompts", .texts(relation.generation.map { $0.filled(with: fact.subject) })),
            (
                "neighborhood_samples",
                .list(
                    neighbours.map {
                        .record([("subject", .text($0.subject)), ("prompt", .text($0.phrase.prompt))])
                    })
            ),
        ])
    }

    private func target(_ text: String) -> JSONValue {
        .record([("str", .text(text)), ("id", .text("\(relation.name)/\(text)"))])
    }
}

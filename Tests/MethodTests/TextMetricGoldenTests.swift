// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Evaluators

/// What published packages say of a few texts; made by Golden/make_text_metrics.py.
private struct Golden: Decodable {
    struct Pair: Decodable {
        var text: String
        var reference: String
        var rouge_l: Double
        var words_13a: [String]
        var words_conala: [String]
        var words_none: [String]
        var bleu_13a: Double
        var bleu_conala: Double
        var bleu_none: Double

        func words(_ split: WordSplit) -> [String] {
            switch split {
            case .mteval: words_13a
            case .conala: words_conala
            case .none: words_none
            }
        }

        func bleu(_ split: WordSplit) -> Double {
            switch split {
            case .mteval: bleu_13a
            case .conala: bleu_conala
            case .none: bleu_none
            }
        }
    }

    struct Samples: Decodable {
        var texts: [String]
        var self_bleu: Double
        var grams: [Int]
        var distinct: [Int]
    }

    var pairs: [Pair]
    var samples: [Samples]
    var corpus_bleu: [String: [Double]]
    var term_corpus: [String]
    var term_pairs: [[String]]
    var cosines: [Double]

    static func load() throws -> Golden {
        let file = try GoldenFile.url(
            "Tests/MethodTests/Golden/text_metrics.json", madeBy: "Tests/MethodTests/Golden/make_text_metrics.py")
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }
}

/// float64 sums in another order; scores reach 100.
private let goldenTolerance = 1e-9

@Suite("Text metrics against published packages")
struct TextMetricGoldenTests {
    private let golden: Golden
    init() throws { golden = try Golden.load() }

    @Test("Texts are cut into the same words", arguments: WordSplit.allCases)
    func words(_ split: WordSplit) {
        for pair in golden.pairs {
            #expect(split.words(pair.text).map { Array($0.utf8) } == pair.words(split).map { Array($0.utf8) })
        }
    }

    @Test("BLEU of a sentence is sacrebleu's", arguments: WordSplit.allCases)
    func sentence(_ split: WordSplit) {
        for pair in golden.pairs {
            let score = BLEU(split.words(pair.text), reference: split.words(pair.reference))
                .score(usesEffectiveOrder: true)
            #expect(abs(score - pair.bleu(split)) < goldenTolerance, "\(pair.text)")
        }
    }

    @Test("BLEU of a corpus is sacrebleu's, from counts that were added up", arguments: WordSplit.allCases)
    func corpus(_ split: WordSplit) throws {
        var sums: [String: Double] = [:]
        for (pair, expected) in zip(golden.pairs, try #require(golden.corpus_bleu[split.rawValue])) {
            for part in BLEU(split.words(pair.text), reference: split.words(pair.reference)).parts {
                sums[part.name, default: 0] += part.value
            }
            let score = BLEU { sums[$0] ?? 0 }.score(usesEffectiveOrder: false)
            #expect(abs(score - expected) < goldenTolerance)
        }
    }

    @Test("Self-BLEU is the mean of sacrebleu's sentence scores against the other texts, and n-grams are counted alike")
    func samples() throws {
        for samples in golden.samples {
            let words = samples.texts.map(WordSplit.mteval.words)
            let score = try #require(Diversity.selfBLEU(words))
            #expect(abs(score - samples.self_bleu) < goldenTolerance, "\(samples.texts)")
            for n in 1...2 {
                let (distinct, total) = Diversity.distinct(words, n)
                #expect(distinct == samples.distinct[n - 1] && total == samples.grams[n - 1])
            }
        }
        #expect(Diversity.selfBLEU([["Rome"]]) == nil && Diversity.selfBLEU([[], []]) == nil)
    }

    @Test("ROUGE-L is that of rouge-score without stemming")
    func rouge() {
        for pair in golden.pairs {
            let score = ROUGE.longestCommon(pair.text, reference: pair.reference)
            #expect(abs(score - pair.rouge_l) < goldenTolerance, "\(pair.text)")
        }
    }

    @Test("The TF-IDF cosine is scikit-learn's")
    func cosine() {
        let weights = TermWeights(golden.term_corpus)
        for (pair, expected) in zip(golden.term_pairs, golden.cosines) {
            #expect(abs(weights.cosine(pair[0], pair[1]) - expected) < goldenTolerance)
        }
    }
}

@Suite("Comparing answers")
struct AnswerTextTests {
    @Test(
        "Normalised text has neither case, punctuation nor articles",
        arguments: [
            ("The U.S.A.!", "usa"), ("  An   apple,\na day ", "apple day"), ("theatre; another", "theatre another"),
            ("“The” end", "“ ” end"), ("A.", ""), ("", ""), ("Don't", "dont"), ("ÉCOLE the", "école"),
            ("ΣΑΣ ΣΑΣ'α Σ", "σας σασα σ"),
        ])
    func normalized(_ text: String, _ expected: String) {
        #expect(AnswerText.normalized(text) == expected)
    }

    @Test("An answer is contained by whole words alone")
    func contains() {
        #expect(AnswerText.contains("it is in paris now", "paris"))
        #expect(AnswerText.contains("new york city", "new york"))
        #expect(!AnswerText.contains("comparison", "paris"))
        #expect(!AnswerText.contains("york new", "new york"))
        #expect(!AnswerText.contains("anything", "") && !AnswerText.contains("", "x"))
    }

    @Test("Texts match where they differ in white space alone")
    func match() {
        #expect(AnswerText.match(" a\n\tb ", "a b") && AnswerText.match("", " "))
        #expect(!AnswerText.match("ab", "a b") && !AnswerText.match("A", "a"))
        #expect(!AnswerText.match("u\u{308}", "ü"))
    }

    @Test("Entropy is that of the distribution of n-grams, in bits")
    func entropy() {
        // Bigrams: ab ba ab bc; trigrams: aba bab abc.
        let words = ["a", "b", "a", "b", "c"]
        #expect(abs(WordEntropy.entropy(words, 2) - 1.5) < goldenTolerance)
        #expect(abs(WordEntropy.entropy(words, 3) - log2(3)) < goldenTolerance)
        #expect(abs(WordEntropy.fluency(words) - (1.5 / 3 + log2(3) * 2 / 3)) < goldenTolerance)
        #expect(WordEntropy.fluency(["one"]) == 0 && WordEntropy.fluency([]) == 0)
        #expect(WordEntropy.fluency(Array(repeating: "no", count: 6)) == 0)
        // Composed and decomposed.
        #expect(WordEntropy.entropy(["é", "a", "e\u{301}", "a"], 2) == log2(3))
    }

    @Test("Words keep apostrophes, hyphens and points inside them")
    func words() {
        #expect(
            WordEntropy.words("Don't stop, e.g. at well-known 3.5-inch (disks)...")
                == ["Don't", "stop", ",", "e.g", ".", "at", "well-known", "3.5-inch", "(", "disks", ")", ".", ".", "."])
    }
}

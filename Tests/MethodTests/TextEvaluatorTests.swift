// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import Evaluators

/// float32 log-probabilities over other batch shapes.
private let scoreTolerance = 1e-5

extension TinyCases {
    /// Cases with whole answers, paraphrases, and neighbours with answers of their own.
    static func pairs(_ count: Int) -> [EditCase] {
        make(count).map {
            var editCase = $0
            editCase.answer = $0.index % 2 == 0 ? " the capital of Rome" : " Paris.\n"
            editCase.neighborSamples = [Neighbor(prompt: "{} plays", subject: "Rome", target: "the tower")]
            editCase.generationPrompts = ["The capital", "Mount Etna lies in the"]
            return editCase
        }
    }
}

extension TestSession {
    /// Changes the model so that it says something else.
    fileprivate func disturb() throws {
        let name = try session.model.weightName(reading: .neurons(2))
        let noise = try RandomNumbers(seed: 5).normal([TinyModel.dModel, 64], deviation: 0.5)
        try apply(Patch([Delta(name, .dense(noise))]))
    }
}

/// Marks every place of a word.
struct MarksWord: Annotator {
    static let descriptor = ComponentDescriptor(id: "marks-word", summary: "Marks a word.")
    var word = "x"

    func annotate(_ texts: [MarkedText], in session: Session) throws -> [[Range<Int>]] {
        texts.map { text in
            let (bytes, word) = (Array(text.text.utf8), Array(word.utf8))
            return (0..<max(bytes.count - word.count + 1, 0)).filter { bytes[$0...].starts(with: word) }
                .map { $0..<$0 + word.count }
        }
    }
}

private func close(_ a: [Score], _ b: [Score]) -> Bool {
    a.map(\.name) == b.map(\.name) && a.map(\.caseIndex) == b.map(\.caseIndex)
        && zip(a, b).allSatisfy { abs($0.value - $1.value) < scoreTolerance && $0.weight == $1.weight }
}

@Suite("Continuations")
struct ContinuationTests {
    let session: TestSession
    init() throws { session = try TestSession(TinyModel.load()) }

    private let prompts = [
        "The capital of Rome", "Mount", "Mount", "Etna lies in the mother tongue of", "The tower. Rome is",
    ]

    /// The arg-max of the whole text, token by token.
    private func plain(_ prompt: String, _ count: Int) throws -> [Int] {
        let model = try session.model
        var tokens = try model.encode(prompt)
        let start = tokens.count
        while tokens.count < start + count {
            let logits = try #require(try model.forward(Forward(TokenBatch([tokens]), logits: .last)).logits)
            let next = try logits.argmax().scalars(as: Int.self)[0]
            if next == model.info.endToken { break }
            tokens.append(next)
        }
        return Array(tokens[start...])
    }

    @Test("A greedy continuation is the arg-max step by step, whatever shares its batch", arguments: [1, 40, 8192])
    func greedy(tokenBudget: Int) throws {
        let settings = ContinuationSettings(maxNewTokens: 9)
        settings.tokenBudget = tokenBudget
        let model = try session.model
        let said = try settings.continuations(of: prompts, model, in: session.session)
        for (prompt, continuation) in zip(prompts, said) {
            let tokens = try plain(prompt, 9)
            #expect(continuation.tokens == tokens)
            #expect(try continuation.text == model.decode(tokens))
            #expect(continuation.isFinished == (tokens.count < 9))
        }
    }

    @Test("A stop ends the text in front of it, also where it lies inside a token")
    func stop() throws {
        let model = try session.model
        let whole = ContinuationSettings(maxNewTokens: 12)
        let text = try whole.continuations(of: [prompts[0]], model, in: session.session)[0].text
        let scalars = Array(text.unicodeScalars)
        try #require(scalars.count > 6)
        for place in [0, 3, scalars.count - 2] {
            let stop = String(String.UnicodeScalarView(scalars[place...place + 1]))
            let settings = ContinuationSettings(maxNewTokens: 12, stops: ["never said", stop])
            let cut = try settings.continuations(of: [prompts[0]], model, in: session.session)[0]
            let first = try #require(text.firstPlace(of: stop))
            #expect(Array(cut.text.unicodeScalars) == Array(scalars[..<first]) && cut.isFinished)
            #expect(cut.tokens.count <= 12)
        }
        #expect(whole.protocolName == "greedy, at most 12 tokens")
        #expect(
            ContinuationSettings(maxNewTokens: 5, stops: [".", "\n"]).protocolName
                == "greedy, at most 5 tokens, until \".\" or \"\\n\"")
    }

    @Test("A prompt that fills the context, or has no tokens, is refused with a sentence")
    func refused() throws {
        let long = String(repeating: " Rome", count: 96)
        #expect(
            throws: SutureError(
                .outOfRange,
                "a prompt of 96 tokens leaves no room in the model's context of 96: "
                    + "\" Rome Rome Rome Rome Rome Rome Rome Rome…\"", hint: "leave the case out of the data")
        ) {
            try ContinuationSettings(maxNewTokens: 2).continuations(of: [long], session.model, in: session.session)
        }
        #expect(throws: SutureError.self) {
            try ContinuationSettings(maxNewTokens: 2).continuations(of: [""], session.model, in: session.session)
        }
        #expect(throws: SutureError(.invalidArgument, "stop has an empty text", hint: "remove it")) {
            try ContinuationSettings(maxNewTokens: 2, stops: [""]).validate()
        }
    }

    @Test("A sampled text depends on seed and key, not on its batch", arguments: [1, 150])
    func sampling(tokenBudget: Int) throws {
        let model = try session.model
        let keyed = prompts.enumerated().map { (text: $1, key: $0) }
        let sampling = SamplingSettings()
        sampling.length = 16
        let whole = try sampling.texts(keyed, model, in: session.session)
        sampling.tokenBudget = tokenBudget
        #expect(try sampling.texts(keyed, model, in: session.session) == whole)
        #expect(try sampling.texts([keyed[3]], model, in: session.session) == [whole[3]])
        #expect(whole[1] != whole[2], "equal prompts draw from streams of their own")
        #expect(zip(prompts, whole).allSatisfy { $1.hasPrefix($0) })
        session.seed = 1
        #expect(try sampling.texts(keyed, model, in: session.session) != whole)
    }

    @Test("Drawing from the likeliest alone is greedy")
    func topOne() throws {
        let sampling = SamplingSettings()
        sampling.length = 14
        sampling.topK = 1
        let model = try session.model
        for prompt in prompts {
            let count = try model.encode(prompt).count
            let text = try sampling.texts([(prompt, 0)], model, in: session.session)[0]
            #expect(try text == prompt + model.decode(plain(prompt, 14 - count)))
        }
    }
}

/// What transformers says of the bundled model; made by Golden/make_model_metrics.py.
private struct ModelGolden: Decodable {
    struct Case: Decodable {
        var prompt, subject, target: String
        var paraphrases, neighbors: [String]
        var neighbor_target: String
        var efficacy, paraphrase, neighborhood: Double
        var greedy: String
        var greedy_paraphrases: [String]
    }

    var new_tokens: Int
    var cases: [Case]

    static func load() throws -> ModelGolden {
        let file = try GoldenFile.url(
            "Tests/MethodTests/Golden/model_metrics.json", madeBy: "Tests/MethodTests/Golden/make_model_metrics.py")
        return try JSONDecoder().decode(ModelGolden.self, from: Data(contentsOf: file))
    }

    var editCases: [EditCase] {
        cases.enumerated().map { index, record in
            EditCase(
                index: index, id: "\(index)", prompt: record.prompt, subject: record.subject, targetNew: record.target,
                answer: " " + record.target + ".", paraphrasePrompts: record.paraphrases,
                neighborSamples: record.neighbors.map {
                    Neighbor(prompt: $0, subject: "", target: record.neighbor_target)
                })
        }
    }
}

@Suite("Evaluators against transformers on the bundled model")
struct ModelGoldenTests {
    private let golden: ModelGolden
    let session: TestSession

    init() throws {
        golden = try ModelGolden.load()
        try TestHost.install()
        session = try TestSession(LanguageModel(folder: Repository.world.appending(path: "model")))
    }

    @Test("zsRE scores are those of the protocol, token by token", arguments: [1, 8192])
    func zsre(tokenBudget: Int) throws {
        let evaluator = ZsRE()
        evaluator.tokenBudget = tokenBudget
        let scores = try evaluator.evaluate(golden.editCases, in: session.session)
        #expect(scores.count == 3 * golden.cases.count)
        for (index, record) in golden.cases.enumerated() {
            let own = scores.filter { $0.caseIndex == index }
            #expect(own.map(\.name) == ["efficacy_accuracy", "paraphrase_accuracy", "neighborhood_accuracy"])
            #expect(own.map(\.value) == [record.efficacy, record.paraphrase, record.neighborhood])
        }
        let metrics = try evaluator.summarize(scores)
        let groups: [KeyPath<ModelGolden.Case, Double>] = [\.efficacy, \.paraphrase, \.neighborhood]
        for (metric, group) in zip(metrics, groups) {
            let sum = golden.cases.reduce(0) { $0 + $1[keyPath: group] }
            #expect(abs(metric.value - 100 * sum / Double(golden.cases.count)) < 1e-9)
        }
        #expect(metrics.map(\.name).last == "score" && Set(metrics.map(\.protocol)).count == 1)
    }

    @Test("Greedy texts are those of generate, and are judged by them")
    func greedy() throws {
        let settings = ContinuationSettings(maxNewTokens: golden.new_tokens)
        let cases = golden.editCases
        let prompts = cases.map(\.filledPrompt) + cases.flatMap(\.paraphrasePrompts)
        let said = try settings.continuations(of: prompts, session.model, in: session.session)
        let expected = golden.cases.map(\.greedy) + golden.cases.flatMap(\.greedy_paraphrases)
        #expect(said.map(\.text) == expected)

        let generation = try GenerationMatch().evaluate(cases, in: session.session)
        let exact = ExactMatch()
        exact.settings.output = .greedy
        let match = try exact.evaluate(cases, in: session.session)
        for (index, record) in golden.cases.enumerated() {
            func value(_ scores: [Score], _ name: String) -> Double? {
                scores.first { $0.caseIndex == index && $0.name == name }?.value
            }
            let wanted = record.target.lowercased()
            // The model says the object, a full stop and no more.
            #expect(value(generation, "efficacy_match") == (record.greedy.lowercased() == " \(wanted)." ? 1 : 0))
            #expect(value(match, "answer_greedy_exact_match") == (record.greedy == " \(record.target)." ? 1 : 0))
            let contained = record.greedy_paraphrases.count { $0.lowercased().contains(wanted) }
            #expect(value(generation, "paraphrase_contained") == Double(contained) / 2)
            #expect(value(match, "answer_greedy_unfinished") == 0)
        }
    }
}

@Suite("Evaluators of answers")
struct AnswerEvaluatorTests {
    let session: TestSession
    init() throws { session = try TestSession(TinyModel.load()) }

    @Test("Teacher-forced counts are the arg-max in each place; nothing is put between prompt and answer")
    func forced() throws {
        let evaluator = ExactMatch()
        evaluator.settings.output = .forced
        evaluator.settings.countsEnd = true
        let cases = TinyCases.pairs(3)
        let scores = try evaluator.evaluate(cases, in: session.session)
        let model = try session.model
        for editCase in cases {
            let prompt = try model.encode(editCase.filledPrompt)
            let answer = try model.encode(editCase.answer) + [0]
            let pass = Forward(try TokenBatch([prompt + answer]))
            let choices = try #require(try model.forward(pass).logits)[0].argmax().scalars(as: Int.self)
            let wrong = answer.indices.count { choices[prompt.count - 1 + $0] != answer[$0] }
            func value(_ name: String) -> Double? {
                scores.first { $0.caseIndex == editCase.index && $0.name == "answer_forced_\(name)" }?.value
            }
            #expect(value("wrong_tokens") == Double(wrong))
            #expect(value("token_accuracy") == 1 - Double(wrong) / Double(answer.count))
            #expect(value("exact_match") == (wrong == 0 ? 1 : 0))
        }
        #expect(!scores.contains { $0.name.contains("greedy") })
    }

    @Test("The two protocols are metrics of their own, for prompt, paraphrases and neighbours")
    func protocols() throws {
        let evaluator = ExactMatch()
        evaluator.settings.continuation.maxNewTokens = 4
        let metrics = try evaluator.summarize(evaluator.evaluate(TinyCases.pairs(2), in: session.session))
        for metric in metrics {
            let expected = metric.name.contains("forced") ? "teacher-forced" : "greedy, at most 4 tokens"
            #expect(metric.protocol == expected && metric.n == 2)
        }
        for group in ["answer", "paraphrase", "neighborhood"] {
            let names = metrics.map(\.name).filter { $0.hasPrefix(group) }
            #expect(
                names
                    == [
                        "forced_exact_match", "greedy_exact_match", "forced_token_accuracy", "forced_wrong_tokens",
                        "greedy_unfinished",
                    ].map { "\(group)_\($0)" })
        }
    }

    @Test("An answer that exceeds the context is refused with a sentence")
    func tooLong() throws {
        var editCase = TinyCases.pairs(1)[0]
        editCase.answer = String(repeating: " Rome", count: 100)
        let evaluator = ROUGEEvaluator()
        #expect(throws: SutureError.self) { try evaluator.evaluate([editCase], in: session.session) }
    }

    @Test("Corpus BLEU comes from the counts of the cases, however these were cut into calls")
    func bleu() throws {
        let evaluator = BLEUEvaluator()
        evaluator.settings.continuation.maxNewTokens = 6
        evaluator.split = .none
        let cases = TinyCases.pairs(5)
        let whole = try evaluator.evaluate(cases, in: session.session)
        evaluator.settings.continuation.tokenBudget = 1
        let parts =
            try evaluator.evaluate(Array(cases[..<2]), in: session.session)
            + evaluator.evaluate(Array(cases[2...]), in: session.session)
        let (a, b) = (try evaluator.summarize(whole), try evaluator.summarize(parts))
        #expect(a.map(\.name) == b.map(\.name) && zip(a, b).allSatisfy { abs($0.value - $1.value) < scoreTolerance })
        #expect(a.count == 12 && a.allSatisfy { $0.protocol.hasPrefix("none words, ") })

        evaluator.settings.output = .greedy
        let said = try evaluator.settings.answers(to: cases, in: session.session).filter { $0.group == .paraphrase }
        var counts: [String: Double] = [:]
        for answer in said {
            let text = try #require(answer.continuation).text
            for part in BLEU(text.wordsBySpace, reference: answer.reference.wordsBySpace).parts {
                counts[part.name, default: 0] += part.value
            }
        }
        let expected = BLEU { counts[$0] ?? 0 }.score(usesEffectiveOrder: false)
        let metric = try #require(a.first { $0.name == "paraphrase_greedy_corpus_bleu" })
        #expect(abs(metric.value - expected) < scoreTolerance && metric.n == said.count)
    }

    @Test("ROUGE-L of the right answer is 100")
    func rouge() throws {
        var editCase = TinyCases.pairs(1)[0]
        let evaluator = ROUGEEvaluator()
        evaluator.settings.continuation.maxNewTokens = 8
        let said = try evaluator.settings.continuation.continuations(
            of: [editCase.filledPrompt], session.model, in: session.session)[0].text
        editCase.answer = said
        let scores = try evaluator.evaluate([editCase], in: session.session)
        let isWord = ROUGE.longestCommon(said, reference: said) > 0
        let score = try #require(scores.first { $0.name == "answer_greedy_rouge_l" })
        #expect(score.value == (isWord ? 1 : 0))
        let exact = try ExactMatch().evaluate([editCase], in: session.session)
        #expect(exact.contains { $0.name == "answer_greedy_exact_match" })
    }
}

@Suite("Side effects in what a model says")
struct SideEffectTests {
    let session: TestSession
    init() throws { session = try TestSession(TinyModel.load()) }

    @Test("An unchanged model says the same: 100 percent, no divergence; before an edit nothing is measured")
    func unchanged() throws {
        let evaluator = Similarity()
        evaluator.settings.maxNewTokens = 6
        session.stage = "before"
        #expect(try evaluator.evaluate(TinyCases.pairs(2), in: session.session).isEmpty)
        session.stage = "after"
        let metrics = try evaluator.summarize(evaluator.evaluate(TinyCases.pairs(2), in: session.session))
        #expect(metrics.map(\.name) == ["exact_match", "rouge_l", "sentence_bleu", "corpus_bleu", "divergence"])
        for metric in metrics.prefix(3) { #expect(metric.value == 100 && metric.n == 6) }
        #expect(abs(metrics[4].value) < 1e-6)
        #expect(try evaluator.summarize([]).isEmpty)
    }

    @Test("A changed model says something else, whatever the batches", arguments: PromptChoice.allCases)
    func changed(_ choice: PromptChoice) throws {
        try session.disturb()
        session.stage = "after"
        let evaluator = Similarity()
        evaluator.choice = choice
        evaluator.settings.maxNewTokens = 6
        let cases = TinyCases.pairs(3)
        let whole = try evaluator.evaluate(cases, in: session.session)
        evaluator.settings.tokenBudget = 1
        let parts =
            try evaluator.evaluate([cases[0]], in: session.session)
            + evaluator.evaluate(Array(cases[1...]), in: session.session)
        #expect(close(whole, parts))
        let metrics = try evaluator.summarize(whole)
        #expect(metrics[0].value < 100 && metrics[4].value > 1e-3)
        #expect(metrics[0].n == cases.reduce(0) { $0 + choice.prompts($1).count })
    }

    @Test("Divergence is the mean over the tokens that the original said")
    func divergence() throws {
        try session.disturb()
        session.stage = "after"
        let evaluator = Similarity()
        evaluator.choice = .prompt
        evaluator.settings.maxNewTokens = 5
        let editCase = TinyCases.pairs(1)[0]
        let metric = try #require(
            try evaluator.summarize(evaluator.evaluate([editCase], in: session.session)).last)
        let (original, edited) = (try session.session.original, try session.session.model)
        let prompt = try original.encode(editCase.filledPrompt)
        let said = try evaluator.settings.continuations(of: [editCase.filledPrompt], original, in: session.session)[0]
        var sum = 0.0
        for count in 0..<said.tokens.count {
            let pass = Forward(try TokenBatch([prompt + said.tokens[..<count]]), logits: .last)
            let p = try #require(try original.forward(pass).logits).logSoftmax()
            let q = try #require(try edited.forward(pass).logits).logSoftmax()
            sum += try p.klDivergence(to: q).scalars(as: Double.self)[0]
        }
        #expect(metric.n == said.tokens.count)
        #expect(abs(metric.value - sum / Double(said.tokens.count)) < scoreTolerance)
    }

    @Test("Unwanted tokens and texts are counted where the annotator marks them")
    func negatives() throws {
        let evaluator = Negatives()
        evaluator.annotator = ComponentReference(slot: "annotator")
        evaluator.settings.maxNewTokens = 8
        let cases = TinyCases.pairs(4)
        let model = try session.model
        let said = try evaluator.settings.continuations(of: cases.map(\.filledPrompt), model, in: session.session)
        let text = said[0].text
        let word = String(try #require(text.unicodeScalars.first { $0.isASCII && !$0.isSpace }))
        session.components["annotator"] = MarksWord(word: word)
        let scores = try evaluator.evaluate(cases, in: session.session)
        for (editCase, continuation) in zip(cases, said) {
            let tokens = try model.encode(continuation.text)
            let marked = try tokens.count { try model.decode([$0]).contains(word) }
            let own = scores.filter { $0.caseIndex == editCase.index }
            #expect(own.map(\.name) == ["marked_tokens", "marked_texts", "word_repeats"])
            #expect(abs(own[0].value * own[0].weight - Double(marked)) < 1e-9)
            #expect(own[0].weight == Double(tokens.count))
            #expect(own[1].value == (marked > 0 ? 1 : 0))
        }
        let metrics = try evaluator.summarize(scores)
        let total = scores.filter { $0.name == "marked_tokens" }
        let share = total.reduce(0) { $0 + $1.value * $1.weight } / total.reduce(0) { $0 + $1.weight }
        #expect(abs(metrics[0].value - 100 * share) < 1e-9 && share > 0)
        #expect(metrics.allSatisfy { $0.direction == .lowerIsBetter && $0.protocol == "greedy, at most 8 tokens" })
    }

    @Test("A word that repeats the one before it is counted")
    func repeats() {
        #expect(Negatives.repeats(in: "no no no, it is is\nis it") == 3)
        #expect(Negatives.repeats(in: "") == 0 && Negatives.repeats(in: "one") == 0)
    }

    @Test("Fluency is the mean entropy of sampled texts, the same however cases come together")
    func fluency() throws {
        let evaluator = Fluency()
        evaluator.sampling.length = 24
        let cases = TinyCases.pairs(3)
        let whole = try evaluator.evaluate(cases, in: session.session)
        evaluator.sampling.tokenBudget = 30
        let parts =
            try evaluator.evaluate([cases[0]], in: session.session)
            + evaluator.evaluate(Array(cases[1...]), in: session.session)
        #expect(whole == parts && whole.allSatisfy { $0.value > 0 })
        let texts = try evaluator.sampling.texts(cases[1].samplingPrompts, session.model, in: session.session)
        #expect(texts.count == 2)
        #expect(whole[1].value == texts.map { WordEntropy.fluency(WordEntropy.words($0)) }.reduce(0, +) / 2)
    }

    @Test("Consistency compares with the texts of a case or of its new object; others are left out")
    func consistency() throws {
        let folder = try ScratchFolder()
        let evaluator = Consistency()
        evaluator.sampling.length = 30
        let cases = TinyCases.pairs(3)
        let said = try evaluator.sampling.texts(cases[0].samplingPrompts, session.model, in: session.session)
        let references = [cases[0].id: said, cases[1].targetNew: ["nothing known"]]
        try JSONEncoder().encode(references).write(to: folder.url.appending(path: "references.json"))
        try (said.map { $0.replacing("\n", with: " ") } + ["The capital", "Mount"]).joined(separator: "\n")
            .write(to: folder.url.appending(path: "corpus.txt"), atomically: true, encoding: .utf8)
        evaluator.references = FilePath(folder.url.appending(path: "references.json").path)
        evaluator.corpus = FilePath(folder.url.appending(path: "corpus.txt").path)
        let scores = try evaluator.evaluate(cases, in: session.session)
        #expect(scores.map(\.caseIndex) == [0, 1])
        #expect(abs(scores[0].value - 1) < 1e-9 && scores[1].value == 0)

        let broken = Consistency()
        broken.references = try #require(evaluator.corpus)
        broken.corpus = evaluator.corpus
        #expect(throws: SutureError.self) { try broken.evaluate(cases, in: session.session) }
    }
}

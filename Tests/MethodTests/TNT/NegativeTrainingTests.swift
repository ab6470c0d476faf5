// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import TNT

/// Marks every occurrence of a text.
private struct FindText: Annotator {
    static let descriptor = ComponentDescriptor(id: "find-text", summary: "For tests.")
    var wanted = ""

    func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] {
        texts.map { text in
            let bytes = Array(text.text.utf8)
            let wanted = Array(wanted.utf8)
            return bytes.indices.filter { bytes[$0...].starts(with: wanted) }.map { $0..<$0 + wanted.count }
        }
    }
}

@Suite("Negative training of a tiny model")
struct NegativeTrainingTests {
    private let session: TestSession
    private let cases = TinyCases.make(8)

    init() throws { session = try TestSession(TinyModel.load()) }

    /// Settings with which the tiny model learns within a second, and an annotator that marks what it says most.
    private func prepare<Method: NegativePatcher>(_ method: Method, rounds: Int = 1) throws -> Method {
        method.texts.annotator = ComponentReference(slot: "annotator")
        method.texts.maxNewTokens = 8
        method.training.learningRate = 6e-3
        method.training.steps = 30
        method.training.batchSize = 8
        method.marks.alpha = 10
        method.rounds.count = rounds
        session.components["annotator"] = FindText(wanted: try mostSaid())
        return method
    }

    /// What the model says unmarked and unasked.
    private func responses(of model: Model) throws -> [(prompt: [Int], response: [Int])] {
        let prompts = try TextSettings.prompts(of: cases).map { try model.encode($0) }
        return Array(zip(prompts, try model.generate(prompts, Model.Generation(maxNewTokens: 8))))
    }

    /// The word or letter that occurs in more answers than any other, of those that do not occur in all of them.
    private func mostSaid() throws -> String {
        let model = try session.session.original
        var counts: [Int: Int] = [:]
        for (_, response) in try responses(of: model) { for token in response { counts[token, default: 0] += 1 } }
        let ranked = counts.sorted { ($0.value, $0.key) > ($1.value, $1.key) }
        for (token, _) in ranked {
            let text = try model.decode([token])
            if !text.isEmpty, !text.contains("\u{FFFD}") { return text }
        }
        throw SutureError(.notFound, "the tiny model says nothing")
    }

    /// Over the original's own answers: the mean probability of marked tokens, KL(original ‖ edited) at the others.
    private func behaviour(
        of model: Model, _ method: some NegativePatcher
    ) throws -> (marked: Double, drift: Double) {
        let original = try session.session.original
        let sequences = try method.texts.sequences(for: cases, on: original, seed: 0, in: session.session)
        var (marked, drift, markedCount, keptCount) = (0.0, 0.0, 0, 0)
        for sequence in sequences {
            let reads = sequence.reads(row: 0)
            let p = try original.logits(of: [sequence.tokens], at: reads).logSoftmax()
            let q = try model.logits(of: [sequence.tokens], at: reads).logSoftmax()
            let drifts = try p.klDivergence(to: q).scalars(as: Double.self)
            for (i, weight) in sequence.weights.enumerated() {
                if weight < 0 {
                    marked += try q[i][sequence.response[i]].exp().item()
                    markedCount += 1
                } else {
                    drift += drifts[i]
                    keptCount += 1
                }
            }
        }
        return (marked / Double(markedCount), drift / Double(keptCount))
    }

    /// What a method finds in a run of its own.
    private func patch(by method: some NegativePatcher) throws -> Patch {
        session.store = [:]
        return try method.patch(cases, at: [], in: session.session)
    }

    private func edited(by method: some NegativePatcher) throws -> Model {
        try session.session.model.applying(patch(by: method))
    }

    @Test("Every variant takes marked tokens away", arguments: Variant.allCases)
    func variants(variant: Variant) throws {
        let method = try prepare(TNT())
        method.variant = variant
        let before = try behaviour(of: session.session.original, method).marked
        let after = try behaviour(of: edited(by: method), method).marked
        #expect(after < 0.1 * before)
    }

    @Test("So do training by adafactor, marking whole texts, and merging samples")
    func settings() throws {
        let before = try behaviour(of: session.session.original, prepare(TNT())).marked
        let adafactor = try prepare(TNT())
        adafactor.training.optimizer = .adafactor
        adafactor.training.learningRate = 3e-2
        adafactor.training.steps = 60
        #expect(try behaviour(of: edited(by: adafactor), adafactor).marked < 0.1 * before)

        let whole = try prepare(TNT())
        whole.texts.mark = .full
        let sequences = try whole.texts.sequences(
            for: cases, on: session.session.original, seed: 0, in: session.session)
        #expect(sequences.contains { $0.hasMarks })
        #expect(sequences.allSatisfy { Set($0.weights).count == 1 })

        let merging = try prepare(TNT())
        merging.mergesSamples = true
        #expect(try behaviour(of: edited(by: merging), merging).marked < 0.1 * before)
    }

    @Test("What several samples show to be unwanted after the same tokens is one target")
    func merging() throws {
        let a = TrainingSequence(prompt: [1], response: [5, 6, 7], weights: [1, -1, 1])
        let b = TrainingSequence(prompt: [1], response: [5, 8], weights: [1, -1])
        let c = TrainingSequence(prompt: [1], response: [5, 9], weights: [1, 1])
        let d = TrainingSequence(prompt: [1, 5], response: [6], weights: [1])
        let merged = [a, b, c, d].merged()
        #expect(merged.map(\.unwanted) == [[[], [6, 8], []], [[], [6, 8]], [[], [6, 8]], [[]]])
        #expect(merged.map(\.weights) == [[1, -1, 1], [1, -1], [1, -1], [1]])

        let loss = Variant.forwardForward.loss(alpha: 1, epsilon: 1e-6)
        let logits = try Tensor([0.3, -1, 2, 0.1, 0.7, 1, 1.5, -0.5, 0, 0.2] as [Float], shape: [2, 5])
        let q = try loss.targets(logits, tokens: [[2, 4], [0]], weights: [-1, -1]).values
        let p = try logits.softmax()
        #expect(try q[0][2].item() == 0 && q[0][4].item() == 0 && q[1][0].item() == 0)
        #expect(try abs(q[0].sum().item() - 1) < 1e-6 && abs(try q[1].sum().item() - 1) < 1e-6)
        #expect(try abs(q[0][0].item() / q[0][1].item() - p[0][0].item() / p[0][1].item()) < 1e-5)
        let smooth = Variant.reverseReverse.loss(alpha: 1, epsilon: 1e-6)
        let logQ = try smooth.targets(logits, tokens: [[2, 4], [0]], weights: [-1, -1]).values
        #expect(try logQ[0][2].item() < -13 && logQ[0][4].item() < -13 && logQ[0][0].item() > -3)
    }

    @Test("Corrective training makes the model say the answers; with diff, only tokens that differ count")
    func corrective() throws {
        let model = try session.model
        var cases: [EditCase] = []
        for (place, text) in [("The capital of", " Rome is"), ("Mount Etna", " lies in")].enumerated() {
            cases.append(EditCase(index: place, id: "\(place)", prompt: text.0, answer: text.1))
        }
        let method = Corrective()
        method.training.learningRate = 1e-2
        method.training.steps = 60
        let edited = try model.applying(method.patch(cases, at: [], in: session.session))
        for editCase in cases {
            let answer = try model.tokens(of: editCase.prompt, followedBy: editCase.answer)
            #expect(
                try edited.generate([answer.prompt], Model.Generation(maxNewTokens: answer.following.count))[0]
                    == answer.following)
        }
        #expect(session.scores.contains { $0.name == "last_loss" })

        for (tokens, isSame) in [(Corrective.Tokens.full, true), (.diff, false), (.first, false)] {
            method.tokens = tokens
            for (editCase, sequence) in zip(cases, try method.sequences(cases, model, in: session.session)) {
                let answer = try model.tokens(of: editCase.prompt, followedBy: editCase.answer)
                let said = try model.generate([answer.prompt], Model.Generation(maxNewTokens: sequence.response.count))[
                    0]
                let differing = sequence.response.indices.filter {
                    $0 >= said.count || said[$0] != sequence.response[$0]
                }
                let counted =
                    isSame
                    ? Array(sequence.response.indices) : tokens == .first ? Array(differing.prefix(1)) : differing
                #expect(sequence.weights.indices.filter { sequence.weights[$0] == 1 } == counted)
            }
        }
        method.endsText = true
        #expect(try method.sequences(cases, model, in: session.session)[0].response.last == model.info.endToken)
    }

    @Test("TNFF leaves the rest closer to the original than unlikelihood and negative likelihood do")
    func closeness() throws {
        let tnt = try prepare(TNT())
        let (marked, drift) = try behaviour(of: edited(by: tnt), tnt)
        for keepsRest in [false, true] {
            let unlikelihood = try prepare(Unlikelihood())
            unlikelihood.keepsRest = keepsRest
            let negative = try prepare(NegativeLikelihood())
            negative.keepsRest = keepsRest
            for model in try [edited(by: unlikelihood), edited(by: negative)] {
                #expect(try behaviour(of: model, tnt).drift > 10 * drift)
            }
        }
        #expect(try marked < 0.1 * behaviour(of: session.session.original, tnt).marked)
    }

    @Test("The teacher is bit for bit what it was")
    func teacher() throws {
        let method = try prepare(TNT())
        let names = try session.session.model.parameterNames
        let before = try names.map { try session.session.model.parameter($0).bytes() }
        let patch = try method.patch(cases, at: [], in: session.session)
        #expect(!patch.deltas.isEmpty)
        let after = try names.map { try session.session.model.parameter($0).bytes() }
        #expect(after == before)
    }

    /// How far apart the predictions of two patched models are, over how far the first moved.
    ///
    /// Not the weights themselves: where a gradient is rounding alone, AdamW makes whole steps of it.
    private func difference(_ a: Patch, _ b: Patch) throws -> Double {
        let original = try session.session.original
        let rows = try responses(of: original).map { $0.prompt + $0.response }
        func predictions(_ patch: Patch) throws -> Tensor {
            let ends = rows.indices.map { TokenIndex(row: $0, position: rows[$0].count - 1) }
            return try original.applying(patch).logits(of: rows, at: ends).logSoftmax()
        }
        let first = try predictions(a)
        return try distance(first, predictions(b)) / distance(first, predictions(Patch()))
    }

    @Test(
        "Neither the token budget nor the teacher's memory changes the result",
        arguments: [Variant.forwardForward, .reverseLikelihood])
    func budgets(variant: Variant) throws {
        func run(_ change: (TNT) -> Void) throws -> Patch {
            let method = try prepare(TNT())
            method.variant = variant
            method.training.steps = 10
            change(method)
            return try patch(by: method)
        }
        let whole = try run { _ in }
        #expect(try difference(whole, run { $0.training.tokenBudget = 1 }) < 1e-2)
        #expect(try difference(whole, run { $0.rounds.teacherMemory = 0 }) < 1e-2)
        #expect(try difference(whole, run { _ in }) == 0)
    }

    @Test("Only the chosen parameters change, in every family", arguments: TinyModel.Family.allCases)
    func chosenParameters(family: TinyModel.Family) throws {
        let session = try TestSession(TinyModel.load(family))
        let model = try session.session.original
        let all = try model.parameterNames
        #expect(try model.parameterNames(matching: ["all"]) == all)
        let method = try prepare(TNT())
        session.components = ["annotator": FindText(wanted: "")]
        method.training.steps = 2
        method.training.parameters = ["mlp"]
        let found = try responses(of: model).flatMap(\.response)
        session.components = ["annotator": FindText(wanted: try model.decode([try #require(found.first)]))]
        let patch = try method.patch(cases, at: [], in: session.session)
        let expected = all.filter { $0.contains(".mlp.") }
        #expect(patch.deltas.map(\.parameter) == expected)
        #expect(expected.count == TinyModel.layerCount * (family == .llama ? 3 : 4))
    }

    @Test("Sequences with marks are repeated where they are few")
    func oversampling() {
        func sequences(marked: Int, of count: Int) -> [TrainingSequence] {
            (0..<count).map { TrainingSequence(prompt: [1], response: [$0], weights: [$0 < marked ? -1 : 1]) }
        }
        let few = sequences(marked: 3, of: 100).epoch(oversamplingBelow: 0.05, to: 0.2)
        let share = Double(few.count { $0 < 3 }) / Double(few.count)
        #expect(abs(share - 0.2) < 0.01)
        #expect(Set(few).count == 100)
        #expect(sequences(marked: 5, of: 100).epoch(oversamplingBelow: 0.05, to: 0.2).count == 100)
        #expect(sequences(marked: 0, of: 100).epoch(oversamplingBelow: 0.05, to: 0.2).count == 100)
    }

    @Test("Sequences survive being kept as numbers, and numbers that are cut off are refused")
    func packing() throws {
        let sequences = [
            TrainingSequence(prompt: [4, 5], response: [6], weights: [-1]),
            TrainingSequence(prompt: [7], response: [8, 9, 0], weights: [1, -1, 1]),
        ]
        #expect(try [TrainingSequence](packed: sequences.packed) == sequences)
        #expect(throws: SutureError.self) { try [TrainingSequence](packed: sequences.packed.dropLast()) }
    }

    // MARK: Texts

    @Test("Given texts are trained on with their marks, and nothing is sampled")
    func given() throws {
        let method = TNT()
        var editCase = cases[0]
        editCase.generations = [
            MarkedText(prompt: "The tower", text: " is Paris in Rome", marks: [4..<9]),
            MarkedText(text: " lies in Rome", marks: []),
        ]
        let model = try session.model
        let sequences = try method.texts.sequences(for: [editCase], on: model, seed: 0, in: session.session)
        let (prompt, response) = try (model.encode("The tower"), model.encode(" is Paris in Rome"))
        #expect(sequences[0].prompt == prompt)
        #expect(sequences[0].response == response)
        #expect(sequences[0].weights == [1, -1, 1, 1])
        // A text without a prompt starts after the token where texts begin.
        #expect(sequences[1].prompt == [0])
        #expect(sequences[1].weights == [1, 1, 1])
    }

    @Test("What is sampled is trained on as it was sampled, the end of the text never marked")
    func sampled() throws {
        let method = try prepare(TNT())
        let model = try session.model
        let sequences = try method.texts.sequences(for: cases, on: model, seed: 0, in: session.session)
        let expected = try responses(of: model)
        #expect(sequences.map(\.prompt) == expected.map(\.prompt))
        #expect(sequences.map(\.response) == expected.map(\.response))
        let marked = sequences.filter(\.hasMarks)
        #expect(!marked.isEmpty)
        for sequence in sequences {
            for (token, weight) in zip(sequence.response, sequence.weights) where token == 0 { #expect(weight == 1) }
        }
    }

    @Test("The first token alone is marked on request")
    func firstOnly() throws {
        let method = try prepare(TNT())
        let model = try session.model
        let count = { (sequences: [TrainingSequence]) in sequences.reduce(0) { $0 + $1.weights.count { $0 < 0 } } }
        let text = try #require(
            try method.texts.sequences(for: cases, on: model, seed: 0, in: session.session).first)
        session.components["annotator"] = FindText(wanted: try model.decode(text.response))
        let all = try count(method.texts.sequences(for: cases, on: model, seed: 0, in: session.session))
        method.texts.mark = .first
        let first = try count(method.texts.sequences(for: cases, on: model, seed: 0, in: session.session))
        #expect(first > 0)
        #expect(all > first)
    }

    // MARK: Rounds

    @Test("A second round trains on what the first one left, keeps its removals, and both are reported")
    func rounds() throws {
        let method = try prepare(TNT(), rounds: 2)
        let patch = try method.patch(cases, at: [], in: session.session)
        #expect(session.reports.map(\.stage).first == "round-1")
        let one = try session.session.model.applying(try #require(session.reports.first).patch)
        let two = try session.session.model.applying(patch)
        let before = try behaviour(of: session.session.original, method).marked
        #expect(try behaviour(of: one, method).marked < 0.1 * before)
        #expect(try behaviour(of: two, method).marked < 0.1 * before)
    }

    @Test("A run that is killed in its second round ends with the same numbers")
    func resume() throws {
        let whole = try TestSession(TinyModel.load())
        let method = try prepare(TNT(), rounds: 2)
        method.training.steps = 12
        // The first round leaves something to the second.
        method.training.learningRate = 1e-4
        whole.components = session.components
        let expected = try method.patch(cases, at: [], in: whole.session)
        #expect(whole.reports.map(\.stage) == ["round-1", "round-2"])

        let phases = whole.phases.count
        #expect(phases > 0)
        session.stepsLeft = 30
        #expect(throws: SutureError.self) { try method.patch(cases, at: [], in: session.session) }
        #expect(session.store["round-1/figures"] != nil)
        #expect(session.store["round-2/figures"] == nil)
        session.stepsLeft = nil
        let resumed = try method.patch(cases, at: [], in: session.session)
        #expect(try difference(expected, resumed) == 0)
    }

    // MARK: The choice of a step

    @Test("Fewer marks win among the steps that are close enough, and the earlier of equals")
    func preference() {
        let settings = SelectionSettings()
        settings.bleuFloor = 60
        let selection = Selection(settings: settings, original: []) { _ in [] }
        func verdict(_ marked: Int, _ bleu: Double) -> Selection.Verdict {
            Selection.Verdict(markedTokens: marked, bleu: bleu)
        }
        #expect(selection.prefers(verdict(5, 60), to: nil))
        #expect(!selection.prefers(verdict(0, 59), to: nil))
        #expect(selection.prefers(verdict(4, 70), to: verdict(5, 90)))
        #expect(!selection.prefers(verdict(5, 95), to: verdict(5, 90)))
        #expect(settings.heldOut(of: 10).isEmpty)
        settings.share = 0.3
        #expect(settings.heldOut(of: 10) == [0, 3, 6])
    }

    @Test("Training that goes too far ends with an earlier step")
    func chosenStep() throws {
        let method = try prepare(Unlikelihood())
        method.keepsRest = false
        method.selection.share = 0.25
        method.selection.interval = 1
        method.selection.bleuFloor = 0
        _ = try method.patch(cases, at: [], in: session.session)
        let scores = Dictionary(session.scores.map { ($0.name, $0.value) }) { $1 }
        #expect(scores["sequences"] == 6)
        #expect(try #require(scores["steps"]) < 30)
    }

    @Test("BLEU over tokens is 100 for equal answers, 0 for others, and punishes what is left out")
    func tokenBLEU() {
        let references = [[1, 2, 3, 4, 5], [6, 7, 8, 9]]
        #expect(abs(TokenBLEU.percent(of: references, against: references) - 100) < 1e-9)
        #expect(TokenBLEU.percent(of: [[9, 9, 9, 9], [1, 1, 1, 1]], against: references) == 0)
        // Precisions 6/6, 4/4, 2/2, 1/1 (a text of two tokens has no trigram); length 6 of 9.
        let short = TokenBLEU.percent(of: [[1, 2, 3, 4], [6, 7]], against: references)
        #expect(abs(short - 100 * exponential(1 - 9.0 / 6)) < 1e-9)
        // Precisions 4/5, 2/4, 1/3, 0 of two: no common run of four.
        #expect(TokenBLEU.percent(of: [[1, 2, 3, 0, 5]], against: [[1, 2, 3, 4, 5]]) == 0)
        // Answers of two tokens have no longer grams: precisions 3/4 and 1/2.
        let pair = TokenBLEU.percent(of: [[1, 2], [3, 5]], against: [[1, 2], [3, 4]])
        #expect(abs(pair - 100 * (0.75 * 0.5).squareRoot()) < 1e-9)
    }

    // MARK: Figures and refusals

    @Test("What training came to is recorded")
    func figures() throws {
        let method = try prepare(TNT())
        method.training.steps = 20
        _ = try method.patch(cases, at: [], in: session.session)
        let scores = Dictionary(session.scores.map { ($0.name, $0.value) }) { $1 }
        #expect(scores["steps"] == 20)
        #expect(scores["sequences"] == 8)
        let (marked, first, last) = try (
            #require(scores["marked_tokens"]), #require(scores["first_loss"]), #require(scores["last_loss"])
        )
        #expect(marked > 0)
        #expect(last < first)
        #expect(session.phases.contains("train"))
    }

    @Test("Texts without anything unwanted are refused with a sentence")
    func nothingUnwanted() throws {
        let method = try prepare(TNT())
        session.components["annotator"] = FindText(wanted: "never said")
        #expect(throws: SutureError.self) { try method.patch(cases, at: [], in: session.session) }
    }

    @Test("Settings that contradict each other are refused before the model is loaded")
    func contradictions() {
        let changes: [(TNT) -> Void] = [
            { $0.texts.source = .sampled }, { $0.texts.sampleCount = 2 }, { $0.training.betas = [0.9] },
            { $0.training.parameters = [] }, { $0.rounds.count = 2 },
            { $0.selection.share = 0.2 },
        ]
        for change in changes {
            let method = TNT()
            change(method)
            #expect(throws: SutureError.self) { try method.validate() }
        }
        #expect(throws: Never.self) { try TNT().validate() }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Training

/// Where the texts come from that are trained on, and who says what is unwanted in them.
struct TextSettings: ParameterSet {
    @Parameter(
        "annotator", kind: .annotator, needs: .prompt, needsOtherwise: .generations,
        help: "The annotator that marks what is unwanted. Without: the data set's marked generations.")
    var annotator: ComponentReference?

    /// Which texts are trained on.
    enum Source: String, ParameterChoice { case sampled, given }

    /// Which tokens of an unwanted part are marked.
    enum Mark: String, ParameterChoice { case word, first, full }

    @Parameter(
        "generations",
        help:
            "Train on what the model says, or on the data set's texts. If not given, sampled if there is an annotator.")
    var source: Source?

    @Parameter(
        "mark",
        help:
            "Mark every token that an unwanted part touches (word), its first token (first), or the whole text (full).")
    var mark = Mark.word

    @Parameter("max_new_tokens", in: .positive, unit: "tokens", help: "The largest length of a sampled text.")
    var maxNewTokens = 32

    @Parameter("temperature", in: .nonNegative, help: "The temperature of sampling; 0: greedy.")
    var temperature = 0.0

    @Parameter("top_k", in: .nonNegative, help: "Sample from this many of the likeliest tokens; 0: from all.")
    var topK = 0

    @Parameter("top_p", in: .closed(0...1), help: "Sample from the fewest tokens that have this probability together.")
    var topP = 1.0

    @Parameter("samples", in: .positive, unit: "texts", help: "Texts for each prompt; several need a temperature.")
    var sampleCount = 1

    var isSampled: Bool { source.map { $0 == .sampled } ?? (annotator != nil) }

    func validate() throws(SutureError) {
        guard !isSampled || annotator != nil else {
            throw SutureError(
                .invalidArgument, "sampled generations need an annotator that marks what is unwanted in them",
                hint: "name one under annotator, or set generations: given")
        }
        guard sampleCount == 1 || temperature > 0 else {
            throw SutureError(
                .invalidArgument, "\(sampleCount) samples for each prompt would be the same text",
                hint: "set a temperature")
        }
    }

    /// What a model says after the cases' prompts, or the cases' own texts, with marks.
    ///
    /// - Parameter seed: of sampling.
    func sequences(
        for cases: [EditCase], on model: Model, seed: Int, in session: Session
    ) throws -> [TrainingSequence] {
        isSampled
            ? try sequences(after: TextSettings.prompts(of: cases), on: model, seed: seed, in: session)
            : try marked(given(cases, on: model), in: session)
    }

    /// What a model says after prompts, with marks; ``sampleCount`` texts for each prompt.
    func sequences(
        after prompts: [String], on model: Model, seed: Int, in session: Session
    ) throws -> [TrainingSequence] {
        try marked(sampled(prompts, on: model, seed: seed, in: session), in: session)
    }

    private func marked(_ texts: [Text], in session: Session) throws -> [TrainingSequence] {
        guard !texts.isEmpty else {
            throw SutureError(
                .failedPrecondition, "the cases have no text to train on",
                hint: "give cases with prompts, or with marked generations")
        }
        var marks = texts.map(\.marked.marks)
        if let annotator {
            try session.progress("annotate")
            marks = try session.annotate(texts.map(\.marked), with: annotator)
        }
        return zip(texts, marks).map { text, marks in
            let marked = text.decoded.tokens(in: marks, firstOnly: mark == .first)
            let isWhole = mark == .full && !marked.isEmpty
            return TrainingSequence(
                prompt: text.prompt, response: text.response,
                weights: text.response.indices.map { isWhole || marked.contains($0) ? -1 : 1 })
        }
    }

    /// A text as tokens and as bytes.
    private struct Text {
        var prompt: [Int]
        var response: [Int]
        var decoded: TokenText
        var marked: MarkedText
    }

    private func sampled(_ prompts: [String], on model: Model, seed: Int, in session: Session) throws -> [Text] {
        let rows = try prompts.flatMap { prompt in
            [[Int]](repeating: try model.start(prompt), count: sampleCount)
        }
        let generation = Model.Generation(
            maxNewTokens: maxNewTokens, temperature: temperature, topK: topK, topP: topP, seed: seed)
        let responses = try model.spoken(after: rows, generation) { try session.progress("sample", $0, of: rows.count) }
        return try zip(rows, responses).enumerated().map { place, pair in
            let (row, response) = pair
            let decoded = try TokenText(response, after: row, model)
            return Text(
                prompt: row, response: response, decoded: decoded,
                marked: MarkedText(prompt: prompts[place / sampleCount], text: decoded.text))
        }
    }

    /// The texts that cases bring along. They have no ids, so here text is tokenised, directly after its prompt.
    private func given(_ cases: [EditCase], on model: Model) throws -> [Text] {
        try cases.flatMap { editCase in
            try editCase.generations.map { marked in
                let prompt = try model.start(marked.prompt)
                let response = try model.tokens(of: marked.prompt, followedBy: marked.text).following
                let decoded = try TokenText(response, after: prompt, model)
                guard decoded.text.utf8.elementsEqual(marked.text.utf8), !response.isEmpty else {
                    throw SutureError(
                        .invalidArgument,
                        "case \(editCase.id): the model's tokens spell the generation \"\(marked.text)\" as "
                            + "\"\(decoded.text)\", so that its marks cannot be placed",
                        hint: "give the text as the model wrote it")
                }
                return Text(prompt: prompt, response: response, decoded: decoded, marked: marked)
            }
        }
    }

    /// Every prompt of the cases once, in their order, with the subject filled in.
    static func prompts(of cases: [EditCase]) -> [String] {
        var seen: Set<String> = []
        return cases.flatMap { editCase in
            [editCase.filledPrompt] + editCase.generationPrompts
        }.filter { !$0.isEmpty && seen.insert($0).inserted }
    }
}

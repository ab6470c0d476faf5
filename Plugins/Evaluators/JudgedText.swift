// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a judge says of the texts that a model gives after the prompt of each case, and after its paraphrases.
struct JudgedText: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "judged", summary: "What a judge says of the model's own text after each prompt.", requires: [.prompt])

    @Parameter("judge", kind: .judge, help: "The judge of the texts.")
    var judge: ComponentReference

    let continuation = ContinuationSettings(maxNewTokens: 64, stops: ["\n"])

    func validate() throws { try continuation.validate() }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let prompts = cases.flatMap { item in
            ([item.filledPrompt] + item.paraphrasePrompts).enumerated().map { place, prompt in
                (name: place == 0 ? "prompt" : "paraphrase", index: item.index, text: prompt)
            }
        }
        guard !prompts.isEmpty else { return [] }
        let said = try continuation.continuations(of: prompts.map(\.text), try session.model, in: session)
        let judgements = try session.judge(
            zip(prompts, said).map { MarkedText(prompt: $0.text, text: $1.text) }, with: judge)
        return zip(prompts, judgements).map { Score($0.name, $1, caseIndex: $0.index) }
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        ["prompt", "paraphrase"].compactMap { name in
            Metric.mean(
                of: name, in: scores, unit: "judgement", direction: .higherIsBetter, protocol: continuation.protocolName
            )
        }
    }
}

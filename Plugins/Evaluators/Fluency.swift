// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether the model still writes varied text: the entropy of the n-grams of random continuations (ROME's generation
/// entropy, Meng et al. 2022, §3.4), mean over texts, then over cases, times 100. Repetition lowers it.
///
/// Words are cut by rules of our own (``WordEntropy/words(_:)``), not by NLTK; compare values of one program alone.
struct Fluency: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "fluency", summary: "How varied the words of random continuations are.", requires: .prompt)

    let sampling = SamplingSettings()

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let texts = try sampling.texts(cases.flatMap(\.samplingPrompts), try session.model, in: session)
        return zip(cases, texts.slices(ofCounts: cases.map(\.samplingPrompts.count))).map { editCase, texts in
            Score("ngram_entropy", texts.map(WordEntropy.fluency).mean() ?? 0, caseIndex: editCase.index)
        }
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        Metric.mean(
            of: "ngram_entropy", in: scores, times: 100, unit: "bits / 100", direction: .higherIsBetter,
            protocol: sampling.protocolName
        ).map { [$0] } ?? []
    }
}

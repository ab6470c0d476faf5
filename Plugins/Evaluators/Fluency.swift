// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether the model still writes varied text: the entropy of the n-grams of random continuations (ROME's generation
/// entropy, Meng et al. 2022, §3.4), mean over texts, then over cases, times 100. Repetition lowers it.
///
/// The authors count the words of `nltk.word_tokenize`, which `words: nltk` gives. Compare values of the same words alone.
package struct Fluency: Evaluator {
    package static let descriptor = ComponentDescriptor(
        id: "fluency", summary: "How varied the words of random continuations are.", requires: .prompt)

    @Parameter(
        "words",
        help: """
            How a text is cut into words: plain (rules of our own), nltk (nltk.word_tokenize, as published; needs `punkt`), \
            nltk-preserve-line (the same with preserve_line, without sentences).
            """)
    package var words = FluencyWords.plain

    @Parameter("punkt", help: "Folder of a language in NLTK's data package punkt_tab, such as punkt_tab/english.")
    package var punkt: FolderPath?

    let sampling = SamplingSettings()

    private let kept = KeptValue<PunktSentences>()

    package init() {}

    package func validate() throws { _ = try sentences() }

    package func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let sentences = try sentences()
        let texts = try sampling.texts(cases.flatMap(\.samplingPrompts), try session.model, in: session)
        return zip(cases, texts.slices(ofCounts: cases.map(\.samplingPrompts.count))).map { editCase, texts in
            let entropies = texts.map { WordEntropy.fluency(words.words($0, sentences)) }
            return Score("ngram_entropy", entropies.mean() ?? 0, caseIndex: editCase.index)
        }
    }

    package func summarize(_ scores: [Score]) throws -> [Metric] {
        Metric.mean(
            of: "ngram_entropy", in: scores, times: 100, unit: "bits / 100", direction: .higherIsBetter,
            protocol: "\(words.protocolName), \(sampling.protocolName)"
        ).map { [$0] } ?? []
    }

    /// What finds sentences; nil where the words do not need it.
    private func sentences() throws(SutureError) -> PunktSentences? {
        switch (words, punkt) {
        case (.nltk, let punkt?):
            return try kept.get { () throws(SutureError) in PunktSentences(try PunktParameters(punkt)) }
        case (.nltk, nil):
            throw SutureError(
                .invalidArgument, "words: nltk needs sentences, and punkt is not given",
                hint:
                    "give the folder punkt_tab/english of NLTK's data, or set words: nltk-preserve-line, another metric"
            )
        case (_, _?):
            throw SutureError(
                .invalidArgument, "punkt is read by words: nltk alone, and words is \(words.choice)",
                hint: "set words: nltk, or leave punkt out")
        case (_, nil): return nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether the model writes about the new object as others do: the TF-IDF cosine of random continuations with reference
/// texts (ROME's reference score, Meng et al. 2022, §3.4), mean over cases, in percent.
///
/// The weights of terms come from a corpus of the user's, or from the files of a vectorizer that was fitted elsewhere, such
/// as the authors' from Wikipedia. The scale depends on them. A case without reference texts is left out.
package struct Consistency: Evaluator {
    package static let descriptor = ComponentDescriptor(
        id: "consistency", summary: "How much random continuations resemble reference texts.", requires: .prompt)

    @Parameter(
        "references",
        help: """
            JSON: lists of texts, by the data set's name of a case, or by the new object; in place of a list, the name of another.
            """)
    package var references: FilePath

    @Parameter("corpus", help: "UTF-8 text, one text per line, which says how rare terms are.")
    package var corpus: FilePath?

    @Parameter(
        "idf", help: "In place of `corpus`: NumPy file (.npy), a vector of weights of terms. Needs `vocabulary`.")
    package var idf: FilePath?

    @Parameter("vocabulary", help: "JSON object: the place of each term in `idf`.")
    package var vocabulary: FilePath?

    let sampling = SamplingSettings()

    private let keptTexts = KeptValue<ReferenceTexts>()
    private let keptWeights = KeptValue<TermWeights>()

    package init() {}

    /// The corpus may be large, so it is only opened.
    package func validate() throws {
        let source = try source()
        _ = try texts()
        switch source {
        case .corpus(let corpus): _ = try corpus.lines(limit: 1)
        case .vectorizer: _ = try weights()
        }
    }

    package func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let (texts, weights) = (try texts(), try weights())
        let judged = cases.compactMap { editCase in texts[editCase].map { (editCase: editCase, texts: $0) } }
        let said = try sampling.texts(judged.flatMap(\.editCase.samplingPrompts), try session.model, in: session)
        return zip(judged, said.slices(ofCounts: judged.map(\.editCase.samplingPrompts.count))).map { judged, said in
            let cosine = weights.cosine(said.joined(separator: " "), judged.texts.joined(separator: " "))
            return Score("reference_score", cosine, caseIndex: judged.editCase.index)
        }
    }

    package func summarize(_ scores: [Score]) throws -> [Metric] {
        let weights =
            switch try source() {
            case .corpus: "weights of a corpus"
            case .vectorizer: "given weights"
            }
        return Metric.mean(
            of: "reference_score", in: scores, times: 100, unit: "percent", direction: .higherIsBetter,
            protocol: "\(weights), \(sampling.protocolName)"
        ).map { [$0] } ?? []
    }

    // MARK: What the files hold

    private enum Source {
        case corpus(FilePath)
        case vectorizer(idf: FilePath, vocabulary: FilePath)
    }

    private func source() throws(SutureError) -> Source {
        switch (corpus, idf, vocabulary) {
        case (let corpus?, nil, nil): return .corpus(corpus)
        case (nil, let idf?, let vocabulary?): return .vectorizer(idf: idf, vocabulary: vocabulary)
        default:
            let given = [("corpus", corpus), ("idf", idf), ("vocabulary", vocabulary)].filter { $0.1 != nil }.map(\.0)
            throw SutureError(
                .invalidArgument,
                "the weights of terms come from corpus, or from idf and vocabulary together, and "
                    + (given.isEmpty
                        ? "none of them is given"
                        : "\(given.joined(separator: " and ")) \(given.count > 1 ? "are" : "is") given"),
                hint: "give corpus alone, or idf and vocabulary without it")
        }
    }

    private func texts() throws(SutureError) -> ReferenceTexts {
        try keptTexts.get { () throws(SutureError) in try ReferenceTexts(references) }
    }

    private func weights() throws(SutureError) -> TermWeights {
        try keptWeights.get { () throws(SutureError) in
            switch try source() {
            case .corpus(let corpus): TermWeights(try corpus.lines())
            case .vectorizer(let idf, let vocabulary): try TermWeights(idf: idf, vocabulary: vocabulary)
            }
        }
    }
}

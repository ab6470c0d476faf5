// SPDX-License-Identifier: Apache-2.0

import SutureKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Whether the model writes about the new object as others do: the TF-IDF cosine of random continuations with reference
/// texts (ROME's reference score, Meng et al. 2022, §3.4), mean over cases, in percent.
///
/// The weights of terms come from a corpus of the user's. The authors use fixed ones, made from Wikipedia; the scale
/// depends on them, so compare values of one corpus alone. A case without reference texts is left out.
package struct Consistency: Evaluator {
    package static let descriptor = ComponentDescriptor(
        id: "consistency", summary: "How much random continuations resemble reference texts.", requires: .prompt)

    @Parameter(
        "references", help: "JSON: lists of texts, by the data set's name of a case, or by the new object.")
    package var references: FilePath

    @Parameter("corpus", help: "UTF-8 text, one text per line, which says how rare terms are.")
    package var corpus: FilePath

    let sampling = SamplingSettings()

    private let loaded = Loaded()

    package init() {}

    /// The corpus may be large, so it is only opened.
    package func validate() throws {
        _ = try Loaded.texts(references)
        _ = try corpus.lines(limit: 1)
    }

    package func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let (texts, weights) = try loaded.read(references, corpus)
        let judged = cases.compactMap { editCase in
            (texts[editCase.id] ?? texts[editCase.targetNew]).map { (editCase: editCase, texts: $0) }
        }
        let said = try sampling.texts(judged.flatMap(\.editCase.samplingPrompts), try session.model, in: session)
        return zip(judged, said.slices(ofCounts: judged.map(\.editCase.samplingPrompts.count))).map { judged, said in
            let cosine = weights.cosine(said.joined(separator: " "), judged.texts.joined(separator: " "))
            return Score("reference_score", cosine, caseIndex: judged.editCase.index)
        }
    }

    package func summarize(_ scores: [Score]) throws -> [Metric] {
        Metric.mean(
            of: "reference_score", in: scores, times: 100, unit: "percent", direction: .higherIsBetter,
            protocol: sampling.protocolName
        ).map { [$0] } ?? []
    }

    /// What the two files hold, read once.
    private final class Loaded {
        private var content: (texts: [String: [String]], weights: TermWeights)?

        func read(_ references: FilePath, _ corpus: FilePath) throws -> ([String: [String]], TermWeights) {
            if let content { return content }
            let content = (try Self.texts(references), TermWeights(try corpus.lines()))
            self.content = content
            return content
        }

        static func texts(_ references: FilePath) throws(SutureError) -> [String: [String]] {
            try references.checkSize()
            do {
                let data = try Data(contentsOf: URL(filePath: references.path))
                guard JSONLimits.holds(for: data) else {
                    throw SutureError(.invalidArgument, "it is beyond the limits")
                }
                return try JSONDecoder().decode([String: [String]].self, from: data)
            } catch {
                throw SutureError(
                    .invalidArgument, "the reference texts \(references.path) are not a JSON object of lists of texts",
                    hint: "write {\"case or object\": [\"text\", …], …}")
            }
        }
    }
}

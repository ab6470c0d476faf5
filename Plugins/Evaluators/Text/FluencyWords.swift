// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How `fluency` cuts a text into words. Figures of different cuts cannot be compared.
package enum FluencyWords: String, ParameterChoice {
    /// Rules of our own: ``WordEntropy/words(_:)``.
    case plain
    /// `nltk.word_tokenize(text)`: sentences by Punkt, and words of each.
    case nltk
    /// `nltk.word_tokenize(text, preserve_line=True)`: the text is one sentence, which needs no data of NLTK's.
    case nltkPreserveLine = "nltk-preserve-line"

    var protocolName: String {
        switch self {
        case .plain: "plain words"
        case .nltk: "NLTK words"
        case .nltkPreserveLine: "NLTK words with preserve_line"
        }
    }

    /// - Parameter punkt: for ``nltk``, where text is not one sentence.
    func words(_ text: String, _ punkt: PunktSentences?) -> [String] {
        switch self {
        case .plain: return WordEntropy.words(text)
        case .nltk, .nltkPreserveLine:
            let scalars = Array(text.unicodeScalars)
            return (punkt?.sentences(scalars) ?? [scalars[...]]).flatMap(TreebankWords.words)
        }
    }
}

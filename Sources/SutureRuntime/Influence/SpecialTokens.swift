// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Finds marks in a training file that are special tokens of another tokenizer: read as text, they would be traced as text.
enum SpecialTokens {
    /// Examples that are looked at.
    private static let looked = 2000

    /// - Throws: `file`, with the line and the mark.
    static func check(_ training: TrainingFile, _ tokenizer: Tokenizer) throws(RuntimeError) {
        var known: Set<String> = []
        for start in stride(from: 0, to: min(looked, training.count), by: 64) {
            for example in try training.block(start..<min(start + 64, training.count)) {
                for mark in marks(in: example.text.prompt + example.text.text) where known.insert(mark).inserted {
                    let ids = try RuntimeError.wrapping(.file) {
                        try tokenizer.encode(mark, addSpecialTokens: false).ids
                    }
                    guard ids.count != 1 else { continue }
                    throw RuntimeError(
                        .file,
                        "line \(example.line) of the training file '\(training.path)' has the mark \(mark), which is no token "
                            + "of this model's tokenizer",
                        hint: "write the file with the marks of this model, or take the model that it was written for")
                }
            }
        }
    }

    /// What looks like a special token: "<|im_end|>", "</s>", "<start_of_turn>".
    static func marks(in text: String) -> [String] {
        guard text.contains("<") || text.contains("[") else { return [] }
        return text.matches(of: /<\|[A-Za-z0-9_]+\|>|<(?:start|end)_of_turn>|\[\/?INST\]|^<s>|<\/s>\s*$/).map {
            $0.output.trimmingCharacters(in: .whitespaces)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

extension RuntimeError {
    /// Runs code that throws errors of several modules, and turns each into one of ours.
    ///
    /// - Parameter kind: for errors that do not tell their family themselves.
    static func wrapping<Result>(_ kind: Kind = .run, _ body: () throws -> Result) throws(RuntimeError) -> Result {
        do {
            return try body()
        } catch {
            throw RuntimeError(error, as: kind)
        }
    }

    /// A checkpoint's complaint in the form of a command's.
    init(checkpoint error: CheckpointError) {
        let kind: Kind =
            switch error.code {
            case .cancelled: .interrupted
            case .outputPlace: .usage
            case .unwritable: .run
            default: .file
            }
        self.init(kind, Self.clause(error.message, keepsCase: true), hint: Self.clause(error.hint, keepsCase: false))
    }

    /// A sentence without its full stop.
    static func clause(_ sentence: String, keepsCase: Bool) -> String {
        let clause = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        let startsWithWord = clause.dropFirst().first?.isLowercase ?? false
        return keepsCase || !startsWithWord ? clause : clause.prefix(1).lowercased() + clause.dropFirst()
    }
}

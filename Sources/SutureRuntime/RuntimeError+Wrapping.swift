// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

extension RuntimeError {
    /// Runs code that throws errors of several modules, and turns each into one of ours.
    ///
    /// - Parameter kind: the kind of errors that do not tell it themselves.
    static func wrapping<Result>(_ kind: Kind = .run, _ body: () throws -> Result) throws(RuntimeError) -> Result {
        do {
            return try body()
        } catch {
            throw RuntimeError(error, as: kind)
        }
    }
}

extension RuntimeError.Kind {
    /// The exit code for an error of the model files.
    init(_ code: ModelError.Code) {
        switch code {
        case .cancelled: self = .interrupted
        case .outputPlace: self = .usage
        case .unwritable: self = .run
        default: self = .file
        }
    }
}

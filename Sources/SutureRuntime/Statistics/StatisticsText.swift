// SPDX-License-Identifier: Apache-2.0

import SutureModel

/// What second moments are taken over.
enum StatisticsText {
    case file(TextFile)
    case sampled(SampledText)

    /// - Throws: what is wrong with the file.
    init(_ settings: Experiment.Statistics) throws(RuntimeError) {
        if let path = settings.path {
            self = .file(try TextFile(path, limit: settings.limit))
        } else {
            self = .sampled(SampledText(count: settings.limit ?? 1, length: settings.maxLength))
        }
    }

    /// Equal for equal texts of one model.
    var identity: String {
        switch self {
        case .file(let text): text.digest
        case .sampled(let text): text.identity
        }
    }

    /// The rows of tokens, within the budget of a pass.
    func rows(for pass: SecondMomentPass) throws -> [[Int]] {
        switch self {
        case .file(let text): try pass.tokens(text.lines)
        case .sampled(let text): pass.cut(try text.rows(of: pass.model, progress: pass.progress))
        }
    }
}

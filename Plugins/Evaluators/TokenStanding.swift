// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A token that may come after other tokens.
struct ExpectedToken {
    var context: [Int]
    var token: Int

    fileprivate var row: ForcedRow {
        ForcedRow(tokens: context, reads: [TokenRead(position: context.count - 1, target: token)])
    }
}

/// Where a token stands among all that a model might say.
struct TokenStanding: Equatable {
    /// |P(t) − P(top1)|: how far the token is from the first choice, 0 to 1.
    var gap: Double
    /// How many tokens are likelier.
    var rank: Int

    var isFirst: Bool { rank == 0 }
}

extension Model {
    /// Where each token stands after its context, from float32 probabilities. Records nothing for gradients.
    func standings(of tokens: [ExpectedToken], tokenBudget: Int) throws -> [TokenStanding] {
        var found = tokens.map { _ in [TokenStanding]() }
        try withoutGradients {
            for batch in try tokens.map(\.row).batches(tokenBudget: tokenBudget) {
                let logits = try logits(Forward(batch.tokens, logits: .at(batch.reads))).cast(to: .float32)
                let own = try batch.targets.tensor.cast(device: logits.device).unsqueezed(1)
                let probabilities = try logits.softmax()
                let gaps = try (probabilities.max(1) - probabilities.gather(1, own).squeezed(1))
                    .scalars(as: Double.self)
                let above = try logits.greater(logits.gather(1, own)).cast(to: .float64).sum(1)
                let ranks = try above.scalars(as: Double.self)
                batch.store(zip(gaps, ranks).map { TokenStanding(gap: $0, rank: Int($1)) }, in: &found)
            }
        }
        return found.map { $0[0] }
    }
}

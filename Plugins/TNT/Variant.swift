// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The forms of targeted negative training. The first letter is the direction of the divergence at marked tokens, the
/// second that at the others: F(target ‖ model), R(model ‖ target), or LL, plain likelihood.
enum Variant: String, ParameterChoice {
    case forwardForward = "TNFF"
    case reverseReverse = "TNRR"
    case reverseForward = "TNRF"
    case forwardLikelihood = "TNFLL"
    case reverseLikelihood = "TNRLL"

    func loss(alpha: Double, epsilon: Double) -> NegativeLoss {
        let terms: (marked: NegativeLoss.Term, rest: NegativeLoss.Term) =
            switch self {
            case .forwardForward: (.forward, .forward)
            case .reverseReverse: (.reverse, .reverse)
            case .reverseForward: (.reverse, .smoothedForward)
            case .forwardLikelihood: (.forward, .likelihood)
            case .reverseLikelihood: (.reverse, .smoothedLikelihood)
            }
        return NegativeLoss(marked: terms.marked, rest: terms.rest, alpha: alpha, epsilon: epsilon)
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Activation patching: which value of one prompt makes the other behave like it? (Vig et al. 2020; Meng et al. 2022.)
///
/// The prompts are a composition and its guide, aligned from the right, or one prompt about two subjects. A score is the
/// normalised effect of one value at one token: 0 changes nothing, 1 makes the metric what it is for the prompt that the value
/// came from.
///
/// Cost per case: for every site, the blocks from there on, over a row for each token (and head).
struct ActivationPatching: Locator {
    static let descriptor = ComponentDescriptor(
        id: "activation-patching",
        summary: "Measures which values of one prompt make another behave like it.", requires: [.prompt, .subject])

    let settings = PatchingSettings()

    func validate() throws { try settings.validate("activation-patching") }

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        try settings.locate(cases, "activation-patching", in: session) { run, places, willRun in
            try run.effects(places, tokenBudget: settings.tokenBudget, willRun: willRun)
        }
    }
}

/// Attribution patching: activation patching to first order, for all places at once (Nanda 2023; Syed et al. 2023).
///
/// It is good for small contributions, such as single heads and tokens, and poor for the whole stream. `verify` measures the
/// strongest places by activation patching and logs how well the two agree.
///
/// Cost per case: three passes, one of them with its gradient.
struct AttributionPatching: Locator {
    static let descriptor = ComponentDescriptor(
        id: "attribution-patching", summary: "Estimates activation patching for all places by one gradient.",
        requires: [.prompt, .subject])

    let settings = PatchingSettings()

    @Parameter(
        "verify", in: .nonNegative, unit: "places", help: "Strongest places of each case that are measured, too.")
    var verified = 0

    func validate() throws { try settings.validate("attribution-patching") }

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        let model = try session.model
        var pairs: [(estimate: Double, effect: Double)] = []
        let found = try settings.locate(cases, "attribution-patching", in: session) { run, places, willRun in
            let estimates = try run.estimates(places, model)
            let strongest = places.indices.sorted { abs(estimates[$0]) > abs(estimates[$1]) }.prefix(verified)
            let effects = try run.effects(
                strongest.map { places[$0] }, tokenBudget: settings.tokenBudget, willRun: willRun)
            pairs += zip(strongest, effects).map { (estimates[$0], $1) }
            return estimates
        }
        if let correlation = AttributionPatching.correlation(pairs) {
            session.log(
                .info,
                "attribution-patching: the correlation of \(pairs.count) estimates with measured effects is "
                    + "\((correlation * 1000).rounded() / 1000)")
        }
        return found
    }

    /// Pearson's; nil where it is not defined.
    static func correlation(_ pairs: [(estimate: Double, effect: Double)]) -> Double? {
        guard let x = pairs.map(\.estimate).mean(), let y = pairs.map(\.effect).mean() else { return nil }
        let products = pairs.map { ($0.estimate - x) * ($0.effect - y) }.reduce(0, +)
        let squares = (
            pairs.map { ($0.estimate - x) * ($0.estimate - x) }.reduce(0, +),
            pairs.map { ($0.effect - y) * ($0.effect - y) }.reduce(0, +)
        )
        let scale = (squares.0 * squares.1).squareRoot()
        return scale > 0 ? products / scale : nil
    }
}

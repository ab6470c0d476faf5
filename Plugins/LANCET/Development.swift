// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which step's changes are taken: those with the fewest unwanted responses to held-out prompts, of the steps at which held-out
/// anchors are nearly as likely as at the start.
struct DevelopmentSettings: ParameterSet {
    @Parameter(
        "dev_share", in: .closed(0...0.5),
        help: "Hold out this share of the cases, and take the step that is best on them; 0 takes the last step.")
    var share = 0.1

    @Parameter(
        "dev_interval", in: .positive, unit: "steps", help: "Steps between two measurements on what is held out.")
    var interval = 20

    @Parameter("dev_anchors", in: .positive, unit: "examples", help: "Anchors that are held out for the perplexity.")
    var anchorCount = 64

    @Parameter(
        "perplexity_limit", in: .positive,
        help: "A step counts whose perplexity on held-out anchors is at most this times the start's.")
    var perplexityLimit = 1.05

    /// Places of the held-out cases among `count`, evenly spread. At least one stays.
    func heldOut(of count: Int) -> Set<Int> {
        let wanted = min(Int((share * Double(count)).rounded(.up)), count - 1)
        return wanted > 0 ? Set((0..<wanted).map { $0 * count / wanted }) : []
    }

    func isDue(_ step: Int, of total: Int) -> Bool { (step + 1) % interval == 0 || step == total - 1 }
}

/// How good a step is on what is held out.
struct Verdict: Sendable, Hashable {
    /// The share of unwanted responses; nil where no annotator tells.
    var unwanted: Double?
    /// The mean log p per token of the held-out cases' queries, which decides without an annotator: the lower is better.
    var likelihood: Double
    /// Of held-out anchors, over that of the run's model: of equal shares, the lower is better.
    var perplexity: Double

    /// Whether it replaces the one before, which is nil in the beginning. The earlier of equals stays.
    func isPreferred(to old: Verdict?, limit: Double) -> Bool {
        guard perplexity <= limit else { return false }
        guard let old else { return true }
        guard let unwanted, let before = old.unwanted else { return likelihood < old.likelihood }
        return (unwanted, perplexity) < (before, old.perplexity)
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Says which figures of a run are not finite. They stay in every file and table, and count in means, so that whoever reads
/// those has to be told where they come from.
struct NonFiniteFigures {
    /// A number of one component in one stage.
    struct Measured {
        var component: String
        var stage: String
        var score: Score
    }

    private struct Key: Hashable {
        var component: String
        var name: String
    }

    private var order: [Key] = []
    private var found: [Key: (first: String, count: Int)] = [:]

    /// - Parameter metrics: the figures that were made of the scores.
    init(_ scores: [Measured], metrics: [StagedMetric], cases: [EditCase]) {
        let ids = Dictionary(cases.map { ($0.index, $0.id) }) { first, _ in first }
        for one in scores where !one.score.value.isFinite {
            let subject = one.score.caseIndex.map { "the case \"\(ids[$0] ?? String($0))\"" } ?? "the run as a whole"
            note(one.component, one.score.name, one.score.value, "for \(subject) in the stage \(one.stage)")
        }
        let measured = Set(order)
        for metric in metrics where !metric.value.isFinite {
            guard !measured.contains(Key(component: metric.evaluator, name: metric.name)) else { continue }
            note(metric.evaluator, metric.name, metric.value, "in the stage \(metric.stage)")
        }
    }

    private mutating func note(_ component: String, _ name: String, _ value: Double, _ place: String) {
        let key = Key(component: component, name: name)
        if let known = found[key] {
            found[key] = (known.first, known.count + 1)
        } else {
            order.append(key)
            found[key] = ("\(component): \(name) is \(Figures.text(value)) \(place)", 1)
        }
    }

    /// One sentence for each figure of each component.
    var sentences: [String] {
        order.compactMap { found[$0] }.map { first, count in
            let more = count == 1 ? "" : ", and not finite \(count - 1) more time\(count == 2 ? "" : "s")"
            return first + more + "; figures that rest on it are not finite either"
        }
    }
}

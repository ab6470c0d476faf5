// SPDX-License-Identifier: Apache-2.0

import SutureKit

// The laws of locators: a location is at a place that the model and the cases have, and is found again.

extension Laws {
    func check(_ locator: any Locator, _ findings: Findings) {
        guard let found = ask("locate", findings, { try locator.locate(cases, in: $0) }) else { return }
        let lengths = findings.attempt("encode") {
            let model = try session().model
            let lengths = try cases.map { ($0.index, try model.textLength(of: $0)) }
            return (model.info, Dictionary(lengths, uniquingKeysWith: max))
        }
        guard let (info, lengths) = lengths else { return }

        if found.isEmpty { findings.skip(.places, "it found no location") }
        for location in found {
            let fault = location.fault(in: info, lengths)
            findings.check(.places, fault == nil, "it finds \(location.phrase), and \(fault ?? "")")
            if fault != nil { break }
        }
        guard let again = ask("locate", findings, { try locator.locate(cases, in: $0) }) else { return }
        findings.check(
            .repeats, found.elementsEqual(again, by: Location.areSame),
            "asked twice for the same cases, it finds different locations")
    }
}

extension Model {
    /// How many tokens a case's prompt and what may follow it have together: the longest of its answer and its objects.
    /// A locator may speak of a token of the answer, where the model goes wrong within it.
    fileprivate func textLength(of editCase: EditCase) throws(SutureError) -> Int {
        let prompt = try encode(editCase.filledPrompt, addsSpecialTokens: true).count
        var following =
            editCase.answer.isEmpty
            ? 0 : try tokens(of: editCase.filledPrompt, followedBy: editCase.answer).following.count
        for object in [editCase.targetNew, editCase.targetTrue] where !object.isEmpty {
            following = max(
                following,
                try encode(
                    prompt: editCase.filledPrompt, target: object, joint: editCase.joint
                ).target.count)
        }
        return prompt + following
    }
}

extension Location {
    /// "residual_out of layer 3", for sentences.
    fileprivate var phrase: String { "a location at \(site)" + (caseIndex.map { " for case \($0)" } ?? "") }

    /// Why there is no such place, or nil.
    ///
    /// - Parameter lengths: tokens of each case, by index.
    fileprivate func fault(in info: Model.Info, _ lengths: [Int: Int]) -> String? {
        if !info.sites.contains(site.kind) { return "the model has no site \(site.kind.name)" }
        if let layer = site.layer, !(0..<info.layerCount).contains(layer) {
            return "the model has \(info.layerCount) layers"
        }
        if !score.isFinite { return "its score \(score) is not finite" }
        if let caseIndex, lengths[caseIndex] == nil { return "it was not asked about that case" }
        if let position {
            let length = caseIndex.map { lengths[$0] ?? 0 } ?? lengths.values.min() ?? 0
            if !(0..<length).contains(position) { return "its position \(position) is outside the \(length) tokens" }
        }
        if let unit, let count = info.unitCount(at: site.kind), !(0..<count).contains(unit) {
            return "its unit \(unit) is not one of the \(count) that the site has"
        }
        return nil
    }

    /// Equal, and a score that is not a number equals itself.
    fileprivate static func areSame(_ a: Location, _ b: Location) -> Bool {
        var (a, b) = (a, b)
        guard isClose(a.score, b.score, within: 0) else { return false }
        (a.score, b.score) = (0, 0)
        return a == b
    }
}

extension Model.Info {
    /// How many neurons or heads a site has; nil where it has neither.
    fileprivate func unitCount(at kind: Site.Kind) -> Int? {
        switch kind {
        case .neurons, .gate, .up: dMLP
        case .headOutput, .attentionPattern: headCount
        default: nil
        }
    }
}

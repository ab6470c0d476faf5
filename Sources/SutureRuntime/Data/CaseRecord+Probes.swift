// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// `portability` and `locality`, as KnowEdit has them: kinds of questions, each a list of prompts with answers.
extension CaseRecord {
    static let probeKeys = ["portability", "locality"]

    /// The questions of both fields; none where the record has neither.
    ///
    /// A question whose answers are all empty is left out, as in the authors' code.
    func probes() throws(RuntimeError) -> [Probe] {
        try probes("portability", .follows) + probes("locality", .stays)
    }

    private func probes(_ key: String, _ expectation: Probe.Expectation) throws(RuntimeError) -> [Probe] {
        guard let kinds = members(key) else { return try unsorted(key, expectation) }
        var probes: [Probe] = []
        let record = try object(key)
        for kind in kinds {
            let name = Self.word(kind)
            guard !name.isEmpty else { throw error("has a kind of questions without a name in '\(key)'") }
            // Columns instead of records: {"prompt": […], "ground_truth": […]}.
            if record.members(kind) != nil {
                probes += try record.object(kind).columns(name, expectation)
                continue
            }
            for question in try record.records(kind) {
                if let probe = try question.probe(name, expectation) { probes.append(probe) }
            }
        }
        return probes
    }

    /// A list of questions without kinds: `[{"loc": …, "loc_ans": …}]`, as QAEdit has it.
    private func unsorted(_ key: String, _ expectation: Probe.Expectation) throws(RuntimeError) -> [Probe] {
        var probes: [Probe] = []
        for question in try records(key) {
            if let probe = try question.probe(key, expectation) { probes.append(probe) }
        }
        return probes
    }

    private func columns(_ kind: String, _ expectation: Probe.Expectation) throws(RuntimeError) -> [Probe] {
        let prompts = try alternatives("prompt")
        guard case .list? = self["ground_truth"] else {
            return try probe(kind, expectation).map { [$0] } ?? []
        }
        let answers = try list("ground_truth")
        guard prompts.count == answers.count else {
            throw error("has \(prompts.count) prompts and \(answers.count) answers for the questions '\(kind)'")
        }
        var probes: [Probe] = []
        for (prompt, answer) in zip(prompts, answers) {
            let texts = try texts(in: answer, "ground_truth")
            guard !texts.isEmpty else { continue }
            probes.append(Probe(kind: kind, prompt: prompt, expectation: expectation, answers: texts))
        }
        return probes
    }

    private func probe(_ kind: String, _ expectation: Probe.Expectation) throws(RuntimeError) -> Probe? {
        let (prompt, answer) = has("loc") ? ("loc", "loc_ans") : ("prompt", "ground_truth")
        let answers = try alternatives(answer)
        guard !answers.isEmpty else { return nil }
        // Of several wordings the first is asked.
        guard let wording = try alternatives(prompt).first else {
            throw error("has a question '\(kind)' without '\(prompt)'")
        }
        return Probe(kind: kind, prompt: wording, expectation: expectation, answers: answers)
    }

    /// The texts of a field, whichever way it nests lists: `"Paris"`, `["Paris"]`, `[["Paris", "City of Paris"]]`.
    /// Blanks at their ends are cut; empty ones are left out.
    func alternatives(_ key: String) throws(RuntimeError) -> [String] {
        guard let value = self[key], !value.isNull else { return [] }
        return try texts(in: value, key)
    }

    private func texts(in value: JSONValue, _ key: String) throws(RuntimeError) -> [String] {
        switch value {
        case .text(let text): return text.allSatisfy(\.isWhitespace) ? [] : [try checkedName(text, key)]
        case .number(let digits): return [digits]
        case .list(let items):
            var texts: [String] = []
            for item in items { texts += try self.texts(in: item, key) }
            return texts
        case .null: return []
        default: throw error("has \(value.phrase) in '\(key)' instead of a text")
        }
    }

    /// "Subject_Aliasing" → "subject_aliasing": what metrics can be named after.
    private static func word(_ kind: String) -> String {
        let scalars = kind.lowercased().unicodeScalars.map { scalar in
            scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) ? Character(scalar) : "_"
        }
        return String(scalars)
    }
}

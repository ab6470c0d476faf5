// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

extension PatchConflicts {
    /// The cases that meet.
    static func conflicts(_ a: [EditCase], _ b: [EditCase]) -> [Cases] {
        // Case and blanks make no other prompt.
        func folded(_ text: String) -> String {
            text.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
        }
        func said(_ one: EditCase) -> String {
            "\(one.id): \(one.filledPrompt) → \(one.targetNew.isEmpty ? one.answer : one.targetNew)"
        }
        let bySubject = Dictionary(grouping: b.filter { !$0.subject.isEmpty }) { folded($0.subject) }
        let byPrompt = Dictionary(grouping: b) { folded($0.filledPrompt) }
        let byTarget = Dictionary(grouping: b.filter { !$0.targetNew.isEmpty }) { folded($0.targetNew) }
        return a.flatMap { one -> [Cases] in
            let samePrompt = (byPrompt[folded(one.filledPrompt)] ?? []).map { other in
                let isSame =
                    folded(one.targetNew) == folded(other.targetNew) && folded(one.answer) == folded(other.answer)
                return Cases(kind: isSame ? .sameEdit : .oppositeTargets, first: said(one), second: said(other))
            }
            guard !one.subject.isEmpty else { return samePrompt }
            let sameSubject = (bySubject[folded(one.subject)] ?? [])
                .filter { folded($0.filledPrompt) != folded(one.filledPrompt) }
                .map { Cases(kind: .sameSubject, first: said(one), second: said($0)) }
            let reverse = (byTarget[folded(one.subject)] ?? [])
                .filter { folded($0.subject) == folded(one.targetNew) }
                .map { Cases(kind: .reverse, first: said(one), second: said($0)) }
            return samePrompt + sameSubject + reverse
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

// The laws of patchers: a patch is a value that fits the model, and the only effect.

extension Laws {
    func check(_ patcher: any Patcher, _ findings: Findings) {
        guard let patch = ask("patch", findings, { try patcher.patch(cases, at: locations, in: $0) }) else { return }
        let fault = findings.attempt("reading the patch") { () -> String? in
            let model = try session().model
            let names = Set(try model.parameterNames)
            for delta in patch.deltas {
                if let fault = try delta.fault(in: model, names) { return "its change of \(delta.parameter) \(fault)" }
            }
            return nil
        }
        if patch.deltas.isEmpty {
            findings.skip(.fits, "it changed nothing")
        } else if let fault {
            findings.check(.fits, fault == nil, fault ?? "")
        }

        if let again = ask("patch", findings, { try patcher.patch(cases, at: locations, in: $0) }) {
            let areSame = findings.attempt("reading the patch") { try patch.hasSameBytes(as: again) }
            findings.check(.repeats, areSame ?? true, "asked twice for the same cases, it gives different changes")
        }

        let general = locations.filter { $0.caseIndex == nil }
        if let none = ask("patch without cases", findings, { try patcher.patch([], at: general, in: $0) }) {
            findings.check(
                .nothing, none.deltas.isEmpty, "without cases it \(none.deltas.first?.deed ?? "")")
        }
    }
}

extension Delta {
    /// What a patcher does by it, for a sentence.
    fileprivate var deed: String {
        if case .extension(let content) = form { return "hands out an extension \"\(content.id)\"" }
        return "changes \(parameter)"
    }
}

extension Delta {
    /// Why the change cannot be made, as the end of a sentence about it; nil where it fits.
    fileprivate func fault(in model: Model, _ names: Set<String>) throws(SutureError) -> String? {
        for tensor in tensors where tensor.dtype.isFloatingPoint {
            if try !tensor.isAllFinite() { return "has numbers that are not finite" }
        }
        if case .extension = form { return nil }
        guard names.contains(parameter) else { return "is one of a weight that the model does not have" }
        let shape = try model.parameter(parameter).shape
        switch form {
        case .lowRank(let left, let right):
            guard left.rank == 2, right.rank == 2, left.shape[1] == right.shape[0],
                [left.shape[0], right.shape[1]] == shape
            else { return "has factors of the shapes \(left.shape) and \(right.shape), and the weight is \(shape)" }
        case .rows(let rows, let values):
            guard rows.rank == 1, rows.dtype == .int64, values.rank == 2, shape.count == 2,
                values.shape == [rows.count, shape[1]]
            else {
                return "has \(values.shape) values for \(rows.dtype) rows \(rows.shape), and the weight is \(shape)"
            }
            if let row = try rows.scalars(as: Int.self).first(where: { !(0..<shape[0]).contains($0) }) {
                return "changes row \(row), and the weight has \(shape[0])"
            }
        case .dense(let values):
            guard values.shape == shape else { return "has the shape \(values.shape), and the weight is \(shape)" }
        case .extension: break
        }
        return nil
    }
}

extension Patch {
    /// Whether both change the same weights in the same form by the same bits.
    fileprivate func hasSameBytes(as other: Patch) throws(SutureError) -> Bool {
        guard deltas.map(\.parameter) == other.deltas.map(\.parameter),
            deltas.map(\.form.name) == other.deltas.map(\.form.name)
        else { return false }
        let (mine, theirs) = (deltas.flatMap(\.tensors), other.deltas.flatMap(\.tensors))
        guard mine.count == theirs.count else { return false }
        for (a, b) in zip(mine, theirs) {
            guard a.shape == b.shape, a.dtype == b.dtype, try a.bytes() == b.bytes() else { return false }
        }
        return true
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@Suite("Sums of patches")
struct PatchSumTests {
    private let random: RandomNumbers
    private static let shape = [6, 8]

    init() throws {
        try TestHost.install()
        random = try RandomNumbers(seed: 3)
    }

    enum Form: CaseIterable { case lowRank, rows, dense }

    private func delta(_ form: Form, _ name: String = "w", rank: Int = 1) throws -> Delta {
        switch form {
        case .lowRank:
            try Delta(name, .lowRank(left: random.normal([6, rank]), right: random.normal([rank, 8])))
        case .rows: try Delta(name, .rows(rows: Tensor([4, 1]), values: random.normal([2, 8])))
        case .dense: try Delta(name, .dense(random.normal([6, 8])))
        }
    }

    @Test("A sum changes a weight by both changes", arguments: Form.allCases, Form.allCases)
    func adds(first: Form, second: Form) throws {
        let (a, b) = (try delta(first), try delta(second))
        let sum = try Patch([a]) + Patch([b])
        #expect(sum.deltas.count == 1)
        let expected = try a.dense(shape: PatchSumTests.shape) + b.dense(shape: PatchSumTests.shape)
        let error = try (sum.deltas[0].dense(shape: PatchSumTests.shape) - expected).abs().max().item()
        #expect(error < 1e-6)
    }

    @Test("Factors stay factors as long as they are smaller than the weight")
    func forms() throws {
        let few = try Patch([delta(.lowRank)]) + Patch([delta(.lowRank)])
        guard case .lowRank(let left, let right) = few.deltas[0].form else {
            Issue.record("the sum of two rank-one changes is not low-rank")
            return
        }
        #expect(left.shape == [6, 2] && right.shape == [2, 8])
        // Four ranks need 56 numbers, the matrix 48.
        let many = try Patch([delta(.lowRank, rank: 2)]) + Patch([delta(.lowRank, rank: 2)])
        guard case .dense = many.deltas[0].form else {
            Issue.record("the sum of large factors is not dense")
            return
        }
        let rows = try Patch([delta(.rows)]) + Patch([delta(.rows)])
        guard case .rows(let index, _) = rows.deltas[0].form else {
            Issue.record("the sum of changed rows has another form")
            return
        }
        #expect(try index.scalars(as: Int.self) == [4, 1, 4, 1])
    }

    @Test("Other weights are kept, in the order in which they are first changed")
    func order() throws {
        var sum = try Patch([delta(.dense, "b")])
        try sum += Patch([delta(.dense, "a"), delta(.lowRank, "b")])
        try sum += Patch()
        #expect(sum.deltas.map(\.parameter) == ["b", "a"])
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@Suite("The factor of a second moment")
struct SecondMomentTests {
    init() throws { try TestHost.install() }

    private let more = "take statistics over more text, several times as many tokens as the 6 values"

    /// The uncentred moment of some rows, less a hair: rounding may leave a singular one positive definite.
    private func moment(_ rows: Tensor) throws -> SecondMoment {
        let product = try rows.transposed().matmul(rows) / Double(rows.shape[0])
        return SecondMoment(
            matrix: try product - 1e-14 * Tensor.identity(rows.shape[1], dtype: .float64), tokenCount: rows.shape[0])
    }

    private func failure(_ moment: SecondMoment, remedy: String? = nil) -> SutureError? {
        #expect(throws: SutureError.self) { try moment.cholesky(of: "neurons.3", remedy: remedy) }
    }

    @Test("A moment of enough vectors has one")
    func regular() throws {
        let moment = try moment(RandomNumbers(seed: 0).normal([40, 6], dtype: .float64))
        let factor = try moment.cholesky(of: "neurons.3")
        let difference = try (factor.matmul(factor.transposed()) - moment.matrix).abs().max().item()
        #expect(difference < 1e-12)
    }

    @Test("The error names the cause that was found: too few vectors")
    func tooFew() throws {
        let error = try failure(
            moment(RandomNumbers(seed: 0).normal([4, 6], dtype: .float64)), remedy: "set mom2_adjustment: false")
        #expect(
            error?.message
                == "the second moment of neurons.3, over 4 tokens, is not positive definite: 4 vectors cannot span 6 values"
        )
        #expect(error?.hint == "\(more), or set mom2_adjustment: false")
    }

    @Test("… values that are always 0")
    func silent() throws {
        let rows = try RandomNumbers(seed: 0).normal([40, 6], dtype: .float64)
        let error = try failure(moment(rows * Tensor([1, 1, 0, 1, 0, 1])))
        #expect(error?.message.hasSuffix(": 2 of its 6 values are 0 at every token") == true)
        #expect(error?.hint == "take statistics over more varied text")
    }

    @Test("… vectors that repeat each other")
    func dependent() throws {
        let random = try RandomNumbers(seed: 0)
        let rows = try random.normal([40, 4], dtype: .float64).matmul(random.normal([4, 6], dtype: .float64))
        let error = try failure(moment(rows))
        #expect(error?.message.hasSuffix(": the vectors do not span its 6 values, to rounding") == true)
        #expect(error?.hint == more)
    }

    @Test("… numbers that are not finite", arguments: [Double.nan, .infinity])
    func notFinite(number: Double) throws {
        let moment = try moment(Tensor.full([40, 6], number, dtype: .float64))
        #expect(failure(moment)?.message.hasSuffix(": some of its numbers are not finite") == true)
    }
}

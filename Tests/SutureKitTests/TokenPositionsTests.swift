// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@Suite("Positions and lengths that keep their tensor")
struct TokenPositionsTests {
    init() throws { try TestHost.install() }

    @Test("A list and its tensor say the same, in both directions")
    func roundTrip() throws {
        let positions: TokenPositions = [TokenIndex(row: 1, position: 4), TokenIndex(row: 0, position: 0)]
        #expect(try positions.tensor.shape == [2, 2])
        #expect(try positions.tensor.scalars(as: Int.self) == [1, 4, 0, 0])
        #expect(try TokenPositions(positions.tensor).tokens == positions.tokens)
        let lengths: IntegerVector = [3, 1, 2]
        #expect(try lengths.tensor.scalars(as: Int.self) == [3, 1, 2])
        #expect(try IntegerVector(lengths.tensor).values == [3, 1, 2])
    }

    @Test("The tensor is made once and handed out again")
    func keptTensor() throws {
        let positions: TokenPositions = [TokenIndex(row: 0, position: 1)]
        #expect(try positions.tensor.handle == positions.tensor.handle)
        let given = try Tensor([0, 1], shape: [1, 2])
        #expect(try TokenPositions(given).tensor.handle == given.handle)
        let lengths = IntegerVector([2])
        #expect(try lengths.tensor.handle == lengths.tensor.handle)
    }

    @Test("The ends and all tokens of rows of different lengths")
    func ofRows() throws {
        let batch = try TokenBatch([[5, 6, 7], [8]])
        #expect(
            TokenPositions(atEndOf: batch.lengths).tokens
                == [TokenIndex(row: 0, position: 2), TokenIndex(row: 1, position: 0)])
        #expect(
            TokenPositions(allOf: batch.lengths).tokens
                == [
                    TokenIndex(row: 0, position: 0), TokenIndex(row: 0, position: 1), TokenIndex(row: 0, position: 2),
                    TokenIndex(row: 1, position: 0),
                ])
    }

    @Test("The rests of rows are as wide as the longest, the last token being repeated")
    func rests() {
        let positions = TokenPositions(restsFrom: [1, 0], of: [4, 2])
        #expect(positions.map(\.row) == [0, 0, 0, 1, 1, 1])
        #expect(positions.map(\.position) == [1, 2, 3, 0, 1, 1])
    }

    @Test("Reading and writing at positions agrees with pairs", arguments: [DType.float32, .float64])
    func pickAndPut(dtype: DType) throws {
        let values = try Tensor.range(0..<12).reshaped(2, 3, 2).cast(to: dtype)
        let positions: TokenPositions = [TokenIndex(row: 1, position: 2), TokenIndex(row: 0, position: 1)]
        #expect(try values.pick(positions).scalars(as: Int.self) == [10, 11, 2, 3])
        let changed = try values.put(values.pick(positions) * -1, at: positions)
        #expect(try changed.pick(positions).scalars(as: Int.self) == [-10, -11, -2, -3])
        #expect(try changed.sum().item() == 66 - 2 * 26)
        #expect(try values.indexSelect(1, IntegerVector([2, 0])).shape == [2, 2, 2])
    }

    @Test("A tensor of another shape is refused, with its shape")
    func refused() throws {
        #expect(
            throws: SutureError(
                .invalidArgument, "positions must be [n, 2] with at least one row, the shape is [2, 3]",
                hint: "give a row and a position for each token")
        ) {
            try TokenPositions(Tensor([0, 1, 2, 3, 4, 5], shape: [2, 3]))
        }
    }

    @Test("A pass gives the same with positions made once as with lists", arguments: TinyModel.Family.allCases)
    func samePass(family: TinyModel.Family) throws {
        let model = try TestSession(TinyModel.load(family)).model
        let batch = try TokenBatch([[5, 6, 7, 8], [9, 10]])
        let list = [TokenIndex(row: 0, position: 1), TokenIndex(row: 1, position: 1)]
        let kept = TokenPositions(list)
        func run(_ capture: Capture, _ intervention: Intervention, _ logits: Forward.Logits) throws -> [[Float]] {
            var pass = Forward(batch, logits: logits)
            pass.captures = [capture]
            pass.interventions = [intervention]
            let output = try model.forward(pass)
            return [try output.captures[0].scalars(), try output.requireLogits().scalars()]
        }
        let first = try run(
            Capture(.neurons(2), at: list), Intervention(.mlpOutput(1), at: list, .scale(2)), .at(list))
        for _ in 0..<2 {
            let again = try run(
                Capture(.neurons(2), at: kept), Intervention(.mlpOutput(1), at: kept, .scale(2)), .at(kept))
            #expect(again == first)
        }
    }

    @Test("A pass without logits or cache says so when they are asked for")
    func required() throws {
        let model = try TestSession(TinyModel.load()).model
        let output = try model.forward(Forward(TokenBatch([[5]]), logits: .none))
        #expect(throws: SutureError.self) { try output.requireLogits() }
        #expect(throws: SutureError.self) { try output.requireCache() }
        let error = #expect(throws: SutureError.self) {
            try model.logits(Forward(.tokens(TokenBatch([[5]])), layers: 0..<1, logits: .last))
        }
        #expect(error?.code == .failedPrecondition && error?.message == "the pass computed no logits")
    }
}

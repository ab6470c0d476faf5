// SPDX-License-Identifier: Apache-2.0
import CSuture
import Testing

@Suite struct ShapeTests {
    let a: T

    init() throws { a = try T((0..<24).map(Double.init), [2, 3, 4]) }

    @Test("a reshape keeps the order of the elements, and works one size out")
    func reshape() throws {
        let result = try a.reshape([4, -1])
        #expect(result.shape == [4, 6])
        #expect(try result.values == a.values)
        #expect(failure { _ = try a.reshape([5, 5]) }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("an expansion repeats dimensions of size one, and minus one keeps a dimension")
    func expand() throws {
        let result = try T([1, 2], [2, 1]).shaped(SUTURE_EXPAND, [-1, 3])
        #expect(result.shape == [2, 3])
        #expect(try result.values == [1, 1, 1, 2, 2, 2])
    }

    @Test("a permutation of the dimensions moves every element along")
    func permute() throws {
        let result = try a.shaped(SUTURE_PERMUTE, [2, 0, -2])
        #expect(result.shape == [4, 2, 3])
        var expected: [Double] = []
        for k in 0..<4 { for i in 0..<2 { for j in 0..<3 { expected.append(Double(i * 12 + j * 4 + k)) } } }
        #expect(try result.values == expected)
        #expect(result.info.is_contiguous == 0)
        #expect(try result.unary(SUTURE_CONTIGUOUS).info.is_contiguous == 1)
    }

    @Test("a transposition exchanges two dimensions")
    func transpose() throws {
        #expect(try a.transpose(0, -1).shape == [4, 3, 2])
        #expect(failure { _ = try a.transpose(0, 3) }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("a slice takes start ..< end by its step")
    func slice() throws {
        let odd = (0..<24).filter { $0 % 2 == 1 }.map(Double.init)
        #expect(try a.slice(-1, 1, 4, step: 2).reshape([-1]).values == odd)
        #expect(try a.slice(0, 1, .max).shape == [1, 3, 4])
        #expect(failure { _ = try a.slice(0, 0, 2, step: 0) }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("a slice is a view: what is assigned to it arrives in the tensor that it views")
    func view() throws {
        let a = try full(SUTURE_DTYPE_F32, [3], 1)
        try a.slice(0, 1, 2).assign(full(SUTURE_DTYPE_F32, [1], 5))
        #expect(try a.values == [1, 5, 1])
    }

    @Test("a selection takes one index out of a dimension")
    func select() throws {
        #expect(try T.make { api.select(a.handle, 1, 2, $0) }.values == [8, 9, 10, 11, 20, 21, 22, 23])
        #expect(try T.make { api.select(a.handle, -1, -1, $0) }.shape == [2, 3])
        #expect(failure { _ = try T.make { api.select(a.handle, 1, 3, $0) } }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("tensors are put together along a dimension that they have, or along a new one")
    func concatenate() throws {
        let (x, y) = (try T([1, 2], [1, 2]), try T([3, 4], [1, 2]))
        let handles = [x.handle, y.handle]
        #expect(try T.make { api.concatenate(handles, 2, 1, 0, $0) }.values == [1, 2, 3, 4])
        #expect(try T.make { api.concatenate(handles, 2, 1, 0, $0) }.shape == [1, 4])
        #expect(try T.make { api.concatenate(handles, 2, 0, 1, $0) }.shape == [2, 1, 2])
        #expect(try T.make { api.concatenate(handles, 2, -1, 1, $0) }.values == [1, 3, 2, 4])
        #expect(failure { _ = try T.make { api.concatenate(handles, 0, 0, 0, $0) } }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("a triangle keeps what lies on its side of a diagonal", arguments: [-1, 0, 1] as [Int64], [0, 1] as [Int32])
    func triangle(_ diagonal: Int64, _ upper: Int32) throws {
        let square = try T((1...9).map(Double.init), [3, 3])
        let result = try T.make { api.triangle(square.handle, diagonal, upper, $0) }
        let expected = (0..<9).map { flat -> Double in
            let offset = Int64(flat % 3 - flat / 3)
            return (upper == 1 ? offset >= diagonal : offset <= diagonal) ? Double(flat + 1) : 0
        }
        #expect(try result.values == expected)
    }
}

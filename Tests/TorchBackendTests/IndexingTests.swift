// SPDX-License-Identifier: Apache-2.0
import CSuture
import Testing

@Suite struct IndexingTests {
    let a: T

    init() throws { a = try T((0..<12).map(Double.init), [3, 4]) }

    @Test("index_select takes whole rows or columns, as often as they are named")
    func indexSelect() throws {
        #expect(
            try a.indexed(SUTURE_INDEX_SELECT, 0, T(ints: [2, 0, 2])).values == [
                8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11,
            ])
        #expect(try a.indexed(SUTURE_INDEX_SELECT, -1, T(ints: [3])).values == [3, 7, 11])
    }

    @Test("gather takes one element for each index")
    func gather() throws {
        #expect(try a.indexed(SUTURE_GATHER, 1, T(ints: [3, 0, 1], [3, 1])).values == [3, 4, 9])
    }

    @Test("index_add adds rows, also twice to the same one, and leaves its input alone")
    func indexAdd() throws {
        let before = try a.values
        let result = try a.indexed(SUTURE_INDEX_ADD, 0, T(ints: [1, 1]), full(SUTURE_DTYPE_F64, [2, 4], 10))
        #expect(try result.values == [0, 1, 2, 3, 24, 25, 26, 27, 8, 9, 10, 11])
        #expect(try a.values == before)
    }

    @Test("index_copy puts rows")
    func indexCopy() throws {
        let result = try a.indexed(SUTURE_INDEX_COPY, 1, T(ints: [0]), T([-1, -2, -3], [3, 1]))
        #expect(try result.values == [-1, 1, 2, 3, -2, 5, 6, 7, -3, 9, 10, 11])
    }

    @Test("scatter puts, and scatter_add adds, one element for each index")
    func scatter() throws {
        let index = try T(ints: [0, 0, 2], [3, 1])
        let source = try T([100, 200, 300], [3, 1])
        #expect(try a.indexed(SUTURE_SCATTER, 1, index, source).values == [100, 1, 2, 3, 200, 5, 6, 7, 8, 9, 300, 11])
        #expect(
            try a.indexed(SUTURE_SCATTER_ADD, 1, index, source).values == [100, 1, 2, 3, 204, 5, 6, 7, 8, 9, 310, 11])
    }

    @Test("an embedding has a row of the table for each index, whatever the shape of the indices")
    func embedding() throws {
        let result = try a.indexed(SUTURE_EMBEDDING, 0, T(ints: [2, 0, 1, 1], [2, 2]))
        #expect(result.shape == [2, 2, 4])
        #expect(try result.values == [8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7])
    }

    @Test("the gradient of an embedding counts how often each row was used")
    func embeddingGradient() throws {
        let table = try a.leaf()
        try table.indexed(SUTURE_EMBEDDING, 0, T(ints: [2, 2, 0])).reduce(SUTURE_SUM).backward()
        #expect(try table.gradient?.values == [1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2])
    }

    @Test("pick takes elements of a matrix, and rows of a deeper tensor, by pairs")
    func pick() throws {
        let pairs = try T(ints: [2, 3, 0, 1], [2, 2])
        #expect(try a.pick(pairs).values == [11, 1])
        #expect(try a.reshape([3, 2, 2]).pick(T(ints: [2, 1], [1, 2])).values == [10, 11])
    }

    @Test("put is the reverse of pick, and adds where it is told to")
    func put() throws {
        let pairs = try T(ints: [0, 0, 0, 0, 2, 3], [3, 2])
        #expect(
            try a.put(T(ints: [2, 3], [1, 2]), T([-1]), adds: false).values == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1])
        #expect(try a.put(pairs, T([1, 2, 3]), adds: true).values == [3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14])
        #expect(try a.values == (0..<12).map(Double.init))
    }

    @Test("put refuses values that are not one for each pair")
    func putRefuses() throws {
        let pairs = try T(ints: [0, 0, 1, 1], [2, 2])
        let error = failure { _ = try a.put(pairs, T([1]), adds: false) }
        #expect(error?.code == SUTURE_INVALID_ARGUMENT)
        #expect(error?.message.contains("not [2]") == true)
    }

    @Test("pick and put pass gradients on to the tensor and to the values")
    func pickAndPutGradients() throws {
        let pairs = try T(ints: [1, 2, 0, 0], [2, 2])
        let leaf = try a.leaf()
        try leaf.pick(pairs).unary(SUTURE_SQUARE).reduce(SUTURE_SUM).backward()
        #expect(try leaf.gradient?.values == [0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0])

        let (target, values) = (try a.leaf(), try T([5, 7]).leaf())
        let found = try target.put(pairs, values, adds: false).unary(SUTURE_SQUARE).gradients([target, values])
        #expect(try found[0]?.values == [0, 2, 4, 6, 8, 10, 0, 14, 16, 18, 20, 22])
        #expect(try found[1]?.values == [10, 14])
        let added = try target.put(pairs, values, adds: true).gradients([target, values])
        #expect(try added[0]?.values == Array(repeating: 1, count: 12))
        #expect(try added[1]?.values == [1, 1])
    }

    @Test("an index outside of the dimension is an error that names it", arguments: [-1, 3, 1 << 40] as [Int64])
    func outOfRange(_ index: Int64) throws {
        let one = try T(ints: [index])
        let row = try T(ints: [index], [1, 1])
        let pair = try T(ints: [index, 0], [1, 2])
        let source = try full(SUTURE_DTYPE_F64, [1, 4], 1)
        let errors = [
            failure { _ = try a.indexed(SUTURE_INDEX_SELECT, 0, one) },
            failure { _ = try a.indexed(SUTURE_GATHER, 0, row) },
            failure { _ = try a.indexed(SUTURE_INDEX_ADD, 0, one, source) },
            failure { _ = try a.indexed(SUTURE_INDEX_COPY, 0, one, source) },
            failure { _ = try a.indexed(SUTURE_SCATTER, 0, row, source) },
            failure { _ = try a.indexed(SUTURE_SCATTER_ADD, 0, row, source) },
            failure { _ = try a.indexed(SUTURE_EMBEDDING, 0, one) },
            failure { _ = try a.pick(pair) },
            failure { _ = try a.put(pair, T([1]), adds: true) },
        ]
        for error in errors {
            #expect(error?.code == SUTURE_INVALID_ARGUMENT)
            #expect(error?.message.contains("the index \(index) is outside of 0 ..< 3") == true)
        }
    }

    @Test("indices that are not int64 are refused")
    func indexDtype() throws {
        let error = failure { _ = try a.indexed(SUTURE_INDEX_SELECT, 0, T([1])) }
        #expect(error?.code == SUTURE_INVALID_ARGUMENT)
        #expect(error?.message.contains("int64") == true)
    }

    @Test("an operation that needs a source says so when it is missing")
    func missingSource() throws {
        #expect(failure { _ = try a.indexed(SUTURE_INDEX_ADD, 0, T(ints: [0])) }?.code == SUTURE_INVALID_ARGUMENT)
    }
}

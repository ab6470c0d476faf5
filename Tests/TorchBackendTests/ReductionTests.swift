// SPDX-License-Identifier: Apache-2.0
import CSuture
import Foundation
import Testing

struct ReductionCase: Sendable, CustomTestStringConvertible {
    let code: Int32
    let testDescription: String
    var takesOneDimension = false
    let formula: @Sendable ([Double]) -> Double

    static let all: [ReductionCase] = [
        .init(code: SUTURE_SUM, testDescription: "sum") { $0.reduce(0, +) },
        .init(code: SUTURE_MEAN, testDescription: "mean") { $0.reduce(0, +) / Double($0.count) },
        .init(code: SUTURE_MAX, testDescription: "max") { $0.max() ?? .nan },
        .init(code: SUTURE_MIN, testDescription: "min") { $0.min() ?? .nan },
        .init(code: SUTURE_NORM, testDescription: "norm") { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() },
        .init(code: SUTURE_VARIANCE, testDescription: "variance") { x in
            let mean = x.reduce(0, +) / Double(x.count)
            return x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
        },
        .init(code: SUTURE_ALL, testDescription: "all") { $0.allSatisfy { $0 != 0 } ? 1 : 0 },
        .init(code: SUTURE_ANY, testDescription: "any") { $0.contains { $0 != 0 } ? 1 : 0 },
        .init(code: SUTURE_LOGSUMEXP, testDescription: "logsumexp") { log($0.reduce(0) { $0 + exp($1) }) },
        .init(code: SUTURE_PRODUCT, testDescription: "product", takesOneDimension: true) { $0.reduce(1, *) },
        .init(code: SUTURE_ARGMAX, testDescription: "argmax", takesOneDimension: true) { x in
            Double(x.firstIndex(of: x.max() ?? .nan) ?? -1)
        },
        .init(code: SUTURE_ARGMIN, testDescription: "argmin", takesOneDimension: true) { x in
            Double(x.firstIndex(of: x.min() ?? .nan) ?? -1)
        },
        .init(code: SUTURE_COUNT_NONZERO, testDescription: "count of what is not zero") {
            Double($0.filter { $0 != 0 }.count)
        },
    ]
}

@Suite struct ReductionTests {
    static let shape: [Int64] = [2, 3, 4]
    static let data: [Double] = (0..<24).map { (i: Int) -> Double in
        let base: [Double] = [0.5, -1.5, 0, 2.25, 3.5, -0.75, 1.25]
        return i % 7 == 2 ? 0 : base[i * 5 % 7] + Double(i) / 64
    }

    /// The reduction by plain loops.
    static func expected(_ each: ReductionCase, over dimensions: [Int]) -> [Double] {
        let kept = (0..<3).filter { !dimensions.contains($0) }
        var groups: [[Int]: [Double]] = [:]
        for flat in 0..<24 {
            let index = [flat / 12, flat / 4 % 3, flat % 4]
            groups[kept.map { index[$0] }, default: []].append(data[flat])
        }
        return groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { each.formula($0.value) }
    }

    @Test("a reduction over nothing named reduces everything", arguments: ReductionCase.all, [false, true])
    func whole(_ each: ReductionCase, _ keeps: Bool) throws {
        let result = try T(Self.data, Self.shape).reduce(each.code, keeps: keeps)
        #expect(result.shape == (keeps ? [1, 1, 1] : []))
        #expect(try areClose(result.values, Self.expected(each, over: [0, 1, 2])))
    }

    @Test("a reduction over one dimension equals the plain loop", arguments: ReductionCase.all, [0, 1, 2])
    func single(_ each: ReductionCase, _ dimension: Int) throws {
        let a = try T(Self.data, Self.shape)
        let result = try a.reduce(each.code, [Int64(dimension)])
        #expect(try areClose(result.values, Self.expected(each, over: [dimension])))
        let kept = try a.reduce(each.code, [Int64(dimension) - 3], keeps: true)
        #expect(kept.shape == Self.shape.enumerated().map { $0.offset == dimension ? 1 : $0.element })
        #expect(try kept.values == result.values)
    }

    @Test("a reduction over several dimensions equals the plain loop", arguments: ReductionCase.all)
    func several(_ each: ReductionCase) throws {
        let a = try T(Self.data, Self.shape)
        if each.takesOneDimension {
            #expect(failure { _ = try a.reduce(each.code, [0, 2]) }?.code == SUTURE_INVALID_ARGUMENT)
        } else {
            #expect(try areClose(a.reduce(each.code, [0, 2]).values, Self.expected(each, over: [0, 2])))
        }
    }

    @Test("a single number can be reduced", arguments: ReductionCase.all)
    func rankZero(_ each: ReductionCase) throws {
        let result = try full(SUTURE_DTYPE_F64, [], 2.5).reduce(each.code)
        #expect(result.shape == [])
        #expect(try areClose(result.values, [each.formula([2.5])]))
    }

    @Test(
        "sums of integers and truth values are int64",
        arguments: [SUTURE_DTYPE_BOOL, SUTURE_DTYPE_U8, SUTURE_DTYPE_I8, SUTURE_DTYPE_I32])
    func integerSums(_ dtype: Int32) throws {
        let sum = try full(dtype, [300], 1).reduce(SUTURE_SUM)
        #expect(sum.dtype == SUTURE_DTYPE_I64)
        #expect(try sum.value == 300)
    }

    @Test("all and any give bool in every dtype", arguments: CreationTests.dtypes)
    func truth(_ dtype: Int32) throws {
        let a = try full(dtype, [2], 1)
        #expect(try a.reduce(SUTURE_ALL).dtype == SUTURE_DTYPE_BOOL)
        #expect(try a.reduce(SUTURE_ANY, [0]).dtype == SUTURE_DTYPE_BOOL)
        #expect(try a.reduce(SUTURE_COUNT_NONZERO).dtype == SUTURE_DTYPE_I64)
        #expect(try a.reduce(SUTURE_ARGMAX).dtype == SUTURE_DTYPE_I64)
    }

    @Test("a sum of float16 does not lose what float16 cannot count")
    func halfSums() throws {
        #expect(try full(SUTURE_DTYPE_F16, [4096], 1).reduce(SUTURE_SUM).value == 4096)
    }

    @Test(
        "softmax, its logarithm and the running sum equal the plain loop along every dimension", arguments: [0, 1, 2])
    func along(_ dimension: Int) throws {
        let a = try T(Self.data, Self.shape)
        let strides = [12, 4, 1]
        let sizes = [2, 3, 4]
        var softmax = Self.data
        var logSoftmax = Self.data
        var running = Self.data
        var flipped = Self.data
        for flat in 0..<24 {
            let i = flat / strides[dimension] % sizes[dimension]
            let start = flat - i * strides[dimension]
            let line = (0..<sizes[dimension]).map { Self.data[start + $0 * strides[dimension]] }
            let total = line.reduce(0) { $0 + exp($1) }
            softmax[flat] = exp(Self.data[flat]) / total
            logSoftmax[flat] = Self.data[flat] - log(total)
            running[flat] = line[...i].reduce(0, +)
            flipped[flat] = line[sizes[dimension] - 1 - i]
        }
        #expect(try areClose(a.along(SUTURE_SOFTMAX, Int64(dimension)).values, softmax))
        #expect(try areClose(a.along(SUTURE_LOG_SOFTMAX, Int64(dimension)).values, logSoftmax))
        #expect(try areClose(a.along(SUTURE_CUMSUM, Int64(dimension) - 3).values, running))
        #expect(try areClose(a.along(SUTURE_FLIP, Int64(dimension)).values, flipped))
    }

    @Test("a dimension of size one can be added and removed, and no other removed")
    func squeeze() throws {
        let a = try T([1, 2, 3])
        #expect(try a.along(SUTURE_UNSQUEEZE, 0).shape == [1, 3])
        #expect(try a.along(SUTURE_UNSQUEEZE, -1).shape == [3, 1])
        #expect(try a.along(SUTURE_UNSQUEEZE, 1).along(SUTURE_SQUEEZE, -1).shape == [3])
        let error = failure { _ = try a.along(SUTURE_SQUEEZE, 0) }
        #expect(error?.code == SUTURE_INVALID_ARGUMENT)
        #expect(error?.message.contains("[3]") == true)
    }

    @Test("the largest come in descending order with their indices")
    func topK() throws {
        let a = try T([3, 1, 2, -5, 7, 0], [2, 3])
        let (values, indices) = try T.two { api.top_k(a.handle, 2, $0, $1) }
        #expect(try values.values == [3, 2, 7, 0])
        #expect(try indices.values == [0, 2, 1, 2])
        #expect(indices.dtype == SUTURE_DTYPE_I64)
        #expect(failure { _ = try T.two { api.top_k(a.handle, 4, $0, $1) } }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("a sort leaves equal elements in their order, ascending and descending")
    func sort() throws {
        let values = (0..<100).map { Double($0 * 7 % 5) }
        let a = try T(values)
        for descends in [false, true] {
            let (sorted, order) = try T.two { api.sort(a.handle, 0, descends ? 1 : 0, $0, $1) }
            let expected = values.indices.sorted { l, r in
                values[l] == values[r] ? l < r : (values[l] < values[r]) != descends
            }
            #expect(try order.values == expected.map(Double.init))
            #expect(try sorted.values == expected.map { values[$0] })
        }
    }
}

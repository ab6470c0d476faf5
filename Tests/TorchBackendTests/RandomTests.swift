// SPDX-License-Identifier: Apache-2.0
import CSuture
import Foundation
import Testing

@Suite struct RandomTests {
    func permutation(_ stream: Stream, _ n: Int64) throws -> T { try .make { api.permutation(stream.handle, n, $0) } }
    func multinomial(_ stream: Stream, _ weights: T, _ count: Int64) throws -> T {
        try .make { api.multinomial(stream.handle, weights.handle, count, $0) }
    }

    /// One of everything.
    static func draw(seed: Int64) throws -> [[Double]] {
        let stream = try Stream(seed: seed)
        let weights = try T([1, 2, 3, 4])
        return try [
            stream.normal([7]).values, stream.normal([64], dtype: SUTURE_DTYPE_F32).values,
            stream.uniform([9]).values, T.make { api.permutation(stream.handle, 10, $0) }.values,
            T.make { api.multinomial(stream.handle, weights.handle, 5, $0) }.values,
        ]
    }

    @Test("one seed gives one stream of numbers, on any thread and whatever else is drawn meanwhile")
    func seedAlone() throws {
        let expected = try Self.draw(seed: 42)
        let outer = try Stream(seed: 7)
        _ = try outer.normal([100])
        #expect(try Self.draw(seed: 42) == expected)
        nonisolated(unsafe) var other: [[Double]]?  // written by the thread, read after it has signalled
        let done = DispatchSemaphore(value: 0)
        Thread {
            other = try? Self.draw(seed: 42)
            done.signal()
        }.start()
        done.wait()
        #expect(other == expected)
    }

    @Test("another seed gives other numbers, and a stream goes on")
    func otherSeeds() throws {
        #expect(try Self.draw(seed: 1) != Self.draw(seed: 2))
        #expect(try Self.draw(seed: -1) != Self.draw(seed: 1))
        let stream = try Stream(seed: 1)
        #expect(try stream.normal([4]).values != stream.normal([4]).values)
    }

    @Test("narrow dtypes round the numbers of float32", arguments: [SUTURE_DTYPE_F16, SUTURE_DTYPE_BF16])
    func rounding(_ dtype: Int32) throws {
        let (narrow, wide) = (try Stream(seed: 8), try Stream(seed: 8))
        let a = try narrow.normal([40], dtype: dtype, mean: 1, deviation: 2)
        #expect(a.dtype == dtype)
        #expect(try a.values == wide.normal([40], dtype: SUTURE_DTYPE_F32, mean: 1, deviation: 2).cast(dtype).values)
        #expect(
            try narrow.uniform([40], dtype: dtype).values
                == wide.uniform([40], dtype: SUTURE_DTYPE_F32).cast(dtype).values)
    }

    @Test(
        "normal and uniform numbers have the moments that were asked for",
        arguments: [SUTURE_DTYPE_F32, SUTURE_DTYPE_F64])
    func moments(_ dtype: Int32) throws {
        let count = 100_000.0
        let stream = try Stream(seed: 12)
        let normal = try stream.normal([Int64(count)], dtype: dtype, mean: 3, deviation: 2).cast(SUTURE_DTYPE_F64)
        let uniform = try stream.uniform([Int64(count)], dtype: dtype, low: -1, high: 5).cast(SUTURE_DTYPE_F64)
        // Five standard errors: 2 / sqrt(count) for the mean, 2² sqrt(2 / count) for the variance; likewise below.
        #expect(try abs(normal.reduce(SUTURE_MEAN).value - 3) < 5 * 2 / count.squareRoot())
        #expect(try abs(normal.reduce(SUTURE_VARIANCE).value - 4) < 5 * 4 * (2 / count).squareRoot())
        #expect(try abs(uniform.reduce(SUTURE_MEAN).value - 2) < 5 * 3.0.squareRoot() / count.squareRoot())
        #expect(try uniform.reduce(SUTURE_MIN).value >= -1)
        #expect(try uniform.reduce(SUTURE_MAX).value <= 5)
    }

    @Test("a permutation holds every index once")
    func permutations() throws {
        let stream = try Stream(seed: 4)
        let result = try permutation(stream, 50)
        #expect(result.dtype == SUTURE_DTYPE_I64)
        #expect(try result.values.sorted() == (0..<50).map(Double.init))
        #expect(try result.values != (0..<50).map(Double.init))
        #expect(try permutation(stream, 0).shape == [0])
        #expect(failure { _ = try permutation(stream, -1) }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("draws follow their weights, row by row and in any number of dimensions")
    func weights() throws {
        let stream = try Stream(seed: 9)
        let drawn = try multinomial(stream, T([0, 1, 3, 1, 0, 0], [2, 1, 3]), 4000)
        #expect(drawn.shape == [2, 1, 4000])
        #expect(drawn.dtype == SUTURE_DTYPE_I64)
        let values = try drawn.values
        let counts = (0..<3).map { index in values[..<4000].filter { $0 == Double(index) }.count }
        // 5 standard deviations of a binomial of 4000 draws at 3/4.
        #expect(counts[0] == 0)
        #expect(abs(Double(counts[2]) - 3000) < 5 * (4000 * 0.75 * 0.25).squareRoot())
        #expect(values[4000...].allSatisfy { $0 == 0 })
        #expect(try multinomial(stream, T([1, 1]), 0).shape == [0])
    }

    @Test(
        "weights that cannot be drawn from are refused", arguments: [[-1, 2], [0, 0], [.nan, 1], []] as [[Double]])
    func badWeights(_ weights: [Double]) throws {
        let stream = try Stream(seed: 9)
        #expect(failure { _ = try multinomial(stream, T(weights), 3) }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("integers are not drawn, and deviations are not negative")
    func refusals() throws {
        let stream = try Stream(seed: 9)
        #expect(failure { _ = try stream.normal([2], dtype: SUTURE_DTYPE_I64) }?.code == SUTURE_INVALID_ARGUMENT)
        #expect(failure { _ = try stream.normal([2], deviation: -1) }?.code == SUTURE_INVALID_ARGUMENT)
        #expect(failure { _ = try stream.uniform([2], low: 2, high: 1) }?.code == SUTURE_INVALID_ARGUMENT)
    }
}

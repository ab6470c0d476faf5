// SPDX-License-Identifier: Apache-2.0
import CSuture
import Testing

@Suite struct CreationTests {
    static let dtypes: [Int32] = Array(SUTURE_DTYPE_F32...SUTURE_DTYPE_I8)

    @Test("a tensor of every dtype can be made, and tells its dtype, shape and place", arguments: dtypes)
    func full(_ dtype: Int32) throws {
        let made = try TorchBackendTests.full(dtype, [2, 3], 1)
        #expect(made.dtype == dtype)
        #expect(made.shape == [2, 3])
        #expect(try made.values == Array(repeating: 1, count: 6))
        #expect(made.info.device == SUTURE_DEVICE_CPU)
        #expect(made.info.device_index == 0)
        #expect(made.info.is_contiguous == 1)
        #expect(made.info.requires_gradient == 0)
    }

    @Test("bytes go in and come out unchanged in every dtype", arguments: dtypes)
    func bytes(_ dtype: Int32) throws {
        let width = [4, 8, 2, 2, 8, 4, 1, 1, 2, 1][Int(dtype)]
        let given = (0..<(6 * width)).map { UInt8(dtype == SUTURE_DTYPE_BOOL ? $0 % 2 : $0 + 1) }
        let made = try withSpec(dtype, [3, 2]) { spec in
            try T.make { api.from_bytes(spec, given, Int64(given.count), $0) }
        }
        var read = [UInt8](repeating: 0, count: given.count)
        try check(api.to_bytes(made.handle, &read, Int64(read.count)))
        #expect(read == given)
    }

    @Test("the bytes of a bool other than 0 and 1 count as true")
    func boolBytes() throws {
        let made = try withSpec(SUTURE_DTYPE_BOOL, [3]) { spec in
            try T.make { api.from_bytes(spec, [0, 7, 255] as [UInt8], 3, $0) }
        }
        #expect(try made.values == [0, 1, 1])
        #expect(try made.reduce(SUTURE_SUM).value == 2)
    }

    @Test("a tensor made from bytes does not look at them afterwards")
    func bytesAreCopied() throws {
        var given: [Float] = [1, 2]
        let made = try withSpec(SUTURE_DTYPE_F32, [2]) { spec in try T.make { api.from_bytes(spec, &given, 8, $0) } }
        given[0] = 9
        #expect(try made.values == [1, 2])
    }

    @Test("a view is written out row by row")
    func viewBytes() throws {
        #expect(try T([1, 2, 3, 4, 5, 6], [2, 3]).transpose(0, 1).values == [1, 4, 2, 5, 3, 6])
    }

    @Test("a byte count that does not fit the shape, or the buffer, is refused")
    func byteCounts() throws {
        let short = failure {
            try withSpec(SUTURE_DTYPE_F32, [3]) { spec in _ = try T.make { api.from_bytes(spec, [0] as [Float], 4, $0) }
            }
        }
        #expect(short?.code == SUTURE_INVALID_ARGUMENT)
        #expect(short?.message.contains("12 bytes, not 4") == true)
        var buffer = 0.0
        let a = try T([1, 2])
        #expect(failure { try check(api.to_bytes(a.handle, &buffer, 8)) }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("a range goes from its start to below its end")
    func arange() throws {
        let whole = try withSpec(SUTURE_DTYPE_I64, []) { spec in try T.make { api.arange(spec, 2, 9, 3, $0) } }
        #expect(whole.dtype == SUTURE_DTYPE_I64)
        #expect(try whole.values == [2, 5, 8])
        let fraction = try withSpec(SUTURE_DTYPE_F64, []) { spec in try T.make { api.arange(spec, 0, 1, 0.25, $0) } }
        #expect(try fraction.values == [0, 0.25, 0.5, 0.75])
    }

    @Test("the identity has ones on its diagonal")
    func eye() throws {
        let made = try withSpec(SUTURE_DTYPE_BF16, []) { spec in try T.make { api.eye(spec, 2, $0) } }
        #expect(made.dtype == SUTURE_DTYPE_BF16)
        #expect(try made.values == [1, 0, 0, 1])
    }

    @Test("tensors without dimensions and without elements work")
    func degenerate() throws {
        #expect(try TorchBackendTests.full(SUTURE_DTYPE_F32, [], 4).values == [4])
        let empty = try TorchBackendTests.full(SUTURE_DTYPE_F32, [0, 3], 4)
        #expect(try empty.values == [])
        #expect(try empty.reduce(SUTURE_SUM).value == 0)
    }

    @Test("a cast rounds to the nearest number of the dtype")
    func cast() throws {
        #expect(try T([1.0 / 3]).cast(SUTURE_DTYPE_F32).values == [Double(Float(1) / 3)])
        #expect(try T([1 + 0x1p-8]).cast(SUTURE_DTYPE_BF16).values == [1])
        #expect(try T([0, 2]).cast(SUTURE_DTYPE_BOOL).values == [0, 1])
    }

    @Test("minus one as dtype or device leaves it as it is")
    func castNothing() throws {
        let a = try T([1, 2], dtype: SUTURE_DTYPE_F16)
        let same = try T.make { api.cast(a.handle, -1, -1, 0, $0) }
        #expect(same.dtype == SUTURE_DTYPE_F16)
        #expect(try T.make { api.cast(a.handle, SUTURE_DTYPE_F64, SUTURE_DEVICE_CPU, 0, $0) }.dtype == SUTURE_DTYPE_F64)
    }

    @Test("structs that end before their first fields are refused by name", arguments: [0, 12])
    func shortStructs(size: Int) throws {
        let a = try T([1, 2], [1, 2])
        var spec = suture_tensor_spec()
        spec.struct_size = size
        let made = failure { _ = try T.make { api.full(&spec, 3, $0) } }
        #expect(made?.code == SUTURE_INVALID_ARGUMENT)
        #expect(made?.message.contains("struct_size of suture_tensor_spec is \(size)") == true)
        var info = suture_tensor_info()
        info.struct_size = size
        info.rank = 99
        #expect(failure { try check(api.info(a.handle, &info)) }?.code == SUTURE_INVALID_ARGUMENT)
        #expect(info.rank == 99)
    }

    @Test("negative sizes, sizes beyond memory and too many dimensions are refused")
    func badShapes() {
        #expect(failure { _ = try TorchBackendTests.full(SUTURE_DTYPE_F32, [-1], 0) }?.code == SUTURE_INVALID_ARGUMENT)
        #expect(
            failure { _ = try TorchBackendTests.full(SUTURE_DTYPE_F32, [1 << 40, 1 << 40], 0) }?.code
                == SUTURE_RESOURCE_EXHAUSTED)
        let ranks = failure { _ = try TorchBackendTests.full(SUTURE_DTYPE_F32, Array(repeating: 1, count: 9), 0) }
        #expect(ranks?.code == SUTURE_INVALID_ARGUMENT)
        #expect(
            failure { _ = try T([1]).reshape(Array(repeating: 1, count: 9)) }?.message.contains("9 dimensions") == true)
    }
}

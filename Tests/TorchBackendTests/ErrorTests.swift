// SPDX-License-Identifier: Apache-2.0
import CSuture
import Testing

@Suite struct ErrorTests {
    @Test("an unknown code is refused by its kind and number, in every group")
    func unknownCodes() throws {
        let a = try T([1, 2, 3, 4], [2, 2])
        let index = try T(ints: [0])
        for code: Int32 in [-1, 0, 999, .max, .min] {
            let errors = [
                failure { _ = try a.unary(code) }, failure { _ = try a.binary(code, a) },
                failure { _ = try a.number(code, 2) }, failure { _ = try a.reduce(code) },
                failure { _ = try a.along(code, 0) }, failure { _ = try a.decompose(code) },
                failure { _ = try a.shaped(code, [2, 2]) }, failure { _ = try a.indexed(code, 0, index) },
            ]
            for error in errors {
                #expect(error?.code == SUTURE_UNIMPLEMENTED)
                #expect(error?.message.contains("\(code)") == true)
                #expect(error?.hint.isEmpty == false)
            }
            #expect(failure { _ = try full(code == 0 ? 50 : code, [1], 0) }?.code == SUTURE_UNIMPLEMENTED)
        }
        #expect(
            failure { _ = try a.unary(999) }?.message
                == "unary operation: this host does not know the unary operation 999")
    }

    @Test(
        "binary operations that make no sense with a number are not offered with one",
        arguments: [SUTURE_AND, SUTURE_MATMUL, SUTURE_OUTER, SUTURE_FLOOR_DIVIDE])
    func notWithNumbers(_ code: Int32) throws {
        #expect(failure { _ = try T([1]).number(code, 2) }?.code == SUTURE_UNIMPLEMENTED)
    }

    @Test("shapes that do not fit give one sentence that names the operation and the shapes")
    func shapes() throws {
        let error = failure { _ = try T([1, 2, 3, 4, 5, 6], [2, 3]).matmul(T([1, 2, 3, 4], [2, 2])) }
        #expect(error?.code == SUTURE_INVALID_ARGUMENT)
        #expect(error?.message.hasPrefix("matmul: ") == true)
        #expect(error?.message.contains("2x3 and 2x2") == true)
        #expect(error?.message.contains("\n") == false)
        #expect(error?.message.contains("Exception raised") == false)
        #expect(error?.hint.isEmpty == false)
    }

    @Test("dtypes that do not fit are named")
    func dtypes() throws {
        let error = failure { _ = try T([1], [1, 1]).matmul(T([1], [1, 1], dtype: SUTURE_DTYPE_F32)) }
        #expect(error?.code == SUTURE_INVALID_ARGUMENT)
        #expect(error?.message.contains("dtype") == true)
        #expect(failure { _ = try T(ints: [1, 2]).reduce(SUTURE_MEAN) }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("a dimension that does not exist is an error in every group")
    func dimensions() throws {
        let a = try T([1, 2])
        let errors = [
            failure { _ = try a.reduce(SUTURE_SUM, [1]) }, failure { _ = try a.along(SUTURE_SOFTMAX, 1) },
            failure { _ = try a.along(SUTURE_SQUEEZE, 5) }, failure { _ = try a.transpose(0, 1) },
            failure { _ = try a.slice(1, 0, 1) }, failure { _ = try a.indexed(SUTURE_INDEX_SELECT, 1, T(ints: [0])) },
        ]
        for error in errors {
            #expect(error?.code == SUTURE_INVALID_ARGUMENT)
            #expect(error?.message.contains("imension") == true)
        }
    }

    @Test("more memory than there is gives an error and not the end of the process")
    func outOfMemory() {
        let error = failure { _ = try full(SUTURE_DTYPE_U8, [1 << 48], 0) }
        #expect(error?.code == SUTURE_RESOURCE_EXHAUSTED)
        #expect(error?.hint.isEmpty == false)
    }

    @Test("exceptions of the C++ library become errors too")
    func standardExceptions() throws {
        let handles = [try T([1]).handle]
        let tooMany = failure { _ = try T.make { api.concatenate(handles, 1 << 45, 0, 0, $0) } }
        #expect(tooMany?.code == SUTURE_RESOURCE_EXHAUSTED)  // std::bad_alloc
        let absurd = failure { _ = try T.make { api.concatenate(handles, .max, 0, 0, $0) } }
        #expect(absurd?.code == SUTURE_INTERNAL)  // std::length_error
        #expect(absurd?.message.hasPrefix("concatenate: ") == true)
        #expect(failure { _ = try T.make { api.concatenate(handles, -1, 0, 0, $0) } }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("an integer division by zero is an error and not a signal")
    func divisionByZero() throws {
        #expect(
            failure { _ = try T(ints: [1]).binary(SUTURE_FLOOR_DIVIDE, T(ints: [0])) }?.code == SUTURE_INVALID_ARGUMENT)
        #expect(
            failure { _ = try T(ints: [1]).binary(SUTURE_REMAINDER, T(ints: [0])) }?.code == SUTURE_INVALID_ARGUMENT)
    }

    @Test("after an error nothing is handed out")
    func outIsUntouched() throws {
        let a = try T([1, 2])
        var out: OpaquePointer? = a.handle
        #expect(throws: TableError.self) { try check(api.unary(999, a.handle, &out)) }
        #expect(out == a.handle)
    }
}

@Suite struct DeviceTests {
    @Test("there is one CPU, and an unknown device is refused")
    func count() throws {
        var count: Int64 = 0
        try check(api.device_count(SUTURE_DEVICE_CPU, &count))
        #expect(count == 1)
        #expect(failure { try check(api.device_count(9, &count)) }?.code == SUTURE_UNIMPLEMENTED)
    }

    static let hasCUDALibrary: Bool = {
        var count: Int64 = 0
        return failure { try check(api.device_count(SUTURE_DEVICE_CUDA, &count)) } == nil
    }()

    @Test(
        "without the CUDA library, asking for CUDA says which file is missing and what to do",
        .enabled(if: !hasCUDALibrary))
    func noCUDA() throws {
        var count: Int64 = 0
        let a = try T([1])
        let errors = [
            failure { try check(api.device_count(SUTURE_DEVICE_CUDA, &count)) },
            failure { _ = try T.make { api.cast(a.handle, -1, SUTURE_DEVICE_CUDA, 0, $0) } },
            failure {
                _ = try withSpec(SUTURE_DTYPE_F32, [1], device: SUTURE_DEVICE_CUDA) { spec in
                    try T.make { api.full(spec, 1, $0) }
                }
            },
        ]
        for error in errors {
            #expect(error?.code == SUTURE_UNAVAILABLE)
            #expect(error?.message.contains("libtorch_cuda") == true)
            #expect(error?.hint.contains("LIBTORCH") == true)
            #expect(error?.hint.contains("device: cpu") == true)
        }
    }

    @Test("with the CUDA library and a device, the numbers are those of the CPU", .enabled(if: hasCUDALibrary))
    func onCUDA() throws {
        var count: Int64 = 0
        try check(api.device_count(SUTURE_DEVICE_CUDA, &count))
        guard count > 0 else { return }
        let a = try Stream(seed: 2).normal([4, 4]).leaf()
        let moved = try T.make { api.cast(a.handle, -1, SUTURE_DEVICE_CUDA, 0, $0) }
        #expect(moved.info.device == SUTURE_DEVICE_CUDA)
        let result = try moved.matmul(moved)
        #expect(try areClose(result.values, a.matmul(a).values))
        try result.reduce(SUTURE_SUM).backward()
        #expect(try a.gradient != nil)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Who owns what. Counts of live handles are taken in processes of their own, since other tests run beside these.
import CSuture
import Foundation
import Testing
import TorchBackend

/// DLManagedTensorVersioned of DLPack 1.x, by its layout.
struct DLManaged {
    var major: UInt32 = 1
    var minor: UInt32 = 0
    var context: UnsafeMutableRawPointer?
    var deleter: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
    var flags: UInt64 = 0
    var data: UnsafeMutableRawPointer?
    var deviceType: Int32 = 1
    var deviceID: Int32 = 0
    var rank: Int32 = 0
    var typeCode: UInt8 = 2
    var typeBits: UInt8 = 64
    var typeLanes: UInt16 = 1
    var shape: UnsafeMutablePointer<Int64>?
    var strides: UnsafeMutablePointer<Int64>?
    var byteOffset: UInt64 = 0
}

/// Memory lent to a tensor, and how often it was given back.
final class Loan {
    let memory: UnsafeMutablePointer<Double>
    let count: Int
    let shape: UnsafeMutablePointer<Int64>
    let strides: UnsafeMutablePointer<Int64>
    let managed: UnsafeMutablePointer<DLManaged>
    var returns = 0

    init(_ values: [Double]) {
        count = values.count
        memory = .allocate(capacity: count)
        memory.initialize(from: values, count: count)
        shape = .allocate(capacity: 2)
        strides = .allocate(capacity: 2)
        managed = .allocate(capacity: 1)
        managed.initialize(to: DLManaged())
        managed.pointee.context = context
        managed.pointee.deleter = { Loan.of(DLManagedPointer($0)?.pointee.context).returns += 1 }
        managed.pointee.data = UnsafeMutableRawPointer(memory)
        managed.pointee.shape = shape
    }
    deinit {
        memory.deallocate()
        shape.deallocate()
        strides.deallocate()
        managed.deallocate()
    }

    var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
    static func of(_ context: UnsafeMutableRawPointer?) -> Loan {
        Unmanaged<Loan>.fromOpaque(context!).takeUnretainedValue()  // only ever called with a context of ours
    }

    func borrow(byteCount: Int? = nil, dtype: Int32 = SUTURE_DTYPE_F64, offset: Int = 0) throws -> T {
        try withSpec(dtype, [Int64(count)]) { spec in
            try T.make {
                api.from_borrowed(
                    spec, UnsafeRawPointer(memory) + offset, Int64(byteCount ?? count * 8), context,
                    { Loan.of($0).returns += 1 }, $0)
            }
        }
    }
    func exchange(_ sizes: [Int64], strides steps: [Int64]? = nil) throws -> T {
        managed.pointee.rank = Int32(sizes.count)
        shape.update(from: sizes, count: sizes.count)
        if let steps {
            strides.update(from: steps, count: steps.count)
            managed.pointee.strides = strides
        }
        return try T.make { api.from_dlpack(OpaquePointer(managed), $0) }
    }
}

func DLManagedPointer(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<DLManaged>? {
    raw?.assumingMemoryBound(to: DLManaged.self)
}

@Suite struct MemoryTests {
    @Test("a handle lives until its last reference is released")
    func counting() async {
        await #expect(processExitsWith: .success) {
            let before = torch_backend_live_tensors()
            var out: OpaquePointer?
            try withSpec(SUTURE_DTYPE_F32, [2]) { spec in try check(api.full(spec, 1, &out)) }
            let handle = try #require(out)
            #expect(torch_backend_live_tensors() == before + 1)
            api.retain(handle)
            api.release(handle)
            #expect(torch_backend_live_tensors() == before + 1)
            api.release(handle)
            #expect(torch_backend_live_tensors() == before)
        }
    }

    @Test("a million small operations leave neither handles nor memory behind")
    func noGrowth() async {
        await #expect(processExitsWith: .success) {
            func residentBytes() throws -> Int {
                let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
                return (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
            }
            let table = torch_backend_tensor_api()
            let a = try T([1, 2, 3, 4], dtype: SUTURE_DTYPE_F32)
            func run(_ count: Int) {
                for _ in 0..<count {
                    var out: OpaquePointer?
                    _ = table.pointee.binary(SUTURE_ADD, a.handle, a.handle, &out)
                    if let out { table.pointee.release(out) }
                }
            }
            run(10_000)
            let (handles, bytes) = (torch_backend_live_tensors(), try residentBytes())
            run(1_000_000)
            #expect(torch_backend_live_tensors() == handles)
            #expect(try residentBytes() - bytes < 20 << 20)
        }
    }

    @Test("errors, graphs and operations with several results leave no handles behind")
    func noLeaks() async {
        await #expect(processExitsWith: .success) {
            let before = torch_backend_live_tensors()
            for _ in 0..<100 {
                let a = try T([2, 1, 1, 3], [2, 2]).leaf()
                _ = try a.decompose(SUTURE_SVD)
                _ = try T.two { api.sort(a.handle, 0, 0, $0, $1) }
                _ = try a.unary(SUTURE_SQUARE).gradients([a])
                _ = failure { _ = try a.matmul(T([1, 2, 3])) }
                _ = failure { _ = try a.reshape(Array(repeating: 1, count: 9)) }
            }
            #expect(torch_backend_live_tensors() == before)
        }
    }

    @Test("one tensor can be used and counted on several threads at once")
    func threads() async {
        await #expect(processExitsWith: .success) {
            let a = try full(SUTURE_DTYPE_F32, [8], 1)
            nonisolated(unsafe) let handle = a.handle  // counted atomically, and never changed
            let before = torch_backend_live_tensors()
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                for _ in 0..<5_000 {
                    api.retain(handle)
                    var out: OpaquePointer?
                    _ = api.unary(SUTURE_EXP, handle, &out)
                    if let out { api.release(out) }
                    api.release(handle)
                }
            }
            #expect(torch_backend_live_tensors() == before)
            #expect(try a.reduce(SUTURE_SUM).value == 8)
        }
    }

    @Test("borrowed memory is looked at without a copy, and given back once, after the last tensor over it")
    func borrowed() throws {
        let loan = Loan([1, 2, 3])
        var tensor: T? = try loan.borrow()
        loan.memory[1] = 20
        #expect(try tensor?.values == [1, 20, 3])
        var view: T? = try tensor?.slice(0, 1, 3)
        let copy = try tensor?.unary(SUTURE_CLONE)
        tensor = nil
        #expect(loan.returns == 0)
        #expect(try view?.values == [20, 3])
        view = nil
        #expect(loan.returns == 1)
        #expect(try copy?.values == [1, 20, 3])
    }

    @Test("memory of no elements is given back too")
    func borrowedNothing() throws {
        let loan = Loan([])
        _ = try loan.borrow()
        #expect(loan.returns == 1)
    }

    @Test("memory whose borrowing fails stays its owner's")
    func borrowFails() {
        let loan = Loan([1, 2])
        #expect(failure { _ = try loan.borrow(byteCount: 8) }?.code == SUTURE_INVALID_ARGUMENT)
        #expect(failure { _ = try loan.borrow(dtype: 99) }?.code == SUTURE_UNIMPLEMENTED)
        #expect(failure { _ = try loan.borrow(offset: 1) }?.message.contains("aligned") == true)
        #expect(loan.returns == 0)
    }

    @Test("borrowed memory is not written to, through whatever view or leaf")
    func borrowedIsReadOnly() throws {
        let loan = Loan([1, 2])
        let tensor = try loan.borrow()
        let leaf = try tensor.leaf()
        let errors = [
            failure { try tensor.assign(T([3, 4])) },
            failure { try tensor.slice(0, 0, 1).assign(T([3])) },
            failure { try leaf.assign(T([3, 4])) },
            failure { _ = try Optimizer(SUTURE_OPTIMIZER_SGD, [leaf]) { _ in } },
        ]
        for error in errors {
            #expect(error?.code == SUTURE_FAILED_PRECONDITION)
            #expect(error?.hint == "clone() it and change the copy (SUTURE_CLONE in C)")
        }
        try tensor.unary(SUTURE_CLONE).assign(T([3, 4]))
        #expect(try tensor.values == [1, 2])
    }

    @Test("a sealed tensor is not written to, through whatever view or leaf, and goes out with the flag that says so")
    func sealed() throws {
        let tensor = try T([1, 2])
        let early = try tensor.leaf()
        let optimizer = try Optimizer(SUTURE_OPTIMIZER_SGD, [early]) { $0.learning_rate = 1 }
        let view = try tensor.slice(0, 0, 1)
        withExtendedLifetime(view) { torch_backend_seal(view.handle, 0) }
        let errors = [
            failure { try tensor.assign(T([3, 4])) }, failure { try view.assign(T([3])) },
            failure { try tensor.reshape([2, 1]).assign(T([3, 4], [2, 1])) },
            failure { _ = try Optimizer(SUTURE_OPTIMIZER_SGD, [tensor.leaf()]) { _ in } },
            failure { try check(api.optimizer_step(optimizer.handle)) },
        ]
        for error in errors { #expect(error?.code == SUTURE_FAILED_PRECONDITION) }
        try tensor.unary(SUTURE_CLONE).assign(T([3, 4]))
        #expect(try tensor.values == [1, 2])
        var out: OpaquePointer?
        try check(api.to_dlpack(tensor.handle, &out))
        let managed = try #require(DLManagedPointer(UnsafeMutableRawPointer(out)))
        #expect(managed.pointee.flags == 1)
        managed.pointee.deleter?(managed)
    }

    @Test("sealing gives no memory away: it is freed with the last view, and an empty tensor can be sealed")
    func sealedMemory() throws {
        for _ in 0..<2 {
            let tensor = try full(SUTURE_DTYPE_F32, [1000], 1)
            torch_backend_seal(tensor.handle, 1)
            torch_backend_seal(tensor.handle, 0)
            #expect(try tensor.reduce(SUTURE_SUM).value == 1000)
            let (view, copy) = (try tensor.slice(0, 1, 2), try tensor.unary(SUTURE_CLONE))
            withExtendedLifetime((view, copy)) {
                #expect(torch_backend_shares_memory(tensor.handle, view.handle) == 1)
                #expect(torch_backend_shares_memory(tensor.handle, copy.handle) == 0)
            }
        }
        let empty = try full(SUTURE_DTYPE_F32, [0], 1)
        withExtendedLifetime(empty) { torch_backend_seal(empty.handle, 1) }
    }

    // In a process of its own: the check is over all memory that went out, and other tests let plugins write to theirs.
    @Test("a write through an address that went out is found as long as the memory lives")
    func exports() async throws {
        await #expect(processExitsWith: .success) {
            do {
                let tensor = try T([1, 2])
                torch_backend_seal(tensor.handle, 1)
                var out: OpaquePointer?
                try check(api.to_dlpack(tensor.handle, &out))
                let managed = try #require(DLManagedPointer(UnsafeMutableRawPointer(out)))
                #expect(torch_backend_exports_are_unchanged() == 1)
                managed.pointee.data?.storeBytes(of: 5, as: Double.self)
                #expect(torch_backend_exports_are_unchanged() == 0)
                managed.pointee.deleter?(managed)
            }
            #expect(torch_backend_exports_are_unchanged() == 1)
        }
    }

    @Test("a tensor goes out by DLPack with its data, shape, strides and dtype, and its memory outlives the handle")
    func toDLPack() throws {
        var out: OpaquePointer?
        do {
            let tensor = try T([1, 2, 3, 4, 5, 6], [2, 3]).leaf().transpose(0, 1)
            try check(api.to_dlpack(tensor.handle, &out))
        }
        let managed = try #require(DLManagedPointer(UnsafeMutableRawPointer(out)))
        let it = managed.pointee
        #expect((it.major, it.rank, it.typeCode, it.typeBits, it.typeLanes) == (1, 2, 2, 64, 1))
        #expect((it.deviceType, it.flags) == (1, 0))
        #expect([it.shape?[0], it.shape?[1]] == [3, 2])
        #expect([it.strides?[0], it.strides?[1]] == [1, 3])
        let data = try #require(it.data).advanced(by: Int(it.byteOffset)).assumingMemoryBound(to: Double.self)
        #expect((0..<6).map { data[$0] } == [1, 2, 3, 4, 5, 6])
        it.deleter?(managed)
    }

    @Test("a tensor comes in by DLPack without a copy, and the struct is ended once, after the last tensor over it")
    func fromDLPack() throws {
        let loan = Loan([1, 2, 3, 4, 5, 6])
        var tensor: T? = try loan.exchange([3, 2], strides: [1, 3])
        #expect(tensor?.shape == [3, 2])
        #expect(try tensor?.values == [1, 4, 2, 5, 3, 6])
        try tensor?.slice(0, 0, 1).assign(T([10, 40], [1, 2]))
        #expect(loan.memory[0] == 10 && loan.memory[3] == 40)
        var view: T? = try tensor?.slice(0, 1, 2)
        tensor = nil
        #expect(loan.returns == 0)
        #expect(try view?.values == [2, 5])
        view = nil
        #expect(loan.returns == 1)
    }

    @Test("strides may be missing, an offset counts, and memory marked read-only is not written to")
    func fromDLPackVariants() throws {
        let loan = Loan([1, 2, 3, 4])
        loan.managed.pointee.byteOffset = 16
        loan.managed.pointee.flags = 1
        let tensor = try loan.exchange([1, 2])
        #expect(try tensor.values == [3, 4])
        #expect(failure { try tensor.assign(T([0, 0], [1, 2])) }?.code == SUTURE_FAILED_PRECONDITION)
    }

    @Test("a DLPack struct that cannot be taken stays its owner's")
    func fromDLPackRefuses() {
        let loan = Loan([1, 2])
        loan.managed.pointee.major = 2
        #expect(failure { _ = try loan.exchange([2]) }?.code == SUTURE_UNIMPLEMENTED)
        loan.managed.pointee.major = 1
        loan.managed.pointee.typeCode = 5  // complex
        loan.managed.pointee.typeBits = 128
        #expect(failure { _ = try loan.exchange([1]) }?.code == SUTURE_UNIMPLEMENTED)
        loan.managed.pointee.typeCode = 2
        loan.managed.pointee.typeBits = 64
        loan.managed.pointee.deviceType = 8  // Metal
        #expect(failure { _ = try loan.exchange([2]) }?.code == SUTURE_UNIMPLEMENTED)
        loan.managed.pointee.deviceType = 1
        #expect(failure { _ = try loan.exchange([-2]) } != nil)
        #expect(loan.returns == 0)
    }

    @Test(
        "a tensor that goes out and comes back looks at the same memory, in every dtype",
        arguments: CreationTests.dtypes)
    func roundTrip(_ dtype: Int32) throws {
        let a = try full(dtype, [2, 2], 0)
        var out: OpaquePointer?
        try check(api.to_dlpack(a.handle, &out))
        let managed = try #require(out)
        let back = try T.make { api.from_dlpack(managed, $0) }
        #expect(back.dtype == dtype)
        try a.assign(full(dtype, [2, 2], 1))
        #expect(try back.values == [1, 1, 1, 1])
    }
}

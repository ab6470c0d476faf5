// SPDX-License-Identifier: Apache-2.0
import CSuture
import Testing
import TorchBackend

@Suite struct TableTests {
    @Test("every function of the table is set, and its size is the header's")
    func everyFunctionIsSet() {
        let table = UnsafeRawPointer(torch_backend_tensor_api())
        let size = MemoryLayout<suture_tensor_api>.size
        #expect(table.load(as: Int.self) == size)
        for offset in stride(from: MemoryLayout<Int>.size, to: size, by: MemoryLayout<UInt>.size) {
            #expect(table.load(fromByteOffset: offset, as: UInt.self) != 0, "the function at offset \(offset)")
        }
    }

    @Test("the table is one and the same at every call")
    func tableIsOne() {
        #expect(torch_backend_tensor_api() == torch_backend_tensor_api())
    }

    @Test("the version names libtorch's and what is loaded")
    func version() {
        #expect(String(cString: torch_backend_version()).hasPrefix("2.13."))
        #expect(String(cString: torch_backend_version()).contains("+c"))
    }

    @Test("the number of threads can be set more than once, and anything below one means one")
    func threads() throws {
        torch_backend_set_threads(0)
        torch_backend_set_threads(2)
        #expect(try T([1, 2]).reduce(SUTURE_SUM).value == 3)
    }

    @Test("two and two are four")
    func sum() throws {
        #expect(try T([2, 2]).binary(SUTURE_ADD, T([2, 3])).values == [4, 5])
    }
}

// SPDX-License-Identifier: Apache-2.0

import CSutureHost
import Foundation
import SutureKit
import TorchBackend

/// Memory that is filled once and lies in pages that nobody can write afterwards: a plugin that writes through an address ends
/// its process, and the numbers are as before.
///
/// `@unchecked Sendable`: the memory does not change after `init` and is given back by `deinit`, when no reference is left.
final class ProtectedMemory: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    private let watch: UnsafeMutableRawPointer?

    /// - Parameter count: at least 1.
    /// - Throws: `resourceExhausted`, and what `fill` throws.
    init(
        count: Int, fill: (UnsafeMutableRawBufferPointer) throws(SutureError) -> Void
    ) throws(SutureError) {
        guard let base = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | Int32(MAP_ANONYMOUS), -1, 0),
            base != MAP_FAILED
        else {
            throw SutureError(
                .resourceExhausted, "there is no memory for a weight of \(count) bytes", hint: "free some memory")
        }
        do throws(SutureError) {
            try fill(UnsafeMutableRawBufferPointer(start: base, count: count))
        } catch {
            munmap(base, count)
            throw error
        }
        mprotect(base, count, PROT_READ)
        bytes = UnsafeRawBufferPointer(start: base, count: count)
        watch = suture_host_watch(base, count, nil)
    }

    deinit {
        suture_host_unwatch(watch)
        if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
    }
}

extension Tensor {
    /// These numbers where nobody can change them: later work relies on them, and plugins get them to see.
    ///
    /// Copies into protected pages; on a device, which has none, the tensor itself is sealed. Gradients do not flow through the
    /// copy.
    ///
    /// - Parameter keepsLayout: whether a matrix that is stored by columns stays so, since that decides about the last bits of
    ///   products; else the copy is row-major.
    package func protected(keepsLayout: Bool = false) throws(SutureError) -> Tensor {
        let size = count * dtype.size
        guard device == .cpu, size > 0 else {
            seal(isLasting: true)
            return self
        }
        if keepsLayout, rank == 2, !isContiguous, try transposed().isContiguous {
            return try transposed().protected().transposed()
        }
        let memory = try ProtectedMemory(count: size) { (target) throws(SutureError) in try copyBytes(to: target) }
        return try Tensor(borrowing: memory.bytes, shape: shape, dtype: dtype, owner: memory)
    }

    /// Nobody may write into the memory of this tensor from now on; see `torch_backend_seal`.
    ///
    /// - Parameter isLasting: whether later work reads it, too.
    package func seal(isLasting: Bool = false) { torch_backend_seal(handle, isLasting ? 1 : 0) }

    /// The handle for a plugin, on what came out of a model or is kept by the host: read-only.
    ///
    /// - Parameter own: tensors of the plugin. What looks at their memory is the plugin's, and stays as it is.
    package func sealedHandle(
        isLasting: Bool = false, unlessSharedWith own: [Tensor] = []
    ) throws(SutureError) -> OpaquePointer {
        if !own.contains(where: sharesMemory) { seal(isLasting: isLasting) }
        return try retainedHandle()
    }

    /// Whether both look at the same memory.
    func sharesMemory(with other: Tensor) -> Bool { torch_backend_shares_memory(handle, other.handle) != 0 }
}

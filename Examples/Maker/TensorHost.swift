// SPDX-License-Identifier: Apache-2.0

import CSuture
import CSutureHost
import SutureKit
import TorchBackend

/// Makes this program a host of its own, with the tensor table alone.
enum TensorHost {
    /// Takes libtorch's tensor table into use. Call it once, before the first tensor.
    static func install() throws(SutureError) {
        // The table must live as long as the process: it is never freed.
        let host = UnsafeMutablePointer<suture_host>.allocate(capacity: 1)
        host.initialize(
            to: suture_host(
                struct_size: MemoryLayout<suture_host>.size, abi_major: SUTURE_ABI_MAJOR, abi_minor: SUTURE_ABI_MINOR,
                context: nil, error_new: suture_host_error_new, error_code: suture_host_error_code,
                error_message: suture_host_error_message, error_hint: suture_host_error_hint,
                error_release: suture_host_error_release, log: ignore, get_extension: findTable))
        try Host.install(host)
    }

    private static let ignore: @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>) -> Void = {
        _, _, _ in
    }

    private static let findTable:
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>) -> UnsafeRawPointer? = { _, id in
            String(cString: id) == SUTURE_TENSOR_ID ? UnsafeRawPointer(torch_backend_tensor_api()) : nil
        }
}

// SPDX-License-Identifier: Apache-2.0

import CSuture
import CSutureHost
import SutureKit
import SutureModel
import TorchBackend

/// Installs the host's tables once per test process. Every suite that touches a tensor calls it first.
public enum TestHost {
    public static func install() throws { try result.get() }

    // Swift initialises it once, whichever suite comes first.
    private static let result: Result<Void, any Error> = Result {
        let host = UnsafeMutablePointer<suture_host>.allocate(capacity: 1)
        host.initialize(
            to: suture_host(
                struct_size: MemoryLayout<suture_host>.size, abi_major: SUTURE_ABI_MAJOR, abi_minor: SUTURE_ABI_MINOR,
                context: nil, error_new: suture_host_error_new, error_code: suture_host_error_code,
                error_message: suture_host_error_message, error_hint: suture_host_error_hint,
                error_release: suture_host_error_release, log: { _, _, _ in }, get_extension: TestHost.table))
        try Host.install(host)
    }

    private static let table: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>) -> UnsafeRawPointer? = {
        _, id in
        switch String(cString: id) {
        case SUTURE_TENSOR_ID: UnsafeRawPointer(torch_backend_tensor_api())
        case SUTURE_MODEL_ID: UnsafeRawPointer(ModelTable.pointer)
        case SUTURE_SESSION_ID: UnsafeRawPointer(TestSession.table)
        default: nil
        }
    }
}

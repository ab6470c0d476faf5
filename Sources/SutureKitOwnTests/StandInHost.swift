// SPDX-License-Identifier: Apache-2.0

import CSuture

@testable import SutureKit

/// A host without tensors and models: errors, a log that goes nowhere, and tables that are there and empty. Enough for what
/// crosses the boundary as values.
enum StandInHost {
    /// Takes the host into use. Further calls do nothing.
    static func install() throws { try Host.install(table) }

    private final class Failure {
        let code: suture_code
        let texts = CArena()
        let message: UnsafePointer<CChar>
        let hint: UnsafePointer<CChar>

        init(_ code: suture_code, _ message: UnsafePointer<CChar>, _ hint: UnsafePointer<CChar>?) {
            self.code = code
            self.message = texts.string(String(cString: message))
            self.hint = texts.string(hint.map { String(cString: $0) } ?? "")
        }

        static func at(_ error: OpaquePointer) -> Failure {
            Unmanaged<Failure>.fromOpaque(UnsafeRawPointer(error)).takeUnretainedValue()
        }
    }

    /// Memory of tables. Nothing in it is ever freed.
    nonisolated(unsafe) private static let arena = CArena()

    nonisolated(unsafe) private static let table: UnsafePointer<suture_host> = arena.make(suture_host.self) {
        $0.abi_major = SUTURE_ABI_MAJOR
        $0.abi_minor = SUTURE_ABI_MINOR
        $0.error_new = { _, code, message, hint in
            OpaquePointer(Unmanaged.passRetained(Failure(code, message, hint)).toOpaque())
        }
        $0.error_code = { _, error in Failure.at(error).code }
        $0.error_message = { _, error in Failure.at(error).message }
        $0.error_hint = { _, error in Failure.at(error).hint }
        $0.error_release = { _, error in Unmanaged<Failure>.fromOpaque(UnsafeRawPointer(error)).release() }
        $0.log = { _, _, _ in }
        $0.get_extension = { _, id in
            switch String(cString: id) {
            case SUTURE_TENSOR_ID: UnsafeRawPointer(StandInHost.tensors)
            case SUTURE_SESSION_ID: UnsafeRawPointer(StandInHost.sessions)
            default: nil
            }
        }
    }
    nonisolated(unsafe) private static let tensors = arena.make(suture_tensor_api.self) { _ in }
    nonisolated(unsafe) private static let sessions = arena.make(suture_session_api.self) {
        $0.seed = { _ in 7 }
        $0.progress = { _, _, _, _ in nil }
    }

    /// A table of ours, for questions about functions that it lacks.
    static var sessionTable: UnsafePointer<suture_session_api> { sessions }
}

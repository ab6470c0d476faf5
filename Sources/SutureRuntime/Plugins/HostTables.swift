// SPDX-License-Identifier: Apache-2.0

import CSuture
import CSutureHost
import SutureKit
import SutureModel
import Synchronization
import TorchBackend

import func Glibc.free

/// What this process offers to plugins: the one `suture_host`, and the tables that it gives by extension id.
///
/// A process that uses SutureKit or loads plugins calls ``install()`` first.
package enum HostTables {
    /// Takes the tables into use in the host's own image, so that SutureKit works here. Further calls do nothing.
    package static func install() throws(SutureError) {
        Processor.useDefault()
        try Host.install(host)
    }

    /// The same in a worker: log lines go to its host.
    ///
    /// - Parameters:
    ///   - permission: which libraries plugins may bind functions from.
    ///   - threads: of one operation; nil: the default.
    package static func install(for link: WorkerLink, permission: CodePermission, threads: Int? = nil)
        throws(SutureError)
    {
        FunctionTable.permit(permission)
        setLog { level, message in link.log(level, message) }
        try install()
        if let threads { Processor.use(threads: threads) }
    }

    /// Where log lines of host and plugins go; without one they go nowhere. Called from any thread. Longer lines than
    /// `SUTURE_HOST_LONGEST_TEXT` are cut.
    package static func setLog(_ sink: @escaping @Sendable (Host.LogLevel, String) -> Void) {
        log.withLock { $0 = sink }
    }

    /// The table that plugins are started with. Lives as long as the process.
    package static var host: UnsafePointer<suture_host> { table.address }

    // Tables are immutable and live as long as the process.
    private struct Table: @unchecked Sendable { let address: UnsafeRawPointer }
    private struct HostTable: @unchecked Sendable { let address: UnsafePointer<suture_host> }

    private static let extensions = [
        SUTURE_TENSOR_ID: Table(address: UnsafeRawPointer(torch_backend_tensor_api())),
        SUTURE_MODEL_ID: Table(address: UnsafeRawPointer(ModelTable.pointer)),
        SUTURE_SESSION_ID: Table(address: UnsafeRawPointer(SessionTable.pointer)),
        SUTURE_FUNCTION_ID: Table(address: UnsafeRawPointer(FunctionTable.pointer)),
    ]

    private static let log = Mutex<(@Sendable (Host.LogLevel, String) -> Void)?>(nil)

    private static let table: HostTable = {
        let table = UnsafeMutablePointer<suture_host>.allocate(capacity: 1)
        table.initialize(
            to: suture_host(
                struct_size: MemoryLayout<suture_host>.size, abi_major: SUTURE_ABI_MAJOR, abi_minor: SUTURE_ABI_MINOR,
                context: nil, error_new: suture_host_error_new, error_code: suture_host_error_code,
                error_message: suture_host_error_message, error_hint: suture_host_error_hint,
                error_release: suture_host_error_release, log: writeLog, get_extension: findTable))
        return HostTable(address: UnsafePointer(table))
    }()

    private static let writeLog: @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>) -> Void = {
        _, level, message in
        suture_host_note_activity()
        let sink = log.withLock { $0 }
        // Where memory is short, the line is lost.
        guard let sink, let text = suture_host_text(message) else { return }
        defer { free(text) }
        sink(Host.LogLevel(rawValue: level) ?? .info, String(cString: text))
    }

    private static let findTable: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>) -> UnsafeRawPointer? =
        { _, id in
            suture_host_note_activity()
            return extensions[String(cString: id)]?.address
        }
}

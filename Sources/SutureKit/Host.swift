// SPDX-License-Identifier: Apache-2.0

import CSuture

/// The host's tables, as this image (host executable or plugin) sees them.
///
/// Host and plugins each link their own SutureKit. An image calls ``install(_:)`` once, before anything else: a plugin
/// when it is started, the host when the process starts. Everything in SutureKit speaks through these tables.
public enum Host {
    struct Tables {
        let host: UnsafePointer<suture_host>
        let tensor: UnsafePointer<suture_tensor_api>
        let model: UnsafePointer<suture_model_api>?
        let session: UnsafePointer<suture_session_api>?
        let function: UnsafePointer<suture_function_api>?
    }

    // Written by `install` alone, which the loader calls before any other use and never again with other tables; the
    // tables themselves are immutable and live as long as the process.
    nonisolated(unsafe) private static var installed: Tables?

    /// Takes the host's tables into use. A second call is ignored.
    ///
    /// A host may be older than this kit: functions that it lacks are asked for when they are used (``require(_:_:)``).
    ///
    /// - Throws: `failedPrecondition` when the host lacks the tensor table, or offers a table that is too short for any minor.
    public static func install(_ host: UnsafePointer<suture_host>) throws(SutureError) {
        guard installed == nil else { return }
        _ = try Foreign(host, in: "suture_plugin.start")
        func table<Table: ForeignLayout>(_ id: String, _: Table.Type) throws(SutureError) -> UnsafePointer<Table>? {
            guard let raw = host.pointee.get_extension(host.pointee.context, id) else { return nil }
            return try Foreign(raw.assumingMemoryBound(to: Table.self), in: "the host's table \"\(id)\"").pointer
        }
        guard let tensor = try table(SUTURE_TENSOR_ID, suture_tensor_api.self) else {
            throw SutureError(
                .failedPrecondition, "the host offers no table \"\(SUTURE_TENSOR_ID)\"",
                hint: "use a host that has tensors")
        }
        installed = Tables(
            host: host, tensor: tensor, model: try table(SUTURE_MODEL_ID, suture_model_api.self),
            session: try table(SUTURE_SESSION_ID, suture_session_api.self),
            function: try table(SUTURE_FUNCTION_ID, suture_function_api.self))
    }

    /// Makes sure that the host has a function that appeared in a later minor. Call it in the same declaration, before that
    /// function; `Scripts/abi.py --check` looks for it.
    ///
    /// - Parameter function: the row that is generated for the function: `suture_model_api.Later.name`.
    /// - Throws: `unimplemented`, naming both versions, where the host lacks it.
    static func require<Table: ForeignLayout>(
        _ function: ForeignFunctionRow, of table: UnsafePointer<Table>
    ) throws(SutureError) {
        guard try !Foreign(table, in: Table.abiName).has(function) else { return }
        let host = try tables().host
        throw SutureError(
            .unimplemented,
            "the host speaks ABI \(host.pointee.abi_major).\(host.pointee.abi_minor) and has no "
                + "\(Table.abiName).\(function.name), which appeared in \(SUTURE_ABI_MAJOR).\(function.minor); this plugin "
                + "was built for \(SUTURE_ABI_MAJOR).\(SUTURE_ABI_MINOR)",
            hint: "use a newer host, or a version of the plugin that was built for this one")
    }

    static func tables() throws(SutureError) -> Tables {
        guard let installed else {
            throw SutureError(
                .failedPrecondition, "no host is installed in this image", hint: "call Host.install(_:) first")
        }
        return installed
    }

    static func models() throws(SutureError) -> UnsafePointer<suture_model_api> {
        guard let model = try tables().model else { throw missing(SUTURE_MODEL_ID) }
        return model
    }

    static func sessions() throws(SutureError) -> UnsafePointer<suture_session_api> {
        guard let session = try tables().session else { throw missing(SUTURE_SESSION_ID) }
        return session
    }

    static func functions() throws(SutureError) -> UnsafePointer<suture_function_api> {
        guard let function = try tables().function else { throw missing(SUTURE_FUNCTION_ID) }
        return function
    }

    private static func missing(_ id: String) -> SutureError {
        SutureError(.failedPrecondition, "the host offers no table \"\(id)\"", hint: "use a newer host")
    }

    /// Severity of a line in the run's log.
    public enum LogLevel: Int32, Sendable {
        /// For the author of a component.
        case debug
        /// What a user may want to know of a run.
        case info
        /// Something that a user should look at; the run goes on.
        case warning
        /// Something that failed.
        case error
    }

    /// Writes a line to the run's log. Without a host it goes nowhere.
    public static func log(_ level: LogLevel, _ message: String) {
        guard let host = installed?.host else { return }
        host.pointee.log(host.pointee.context, level.rawValue, message)
    }

    /// Throws what an ABI function returned, and ends the error. NULL passes.
    package static func check(_ error: OpaquePointer?) throws(SutureError) {
        guard let error else { return }
        throw take(error)
    }

    /// Turns an owned ABI error into a value, and ends it.
    public static func take(_ error: OpaquePointer) -> SutureError {
        guard let host = installed?.host else {
            return SutureError(.internal, "an error came from a host that is not installed")
        }
        let context = host.pointee.context
        defer { host.pointee.error_release(context, error) }
        return SutureError(
            SutureError.Code(rawValue: host.pointee.error_code(context, error)),
            String(cString: host.pointee.error_message(context, error)),
            hint: String(cString: host.pointee.error_hint(context, error)))
    }

    /// Makes an owned ABI error, to be returned across the boundary. NULL without a host.
    public static func make(_ error: SutureError) -> OpaquePointer? {
        guard let host = installed?.host else { return nil }
        return host.pointee.error_new(host.pointee.context, error.code.rawValue, error.message, error.hint)
    }

    /// Runs the body of a function that crosses the boundary: its error becomes the returned value.
    public static func returningError(_ body: () throws -> Void) -> OpaquePointer? {
        do {
            try body()
            return nil
        } catch {
            return make(SutureError(error))
        }
    }
}

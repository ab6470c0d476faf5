// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit
import Synchronization

/// The function table of the ABI ("suture.function/1") over ``BoundFunction``.
package enum FunctionTable {
    /// Lives as long as the process.
    package static var pointer: UnsafePointer<suture_function_api> { table }

    /// Which libraries functions are bound from in this process: none until someone permits it.
    package static func permit(_ permission: CodePermission) { permitted.withLock { $0 = permission } }

    private static let permitted = Mutex(CodePermission.none)

    // Written once by Swift's own initialisation, never changed, never freed.
    nonisolated(unsafe) private static let table: UnsafePointer<suture_function_api> = {
        let table = UnsafeMutablePointer<suture_function_api>.allocate(capacity: 1)
        table.initialize(
            to: suture_function_api(
                struct_size: MemoryLayout<suture_function_api>.size, bind: bind, release: release, call: call))
        return UnsafePointer(table)
    }()

    /// What a handle points to.
    private final class Box {
        let function: BoundFunction
        init(_ function: BoundFunction) { self.function = function }
    }

    private static let bind:
        @convention(c) (
            UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>
        ) -> OpaquePointer? = { library, symbol, signature, out in
            Host.returningError {
                do throws(RuntimeError) {
                    let library = String(cString: library)
                    try permitted.withLock(\.self).require([library], namedBy: "the run")
                    let function = try BoundFunction(
                        library: library, symbol: String(cString: symbol),
                        signature: String(cString: signature))
                    out.pointee = OpaquePointer(Unmanaged.passRetained(Box(function)).toOpaque())
                } catch {
                    throw SutureError(.invalidArgument, error.message, hint: error.hint)
                }
            }
        }

    private static let release: @convention(c) (OpaquePointer) -> Void = {
        Unmanaged<Box>.fromOpaque(UnsafeRawPointer($0)).release()
    }

    private static let call:
        @convention(c) (
            OpaquePointer, UnsafePointer<UnsafePointer<suture_scalar>>?, Int64, UnsafeMutableRawPointer?,
            suture_scalar_receiver
        ) -> OpaquePointer? = { handle, arguments, count, context, receive in
            Host.returningError {
                let function = Unmanaged<Box>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue().function
                var values: [BoundFunction.Value] = []
                let start = UnsafeRawPointer(arguments)?.assumingMemoryBound(to: UnsafePointer<suture_scalar>?.self)
                for argument in try foreignElements(start, count, in: "suture_function_api.call") {
                    values.append(try BoundFunction.Value(argument))
                }
                let result: BoundFunction.Value
                do throws(RuntimeError) {
                    result = try function.call(values)
                } catch {
                    throw SutureError(.invalidArgument, error.message, hint: error.hint)
                }
                let arena = CArena()
                withExtendedLifetime(arena) { receive(context, result.c(in: arena)) }
            }
        }
}

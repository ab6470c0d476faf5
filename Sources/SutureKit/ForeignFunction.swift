// SPDX-License-Identifier: Apache-2.0

import CSuture

/// A function of any library, bound by a text and called through libffi. The library need not know Suture.
///
///     let distance = try ForeignFunction(library: path, symbol: "levenshtein", signature: "f64(str, str)")
///     let value = try distance.call([.text("sitting"), .text("kitten")])
///
/// Types are `f64`, `f32`, `i64`, `i32`, `u8`, `str` (a C text) and, as a result, `void`. Nothing can check the signature
/// against the code: a wrong one is undefined behaviour.
public final class ForeignFunction: Sendable {
    /// An argument or a result.
    public enum Value: Sendable, Hashable {
        /// Of the types `i64`, `i32` and `u8`.
        case integer(Int)
        /// Of the types `f64` and `f32`.
        case number(Double)
        /// Of the type `str`: UTF-8 that ends at the first zero byte.
        case text(String)
        /// The result of a function that has none.
        case none

        /// A number of either type.
        public var asNumber: Double? {
            switch self {
            case .integer(let value): Double(value)
            case .number(let value): value
            case .text, .none: nil
            }
        }
    }

    // The host's function is immutable.
    nonisolated(unsafe) private let handle: OpaquePointer
    nonisolated(unsafe) private let table: UnsafePointer<suture_function_api>

    /// - Parameter library: a path, or a name that the system's loader finds. It stays loaded.
    /// - Throws: a signature that cannot be read, a library or a function that is not there.
    public init(library: String, symbol: String, signature: String) throws(SutureError) {
        table = try Host.functions()
        var out: OpaquePointer?
        try Host.check(table.pointee.bind(library, symbol, signature, &out))
        guard let out else { throw SutureError(.internal, "the host returned no function and no error") }
        handle = out
    }

    deinit { table.pointee.release(handle) }

    /// Calls it. Whole numbers are accepted where `f64` and `f32` are declared.
    ///
    /// - Throws: arguments that do not fit the signature; an exception that came out of the function.
    public func call(_ arguments: [Value]) throws(SutureError) -> Value {
        let arena = CArena()
        let result = Received()
        let error = withExtendedLifetime((arena, result)) {
            table.pointee.call(
                handle, arena.array(arguments.map { $0.c(in: arena) }), Int64(arguments.count),
                Unmanaged.passUnretained(result).toOpaque()
            ) { context, scalar in
                guard let context else { return }
                let received = Unmanaged<Received>.fromOpaque(context).takeUnretainedValue()
                received.value = Swift.Result { () throws(SutureError) in
                    try Value(Foreign(scalar, in: "suture_function_api.call"))
                }
            }
        }
        try Host.check(error)
        return try result.value.get()
    }

    private final class Received {
        var value = Swift.Result<Value, SutureError>.success(.none)
    }
}

extension ForeignFunction.Value: Crossing {
    package init(_ c: Foreign<suture_scalar>) throws(SutureError) {
        switch c.type {
        case SUTURE_TYPE_INTEGER: self = .integer(Int(c.integer))
        case SUTURE_TYPE_NUMBER: self = .number(c.number)
        case SUTURE_TYPE_TEXT: self = .text(c.text.map { String(cString: $0) } ?? "")
        default: self = .none
        }
    }

    package func c(in arena: CArena) -> UnsafePointer<suture_scalar> {
        arena.make(suture_scalar.self) { c in
            switch self {
            case .integer(let value): (c.type, c.integer) = (SUTURE_TYPE_INTEGER, Int64(value))
            case .number(let value): (c.type, c.number) = (SUTURE_TYPE_NUMBER, value)
            case .text(let value): (c.type, c.text) = (SUTURE_TYPE_TEXT, arena.string(value))
            case .none: break
            }
        }
    }
}

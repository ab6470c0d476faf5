// SPDX-License-Identifier: Apache-2.0

import CForeign
import Foundation
import SutureKit

/// A function of any existing library, bound by a text: `{library: libm.so.6, symbol: pow, signature: "f64(f64, f64)"}`.
///
///     let pow = try BoundFunction(library: "libm.so.6", symbol: "pow", signature: "f64(f64, f64)")
///     let eight = try pow.call([.number(2), .number(3)])
///
/// The library need not know Suture. Types are `f64`, `f32`, `i64`, `i32`, `u8`, `str` (a C text) and, as a result, `void`.
/// Nothing can check the signature against the code: a wrong one is undefined behaviour, so bind functions in a worker.
/// Cost of a call: under a microsecond beside the function's own work. Not for a component: that is what plugins are for.
package struct BoundFunction: Sendable {
    package let library: String
    package let symbol: String
    /// As it was given.
    package let signature: String

    private let prepared: ForeignSignature
    private let function: @convention(c) () -> Void

    /// An argument or a result.
    package typealias Value = ForeignFunction.Value

    /// Loads the library (it stays loaded) and reads the signature.
    ///
    /// - Parameter library: an absolute path, or a name that the system's loader finds.
    /// - Throws: `usage` when the signature cannot be read or crosses raw pointers; `file` when there is no such library or
    ///   symbol; `plugin` for a library that others may write to.
    package init(library: String, symbol: String, signature: String) throws(RuntimeError) {
        do {
            prepared = try ForeignSignature(signature)
        } catch {
            throw RuntimeError(.usage, error.text, hint: "write it like \"f64(str, str)\"")
        }
        guard !(prepared.arguments + String(prepared.result)).contains(where: { "pe".contains($0) }) else {
            throw RuntimeError(
                .usage, "the signature \"\(signature)\" of \(symbol) has pointers, which an experiment cannot give",
                hint: "bind a function of numbers and texts")
        }
        if library.contains("/") { try WriteAccess.check(library) }
        guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            let reason = dlerror().map { String(cString: $0) } ?? library
            throw RuntimeError(.file, "the library cannot be loaded: \(reason)", hint: "check its path")
        }
        guard let address = dlsym(handle, symbol) else {
            throw RuntimeError(
                .file, "\(library) has no function \"\(symbol)\"",
                hint: "check the name; a C++ function must be declared extern \"C\"")
        }
        function = unsafeBitCast(address, to: (@convention(c) () -> Void).self)
        self.library = library
        self.symbol = symbol
        self.signature = signature
    }

    /// Calls the function. Whole numbers are accepted where `f64` and `f32` are declared.
    ///
    /// - Throws: `usage` when the arguments do not fit the signature; `plugin` when a C++ exception comes out.
    package func call(_ arguments: [Value]) throws(RuntimeError) -> Value {
        let letters = Array(prepared.arguments)
        let arena = CArena()
        defer { withExtendedLifetime(arena) {} }
        var values: [suture_foreign_value] = []
        for (index, argument) in arguments.enumerated() {
            // One too many: the call itself says so.
            let letter = index < letters.count ? letters[index] : "v"
            switch argument {
            case .number(let value): values.append(.number(value, letter == "f" ? "f" : "d"))
            case .integer(let value) where letter == "d" || letter == "f": values.append(.number(Double(value), letter))
            case .integer(let value): values.append(.integer(Int64(value), "lib".contains(letter) ? letter : "l"))
            case .text(let value):
                guard !value.utf8.contains(0) else {
                    throw RuntimeError(
                        .usage, "\(symbol): argument \(index + 1) holds a NUL, which ends a C text",
                        hint: "remove it")
                }
                values.append(.pointer(arena.string(value), "s"))
            case .none: values.append(.pointer(nil, "v"))
            }
        }
        let result: suture_foreign_value
        do {
            result = try prepared.call(function, values)
        } catch {
            throw error.isException
                ? RuntimeError(
                    .plugin, "\(symbol) of \(library) let out a C++ exception: \(error.text)",
                    hint: "report this to its author")
                : RuntimeError(
                    .usage, "\(symbol) of \(library) cannot be called: \(error.text)",
                    hint: "its signature is \"\(signature)\"")
        }
        switch prepared.result {
        case "d", "f": return .number(result.number)
        case "l", "i", "b": return .integer(Int(result.integer))
        case "s":
            guard let text = result.pointer else {
                throw RuntimeError(.run, "\(symbol) of \(library) returned no text", hint: "check its arguments")
            }
            // The function owns what it returns; it is copied here.
            return .text(String(cString: text.assumingMemoryBound(to: CChar.self)))
        default: return .none
        }
    }
}

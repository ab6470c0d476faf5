// SPDX-License-Identifier: Apache-2.0

import CForeign

/// The signature of a C function as a text, read and prepared: "e(ppppdl)" or "f64(str, str)" (CForeign.h has the grammar).
///
/// Nothing can check a signature against the code that it describes. A wrong one is undefined behaviour, so calls by
/// signature run in the worker.
package final class ForeignSignature: @unchecked Sendable {
    // Immutable after creation, and libffi only reads a prepared call.
    let handle: OpaquePointer

    package init(_ text: String) throws(ForeignFailure) {
        var out: OpaquePointer?
        try ForeignFailure.check(suture_foreign_signature_new(text, &out))
        guard let out else { throw ForeignFailure(isException: false, text: "the signature \"\(text)\" gave nothing") }
        handle = out
    }

    deinit { suture_foreign_signature_release(handle) }

    /// The letter of the result.
    var result: Character { Character(UnicodeScalar(UInt8(bitPattern: suture_foreign_signature_result(handle)))) }
    /// The letters of the arguments.
    var arguments: String { String(cString: suture_foreign_signature_arguments(handle)) }
    /// "e(ppppdl)", whatever form it was read in.
    package var letters: String { "\(result)(\(arguments))" }

    /// Calls a function. The values carry their letters; pointers among them live until the call returns.
    func call(
        _ function: @convention(c) () -> Void, _ arguments: [suture_foreign_value]
    ) throws(ForeignFailure) -> suture_foreign_value {
        var result = suture_foreign_value()
        let failure = arguments.withUnsafeBufferPointer {
            suture_foreign_call(handle, function, $0.baseAddress, Int64($0.count), &result)
        }
        try ForeignFailure.check(failure)
        return result
    }
}

extension suture_foreign_value {
    static func number(_ value: Double, _ letter: Character = "d") -> suture_foreign_value {
        suture_foreign_value(letter: code(letter), reserved: 0, number: value, integer: 0, pointer: nil)
    }
    static func integer(_ value: Int64, _ letter: Character = "l") -> suture_foreign_value {
        suture_foreign_value(letter: code(letter), reserved: 0, number: 0, integer: value, pointer: nil)
    }
    static func pointer(_ value: UnsafeRawPointer?, _ letter: Character = "p") -> suture_foreign_value {
        suture_foreign_value(letter: code(letter), reserved: 0, number: 0, integer: 0, pointer: value)
    }

    private static func code(_ letter: Character) -> Int32 { Int32(letter.asciiValue ?? 0) }
}

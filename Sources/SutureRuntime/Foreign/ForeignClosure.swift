// SPDX-License-Identifier: Apache-2.0

import CForeign

/// A C function made at run time: it has a signature that is known only then, and runs a Swift closure.
///
/// The function is valid as long as this value. It may be called from any thread, so the closure is `Sendable`.
final class ForeignClosure: Sendable {
    typealias Body = @Sendable ([suture_foreign_value]) -> suture_foreign_value

    private final class Box: Sendable {
        let body: Body
        init(_ body: @escaping Body) { self.body = body }
    }

    // Immutable; the closure that it holds is called and never changed.
    private nonisolated(unsafe) let handle: OpaquePointer
    /// Keeps alive what the C side holds unretained.
    private let box: Box

    /// - Parameter body: receives the arguments under their letters. What it returns must carry the letter of the result:
    ///   a result of another letter is taken for zero.
    init(_ signature: String, _ body: @escaping Body) throws(ForeignFailure) {
        box = Box(body)
        var out: OpaquePointer?
        try ForeignFailure.check(
            suture_foreign_closure_new(signature, Self.run, Unmanaged.passUnretained(box).toOpaque(), &out))
        guard let out else { throw ForeignFailure(isException: false, text: "\"\(signature)\" gave no closure") }
        handle = out
    }

    deinit { suture_foreign_closure_release(handle) }

    /// The function, to be given away.
    var function: UnsafeRawPointer { suture_foreign_closure_function(handle) }

    private static let run: suture_foreign_handler = { context, arguments, count, result in
        guard let context else { return }
        let box = Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
        let returned = box.body(Array(UnsafeBufferPointer(start: arguments, count: Int(count))))
        if returned.letter == result.pointee.letter { result.pointee = returned }
    }
}

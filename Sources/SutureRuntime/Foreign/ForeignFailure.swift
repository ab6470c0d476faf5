// SPDX-License-Identifier: Apache-2.0

import CForeign

/// Why a call into a loaded library did not happen, or what came out of it instead of a result.
package struct ForeignFailure: Error, Sendable, Hashable {
    /// The callee ran and let out a C++ exception. Otherwise it did not run.
    var isException: Bool
    /// One clause without a full stop.
    package var text: String

    /// Throws what a function of CForeign returned, and ends it. NULL passes.
    static func check(_ failure: OpaquePointer?) throws(ForeignFailure) {
        guard let failure else { return }
        defer { suture_foreign_failure_release(failure) }
        throw ForeignFailure(
            isException: suture_foreign_failure_is_exception(failure) != 0,
            text: String(cString: suture_foreign_failure_text(failure)))
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a component reads from files that its settings name: read at the first question, and kept.
final class KeptValue<Value> {
    private var value: Value?

    func get(_ read: () throws(SutureError) -> Value) throws(SutureError) -> Value {
        if let value { return value }
        let value = try read()
        self.value = value
        return value
    }
}

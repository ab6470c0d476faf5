// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// The checksum that a JSON file carries of itself: SHA-256 of everything else in it, members that this version does not know
/// among it.
package enum SelfDigest {
    /// The member that holds it.
    package static let key = "sha256"

    /// Of an object without its checksum, written compactly.
    package static func of(_ json: JSONValue) -> String {
        guard case .object(let members) = json else { return "" }
        let rest = members.filter { $0.key != key }
        return Digest.of(Data(JSONValue.object(rest).written(isCompact: true).utf8))
    }

    /// Of a value as it would be written.
    static func of(_ value: some Encodable) throws(RuntimeError) -> String {
        try RuntimeError.wrapping { of(try JSONValue(try JSON.encode(value), name: "it")) }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What a worker tells the host process while it works: one JSON object per line.
package enum WorkerEvent: Sendable, Hashable, Codable {
    /// How far a phase is; `total` 0 where that is not known.
    case phase(name: String, done: Int, total: Int)
    /// A call into a plugin begins. Calls may nest.
    case enter(PluginCall)
    /// The innermost call has returned.
    case leave
    /// A line for the log, of the host or of a plugin. The level is the ABI's number (``Host/LogLevel``).
    case log(level: Int32, message: String)
    /// Something that this kind of job says on the way, as JSON.
    case output(String)
    /// The count of signs of life, when it has moved.
    case activity(UInt64)
    /// The last event of a job that succeeded: its result, as JSON.
    case finished(String)
    /// The last event of a job that failed. `kind` is the exit code.
    case failed(kind: Int32, message: String, hint: String)
}

/// The JSON of events, jobs and results.
package enum WorkerJSON {
    package static func encode(_ value: some Encodable) throws -> Data { try JSON.encode(value) }

    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try JSON.decode(type, from: data, name: "a message between host and worker")
    }
}

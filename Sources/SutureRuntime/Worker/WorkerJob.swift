// SPDX-License-Identifier: Apache-2.0

/// Work that a worker process does. The value crosses to the worker as JSON, and its result comes back the same way.
package protocol WorkerJob: Codable, Sendable {
    associatedtype Result: Codable, Sendable
    /// The name of this kind of job.
    static var name: String { get }
    /// Runs in the worker, on its main thread. An error becomes the worker's exit code (``RuntimeError/Kind``).
    func run(in link: WorkerLink) throws -> Result
}

extension WorkerJob {
    /// Decodes the job, runs it, and encodes its result.
    static func run(_ json: String, in link: WorkerLink) throws -> String {
        let job = try WorkerJSON.decode(Self.self, from: .init(json.utf8))
        return String(decoding: try WorkerJSON.encode(try job.run(in: link)), as: UTF8.self)
    }
}

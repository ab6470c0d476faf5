// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel
import SutureRuntime

/// Begins a file and a folder, and takes a lock, in a folder; says so, and waits to be killed.
package struct HoldJob: WorkerJob {
    package static let name = "hold"

    package var folder: String

    package init(folder: String) { self.folder = folder }

    package struct Result: Codable, Sendable {}

    package func run(in link: WorkerLink) throws -> Result {
        let places = try [TemporaryPlace.Kind.file, .folder].map {
            try TemporaryPlace.make($0, beside: "\(folder)/result")
        }
        try Data("half".utf8).write(to: URL(fileURLWithPath: places[1].path).appending(path: "part"))
        let lock = try PlaceLock(URL(fileURLWithPath: folder).appending(path: ".result.lock"), of: "the result")
        try withExtendedLifetime((places, lock)) {
            try link.output(Result())
            while !link.isCancelled { pause() }
        }
        return Result()
    }
}

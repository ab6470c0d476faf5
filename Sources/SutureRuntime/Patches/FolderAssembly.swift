// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// Folders that appear at their place whole or not at all.
enum FolderAssembly {
    /// As `ModelFolder.assemble`, for a body that throws errors of several modules.
    static func assemble(at place: URL, _ body: (URL) throws -> Void) throws {
        var failure: (any Error)?
        do {
            try ModelFolder.assemble(at: place) { (partial) throws(CheckpointError) in
                do {
                    try body(partial)
                } catch let error as CheckpointError {
                    throw error
                } catch {
                    // Stands in until the real one is thrown below.
                    failure = error
                    throw CheckpointError(.unwritable, "'\(place.path)' cannot be written.", hint: "")
                }
            }
        } catch {
            throw failure ?? error
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// Folders that appear at their place whole or not at all.
enum FolderAssembly {
    /// Refuses an output folder with something in it before any work is done, and removes what killed commands have left beside it.
    static func prepare(_ output: URL) throws(RuntimeError) {
        Leftovers(in: output.standardizedFileURL.deletingLastPathComponent(), isDeep: false).remove()
        let items = (try? FileManager.default.contentsOfDirectory(atPath: output.path)) ?? []
        guard let first = items.min() else { return }
        throw RuntimeError(
            .usage, "the output folder '\(output.path)' is not empty: it holds '\(first)'",
            hint: "choose a folder that does not exist yet, or empty it")
    }

    /// As `ModelFolder.assemble`, for a body that throws errors of several modules.
    static func assemble(at place: URL, replaces: Bool = false, _ body: (URL) throws -> Void) throws {
        var failure: (any Error)?
        do {
            try ModelFolder.assemble(at: place, replaces: replaces) { (partial) throws(ModelError) in
                do {
                    try body(partial)
                } catch let error as ModelError {
                    throw error
                } catch {
                    // Stands in until the real one is thrown below.
                    failure = error
                    throw ModelError(.unwritable, "'\(place.path)' cannot be written")
                }
            }
        } catch {
            throw failure ?? error
        }
    }
}

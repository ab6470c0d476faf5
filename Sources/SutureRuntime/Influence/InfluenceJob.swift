// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The job of `suture influence`: finds the queries, fits the estimator, traces every training example, and leaves the scores,
/// the rankings, the page and `DONE` in the folder.
package struct InfluenceJob: FolderJob {
    package static let name = "influence"
    package static let interruption = SutureError(
        .cancelled, "the estimate was interrupted", hint: "start the same command again; it goes on where it stopped")

    package var task: FolderTask
    package var part: InfluencePart

    package init(_ task: FolderTask, _ part: InfluencePart = .whole) { (self.task, self.part) = (task, part) }

    package func run(_ work: FolderWork) throws {
        let progress = try RunProgress(work.folder, work)
        try progress.timing {
            let trace = try InfluenceTrace(work, progress)
            switch part {
            case .whole: try trace.writeAll(joining: [])
            case .merge(let folders): try trace.writeAll(joining: folders.map { RunFolder(URL(fileURLWithPath: $0)) })
            case .trace(let shard): try trace.write(shard)
            case .fit(let shard): try trace.fit(shard)
            }
        }
    }
}

extension RunFolder {
    /// The influence of every example on every query.
    package var scores: URL { url.appending(path: "scores.safetensors") }
    package var influence: URL { url.appending(path: "influence.json") }
    /// The ends of the rankings, one pair of query and example a line.
    package var influenceLines: URL { url.appending(path: "influence.jsonl") }
    /// The queries of a shard, where the model writes them.
    package var queries: URL { url.appending(path: "queries.json") }
}

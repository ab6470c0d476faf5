// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import SutureRuntime

extension FuzzReader {
    /// What a run leaves, read back by the commands that show, compare or resume it.
    static let runFolders: [FuzzReader] = [
        FuzzReader(
            "metrics", "metrics.json, shown as a table, a page and charts", .json,
            words: [
                "metrics", "weights", "seconds", "processes", "evaluator", "stage", "after", "before", "value", "NaN",
                "Infinity", "higher_is_better", "delta_norm", "standard_error", "percent",
            ], seeds: { [RunSeeds.metrics].bytes }
        ) { folder in
            let run = RunFolder(folder.url)
            var settings = ComparisonSettings()
            settings.plots = [
                .init(x: "stage", y: "e.success", isLogarithmic: false, title: "along"),
                .init(x: "e.drift", y: "e.success", isLogarithmic: true, title: "against"),
                .init(x: "e.success", y: "e.drift", isLogarithmic: false, title: "against"),
            ]
            settings.marked = ["a"]
            return { input in
                try folder.put(input, into: run.metrics.path)
                let results = try RunLauncher().results(run)
                let runs = ["a", "b"].map {
                    Comparison.Run(label: $0, variant: "v", folder: "/runs/\($0)", results: results)
                }
                let comparison = Comparison(title: "t", settings: settings, runs: runs)
                _ = ComparisonSummary(comparison: comparison, folder: nil, width: 80).text
                _ = try ComparisonReport(comparison: comparison, folder: folder.url).html
                return []
            }
        },
        FuzzReader(
            "cases", "cases.jsonl of a finished run", .lines,
            words: ["case_id", "prompt_ids", "target_new_ids", "answers", "scores", "before", "after"],
            seeds: { [RunSeeds.cases].bytes }
        ) { folder in
            let run = RunFolder(folder.url)
            return { input in
                try folder.put(input, into: run.cases.path)
                _ = try RunLauncher().cases(run)
                return []
            }
        },
        FuzzReader(
            "locations", "locations.json, shown as a page, a table and a summary", .json,
            words: ["blocks.1.mlp_output", "blocks.99.neurons", "subject_last", "NaN", "case", "position", "selected"],
            seeds: { try RunSeeds.locations() }
        ) { folder in
            let run = RunFolder(folder.url)
            return { input in
                try folder.put(input, into: run.locations.path)
                let file = try run.read(LocationsFile.self, from: run.locations)
                let report = LocateReport(title: "t", file: file)
                _ = (try report.html, report.csv, LocateSummary(file: file, folder: run, width: 80).text)
                return []
            }
        },
        FuzzReader(
            "done", "DONE, with checksums of a run's files", .text, words: ["metrics.json", "sha256", "  ", "\r\n"],
            seeds: { ["run-1234\n00ff  metrics.json\n", "run-1234"].bytes }
        ) { folder in
            let run = RunFolder(folder.url)
            try folder.write(RunSeeds.metrics, to: "metrics.json")
            return { input in
                try folder.put(input, into: run.done.path)
                _ = try RunLauncher().results(run)
                return []
            }
        },
        FuzzReader(
            "score-log", "the scores of an unfinished run, as they are and with right checksums", .lines,
            words: ["stage", "evaluator", "group", "cases", "scores", "case", "weight"],
            seeds: { [RunSeeds.scores].bytes }
        ) { folder in
            let url = folder.url.appending(path: "scores")
            return { input in
                try folder.put(input, into: url.path)
                _ = try? ScoreLog(url)
                var sealed: [UInt8] = []
                for line in input.split(separator: UInt8(ascii: "\n")) {
                    sealed += Array(Digest.of(Data(line)).prefix(16).utf8) + [0x20] + line + [0x0A]
                }
                try folder.put(sealed, into: url.path)
                let log = try ScoreLog(url)
                for stage in log.stages { _ = log.scores(stage: stage, evaluator: 0) }
                return []
            }
        },
        FuzzReader(
            "group-state", "the description of a finished group in a run's state, with a right checksum", .json,
            words: ["locations", "deltas", "reports", "carriesOn", "parameter", "form", "low-rank", "stage", "scores"],
            seeds: { try RunSeeds.groups() }
        ) { folder in
            try HostTables.install()
            try RunSeeds.writeGroup(to: folder.url)
            let path = folder.path("group.json")
            return { input in
                try folder.put(input, into: path)
                _ = try? GroupState(folder: folder.url).read()
                try folder.put(Array("sha256 \(Digest.of(Data(input)))\n".utf8) + input, into: path)
                _ = try GroupState(folder: folder.url).read()
                return []
            }
        },
        FuzzReader(
            "state-lists", "the other files of a run's state: answers and seconds", .json,
            words: ["seconds", "processes"],
            seeds: { [#"["a","b"]"#, #"{"seconds":{"load":1.5},"processes":2}"#].bytes }
        ) { folder in
            let url = folder.url.appending(path: "state.json")
            return { input in
                try folder.put(Array("sha256 \(Digest.of(Data(input)))\n".utf8) + input, into: url.path)
                let clock = Result { try PhaseClock(keptIn: url) }
                _ = try SealedFile.read([String].self, from: url)
                _ = try clock.get()
                return []
            }
        },
        FuzzReader(
            "lock", "the file of a lock, which says who holds a place", .json, words: ["process", "host", "since"],
            seeds: { [#"{"host":"h","process":12,"since":"2026-01-01T00:00:00Z"}"#].bytes }
        ) { folder in
            let url = folder.url.appending(path: ".lock")
            return { input in
                try folder.put(input, into: url.path)
                _ = PlaceLock.state(of: url)
                let held = open(url.path, O_RDONLY)
                defer { close(held) }
                guard flock(held, LOCK_EX | LOCK_NB) == 0 else { return [] }
                return [PlaceLock.isBusy("the run folder", PlaceLock.holder(held)).description]
            }
        },
    ]
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// Files of ours that something else has changed.
@Suite("Checksums")
struct ChecksumTests {
    private let scratch: ScratchFolder

    init() throws {
        scratch = try ScratchFolder()
        try TestHost.install()
    }

    /// Every file that differs from another in one byte, and the file cut at every place.
    private func damaged(_ data: Data) -> [Data] {
        data.indices.flatMap { index in
            var flipped = data
            flipped[index] ^= 1 << UInt8(index % 8)
            return [flipped, data.prefix(index)]
        }
    }

    @Test("a file of the state with any bit flipped, or cut anywhere, is refused with what to do")
    func sealed() throws {
        let file = scratch.url.appending(path: "answers.json")
        let value = ["Paris", "", "a \"b\"\n"]
        #expect(try SealedFile.read([String].self, from: file) == nil)
        try SealedFile.write(value, to: file)
        #expect(try SealedFile.read([String].self, from: file) == value)
        for data in damaged(try Data(contentsOf: file)) {
            try data.write(to: file)
            #expect(
                try failure { try SealedFile.read([String].self, from: file) }
                    == RuntimeError(
                        .file, "'\(file.path)' is damaged: its checksum differs",
                        hint: "remove the folder 'state' of the run and resume; the run then begins anew"))
        }
    }

    @Test("tensors of a file with any bit flipped, or cut anywhere, are refused or the same")
    func tensors() throws {
        let file = scratch.url.appending(path: "t.safetensors")
        let tensors = [("a", try Tensor([0.5, -1.25])), ("b", try Tensor([3, 4]))]
        try TensorFile.write(tensors, metadata: ["key": "values"], to: file)
        let whole = try TensorFile.read(file)
        #expect(try whole["a"]?.bytes() == tensors[0].1.bytes())
        var refused = 0
        for data in damaged(try Data(contentsOf: file)) {
            try data.write(to: file)
            guard let read = try? TensorFile.read(file) else {
                refused += 1
                continue
            }
            // A flipped space of the padding, or the letters of "format": they say nothing about the tensors.
            #expect(read.keys == whole.keys)
            for (name, tensor) in read { #expect(try tensor.bytes() == whole[name]?.bytes()) }
        }
        #expect(refused > 200)
    }

    @Test("a whole line of the score log with any bit flipped is refused with its number")
    func scores() throws {
        let file = scratch.url.appending(path: "scores.jsonl")
        do {
            let log = try ScoreLog(file)
            for index in 0..<2 {
                try log.append(
                    stage: "before", evaluator: 0, group: 0, cases: [index], scores: [Score("a", 0.1, caseIndex: index)]
                )
            }
        }
        let data = try Data(contentsOf: file)
        let first = try #require(data.firstIndex(of: UInt8(ascii: "\n")))
        for index in data.indices where index != data.endIndex - 1 {
            var flipped = data
            flipped[index] ^= 1 << UInt8(index % 8)
            try flipped.write(to: file)
            let error = try failure { try ScoreLog(file) }
            #expect(error.kind == .file && error.hint == SealedFile.hint)
            // A line feed that is gone makes one line of two, and one that is new makes two of one.
            if index < first { #expect(error.message == "'line 1 of \(file.path)' is damaged: its checksum differs") }
        }
    }

    @Test(
        "an edited config.resolved.yaml is not read as the configuration of a run",
        arguments: [
            ("seed: 0", "seed: 1"), ("# Written by suture", "# Written by me"), ("sha256: \"", "sha256: \"0"),
            ("sha256: ", "# sha256: "),
        ])
    func configuration(old: String, new: String) throws {
        let workspace = try Workspace.withExperiment()
        let experiment = try workspace.experiment().resolve { (kind, request) throws(RuntimeError) in
            .make(request.name, kind, ResolvedExperimentTests.parameters)
        }
        try experiment.write(to: workspace.path, source: nil)
        #expect(try ResolvedExperiment(runFolder: workspace.path, isToBeContinued: true) == experiment)
        let path = workspace.path(ResolvedExperiment.fileName)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(old))
        try workspace.write(ResolvedExperiment.fileName, text.replacingOccurrences(of: old, with: new))
        let error = try failure { try ResolvedExperiment(runFolder: workspace.path, isToBeContinued: true) }
        #expect(error.kind == .file)
        #expect(
            [
                "'\(path)' is not as suture wrote it: its checksum differs; put it back; for other settings, change the "
                    + "experiment file and start a new run",
                "'\(path)' has no checksum: an older suture wrote it, or it was changed; start the run anew from its "
                    + "experiment file",
            ].contains(error.description), "\(error)")
        // What only shows a run takes one of an older version, which had no checksum.
        if new.hasPrefix("#") && old.hasPrefix("sha256") {
            #expect(try ResolvedExperiment(runFolder: workspace.path) == experiment)
        } else {
            #expect(throws: RuntimeError.self) { try ResolvedExperiment(runFolder: workspace.path) }
        }
    }

    @Test("a result that was changed after the run is not shown, and folders of before DONE had checksums are read")
    func results() throws {
        let folder = RunFolder(scratch.url)
        let metrics = MetricsFile(metrics: [], weights: [], seconds: ["load": 1])
        try RunFolder.write(metrics, to: folder.metrics)
        try RunFolder.write(Data("{}\n".utf8), to: folder.patch.appending(path: "patch.json"))
        try RunFolder.write(Data(), to: folder.state.appending(path: "scores.jsonl"))
        try RunFolder.write(Data(), to: folder.log)
        try folder.finish("x-12345678")
        let done = try String(contentsOf: folder.done, encoding: .utf8)
        #expect(
            try done == """
                x-12345678
                \(Digest.ofFile(folder.metrics.path))  metrics.json
                \(Digest.ofFile(folder.patch.path + "/patch.json"))  patch/patch.json

                """)
        #expect(try folder.read(MetricsFile.self, from: folder.metrics) == metrics)

        let other = MetricsFile(metrics: [], weights: [], seconds: ["load": 2])
        try RunFolder.write(other, to: folder.metrics)
        #expect(
            try failure { try folder.read(MetricsFile.self, from: folder.metrics) }
                == RuntimeError(
                    .file, "'\(folder.metrics.path)' is not as the run wrote it: its checksum differs",
                    hint: "run again with --fresh"))
        try RunFolder.write(Data("x-12345678\n".utf8), to: folder.done)
        #expect(try folder.read(MetricsFile.self, from: folder.metrics) == other)
    }

    @Test("a patch.json that was changed is refused, and one of an older version is read")
    func patches() throws {
        let fixture = try PatchFixture()
        let written = try fixture.write(PatchFixture.deltas())
        #expect(try PatchManifest(folder: fixture.patch) == written)
        let file = fixture.patch.appending(path: PatchManifest.fileName)
        let text = try String(contentsOf: file, encoding: .utf8)
        let digest = try #require(written.digest)
        for (old, new) in [
            ("\"transposed\" : true", "\"transposed\" : false"), ("quickstart", "quickstop"), (digest, "0"),
        ] {
            #expect(text.contains(old))
            try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: file)
            let error = try failure { try PatchStore.read(fixture.patch) }
            #expect(error.kind == .file)
            #expect(error.message == "'\(file.path)' is not as suture wrote it: its checksum differs")
        }
        let older = text.split(separator: "\n").filter { !$0.contains("  \"sha256\" : \"\(digest)\"") }
        try Data(older.joined(separator: "\n").utf8).write(to: file)
        #expect(try PatchStore.read(fixture.patch).manifest.changes == written.changes)
    }
}

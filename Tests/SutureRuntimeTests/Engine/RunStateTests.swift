// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

@Suite struct RunStateTests {
    @Test("a line of the score log that a kill cut short is dropped and measured again; the others stay to the bit")
    func scoreLog() throws {
        let scratch = try ScratchFolder()
        let file = scratch.url.appending(path: "scores.jsonl")
        let scores = [Score("a", 0.1 + 0.2, caseIndex: 0), Score("b", .nan), Score("c", -.infinity, caseIndex: 1)]
        do {
            let log = try ScoreLog(file)
            try log.append(stage: "before", evaluator: 0, group: 0, cases: [0], scores: scores)
            try log.append(stage: "before", evaluator: 0, group: 0, cases: [1], scores: [])
        }
        let whole = try Data(contentsOf: file)
        try whole.dropLast(3).write(to: file)
        let log = try ScoreLog(file)
        let kept = try #require(log.scores(stage: "before", evaluator: 0, group: 0, cases: [0]))
        #expect(kept.map(\.value.bitPattern) == scores.map(\.value.bitPattern) || kept[1].value.isNaN)
        #expect(kept[0] == scores[0] && kept[2] == scores[2])
        #expect(log.scores(stage: "before", evaluator: 0, group: 0, cases: [1]) == nil)
        try log.append(stage: "before", evaluator: 0, group: 0, cases: [1], scores: [])
        #expect(try Data(contentsOf: file) == whole)
    }

    @Test(
        "cases are put into patches as the mode says",
        arguments: [
            (.single, nil, [1, 1, 1, 1, 1], true), (.batch, nil, [5], true), (.batch, 2, [2, 2, 1], true),
            (.sequential, 2, [2, 2, 1], false), (.sequential, nil, [1, 1, 1, 1, 1], false),
        ] as [(Experiment.Edit.Mode, Int?, [Int], Bool)])
    func groups(mode: Experiment.Edit.Mode, size: Int?, counts: [Int], restores: Bool) {
        let edit = Experiment.Edit(mode: mode, size: size, restore: mode == .sequential ? .never : .afterBatch)
        let plan = EditGroups(edit, caseCount: 5)
        #expect(plan.groups.map(\.cases.count) == counts)
        #expect(plan.restores == restores)
    }

    @Test("a patch that changes nothing, is not finite or does not fit is refused, and says which parameter")
    func refusals() throws {
        try TestHost.install()
        let model = try LanguageModel(folder: Repository.world.appending(path: "model"))
        let name = try model.weightName(reading: .neurons(1))
        let weight = try model.transformer.weights.tensor(name)
        func refusal(_ deltas: [Delta]) -> RuntimeError? {
            do {
                _ = try PatchCheck.apply(deltas, to: model, by: "memit", group: 0)
                return nil
            } catch { return error as? RuntimeError }
        }
        let zero = try Tensor.zeros(weight.shape)
        #expect(refusal([]) == nil, "a group that needs no edit; the run looks at all groups together")
        #expect(refusal([Delta(name, .dense(zero))])?.message.contains("leaves every weight as it was") == true)
        #expect(try refusal([Delta(name, .dense(weight * 1e-9))])?.message.contains(name) == true)
        #expect(try refusal([Delta(name, .dense(zero / 0))])?.message.contains("not finite") == true)
        #expect(try refusal([Delta(name, .dense(zero.transposed() + 1))])?.kind == .refused)
        #expect(try refusal([Delta(name, .dense(zero + 1))]) == nil)
        let unknown = refusal([Delta("", .extension(PatchExtension(id: "org.example.vector/1")))])
        #expect(unknown?.kind == .refused)
        #expect(unknown?.message.contains("a part of the form \"org.example.vector/1\"") == true)
    }

    @Test("locations and patches kept for a resumed run come back to the bit")
    func groupState() throws {
        try TestHost.install()
        let scratch = try ScratchFolder()
        let state = GroupState(folder: scratch.url.appending(path: "group-0"))
        #expect(try state.read() == nil)
        let random = try RandomNumbers(seed: 1)
        let left = try random.normal([3, 1], dtype: .float64)
        let rows = try Tensor([2, 0])
        let values = try random.normal([2, 3])
        let locations = [
            Location(.neurons(3), caseIndex: 1, position: 4, role: .subjectLast, unit: 7, score: 0.1, isSelected: true),
            Location(.embedding, score: -1e-300, isSelected: false),
        ]
        let report = MethodReport(
            stage: "pass-1", weights: [], scores: [Score("loss", 0.1 + 0.2, caseIndex: 1)])
        try state.write(
            GroupState.Content(
                locations: locations,
                deltas: [
                    Delta("a", .lowRank(left: left, right: left.transposed())),
                    Delta("b", .rows(rows: rows, values: values)), Delta("c", .dense(values)),
                ], reports: [report], carried: ["keys": left]))
        let read = try #require(try state.read())
        #expect(read.reports.map(\.stage) == ["pass-1"])
        #expect(read.reports[0].scores[0] == Score("loss", 0.1 + 0.2, caseIndex: 1))
        #expect(try read.carried["keys"]?.bytes() == left.bytes())
        #expect(read.locations == locations)
        let tensors = read.deltas.flatMap(\.tensors)
        let expected = [left, try left.transposed(), rows, values, values]
        for (found, wanted) in zip(tensors, expected) {
            #expect(found.dtype == wanted.dtype)
            #expect(try found.bytes() == wanted.bytes())
        }
        #expect(read.deltas.map(\.parameter) == ["a", "b", "c"])
    }

    @Test("a run that begins anew keeps nothing of the one before but its lock")
    func fresh() throws {
        let scratch = try ScratchFolder()
        let folder = RunFolder(scratch.url)
        for file in [folder.done, folder.metrics, folder.lock, folder.state.appending(path: "group-0/group.json")] {
            try RunFolder.write(Data("x".utf8), to: file)
        }
        try folder.clear()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == [".lock"])
    }

    @Test("times add up over the processes of a run")
    func seconds() throws {
        let scratch = try ScratchFolder()
        let file = scratch.url.appending(path: "state/seconds.json")
        let hand = HandClock()
        let first = try PhaseClock(keptIn: file, now: { hand.now })
        try first.enter("load")
        hand.advance(by: .seconds(3))
        try first.enter("patch")
        hand.advance(by: .seconds(5))
        // Kept in the middle of a phase, as long as it says how far it is; what follows is lost with the process.
        try first.enter("patch")
        hand.advance(by: .seconds(1))
        let second = try PhaseClock(keptIn: file, now: { hand.now })
        #expect(second.seconds == ["load": 3, "patch": 5] && second.processes == 2)
        try second.enter("load")
        hand.advance(by: .seconds(2))
        try second.enter("patch")
        hand.advance(by: .seconds(1))
        second.stop()
        try second.write()
        let third = try PhaseClock(keptIn: file, now: { hand.now })
        #expect(third.seconds == ["load": 5, "patch": 6] && third.processes == 3)
    }
}

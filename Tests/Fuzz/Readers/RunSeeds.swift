// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import SutureRuntime

/// Files of runs to begin with.
enum RunSeeds {
    private static func metric(_ name: String, _ stage: String, _ value: Double, _ isHigher: Bool) -> String {
        #"{"evaluator":"e","stage":"\#(stage)","name":"\#(name)","value":\#(value),"unit":"percent","n":3,"#
            + #""higher_is_better":\#(isHigher),"standard_error":0.5,"protocol":"greedy"}"#
    }

    private static let figures = [
        metric("success", "before", 1, true), metric("success", "pass-1", 2, true),
        metric("success", "after", 50, true), metric("drift", "after", 0.5, false),
    ].joined(separator: ",")

    static let metrics = """
        {"metrics":[\(figures)],"weights":[{"parameter":"w","delta_norm":3,"base_norm":9,"rank":1,"form":"low-rank",\
        "group":0}],"seconds":{"values":1.5,"evaluate-after":100},"processes":2}
        """

    static let cases =
        #"{"index":0,"case_id":"c","prompt":"p","subject":"s","target_new":"n","target_true":"t","answer":"a","#
        + #""prompt_ids":[1,2],"target_new_ids":[3],"target_true_ids":[4],"answer_ids":[],"answers":{"before":"x","#
        + #""after":"y"},"scores":{"after":{"e.success":1}}}"# + "\n"

    static let scores =
        #"{"cases":[0,1],"evaluator":0,"group":0,"scores":[{"case":0,"name":"s","value":1.5,"weight":1}],"stage":"after"}"#
        + "\n" + #"{"cases":[],"evaluator":0,"group":1,"scores":[],"stage":"before"}"# + "\n"

    static func locations() throws -> [[UInt8]] {
        let found = (0..<3).flatMap { layer -> [Location] in
            (0..<2).map { position -> Location in
                Location(
                    .mlpOutput(layer), caseIndex: 0, position: position, role: position == 0 ? .subjectLast : .last,
                    measure: "effect", score: Double(layer) / 3, isSelected: layer == 1)
            }
        }
        let file = LocationsFile(
            locator: .init(name: "causal-trace", version: "1", parameters: ["noise": .list([.number(0.1), .null])]),
            cases: [.init(index: 0, id: "c", tokens: ["The", " Eiffel"], subject: [1])], locations: found)
        return [[UInt8](try JSON.encode(file))]
    }

    /// One rank-one change, finished.
    private static func content() throws -> GroupState.Content {
        try HostTables.install()
        var content = GroupState.Content()
        content.locations = [Location(.mlpOutput(1), score: 1, isSelected: true)]
        content.deltas = [
            Delta("w", .lowRank(left: try Tensor.ones([2, 1]), right: try Tensor.ones([1, 3]))),
            Delta("v", .dense(try Tensor.ones([2, 3]))),
        ]
        content.reports = [MethodReport(stage: "pass-1", weights: [], scores: [Score("s", 1, caseIndex: 0)])]
        content.carried = ["x": try Tensor.ones([2])]
        return content
    }

    static func writeGroup(to folder: URL) throws { try GroupState(folder: folder).write(try content()) }

    /// The descriptions, without their checksums.
    static func groups() throws -> [[UInt8]] {
        let folder = try FuzzFolder.make()
        defer { folder.remove() }
        try writeGroup(to: folder.url)
        let data = try Data(contentsOf: folder.url.appending(path: "group.json"))
        return [[UInt8](data.drop { $0 != UInt8(ascii: "\n") }.dropFirst())]
    }
}

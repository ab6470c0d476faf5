// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Where an edited model goes.
package enum PatchTarget: Sendable {
    /// A folder that is not there yet or is empty, outside the model folder.
    case folder(URL)
    /// The place of the model folder itself, which is replaced by rename. Only for folders that hold their own originals.
    case inPlace

    /// Refuses a place before any work is done.
    func check(_ model: URL) throws(RuntimeError) {
        switch self {
        case .inPlace:
            guard FileManager.default.fileExists(atPath: PatchPlaces(model).folder.path) else {
                throw RuntimeError(
                    .usage, "'\(model.path)' holds no copy of its originals, so it is not changed in place",
                    hint: "write another folder with --output; that one can be changed in place")
            }
        case .folder(let output): try FolderAssembly.prepare(output)
        }
    }
}

/// Writes a model folder with other patches in force than the one that it is made from.
struct StackWriter {
    let source: StackedModel
    private let output: URL
    private let replaces: Bool
    private let links: OutsideLinks
    /// What the system said of the model folder before its tensors were read.
    private let stamp: InputStamp
    private let lock: PlaceLock
    private let log: PatchLog

    struct Result {
        var output: String
        var parameters: [AppliedChange]
        /// Files of the source that were not copied.
        var dropped: [FolderStatement]
    }

    init(_ model: URL, _ target: PatchTarget, _ links: OutsideLinks) throws(RuntimeError) {
        switch target {
        case .folder(let folder): (output, replaces) = (folder, false)
        case .inPlace: (output, replaces) = (model, true)
        }
        self.links = links
        // Before anything is read: what is replaced in place must be what was read.
        lock = try Self.lock(output)
        source = try StackedModel(opening: model)
        stamp = try InputStamp(Self.files(model))
        log = try PatchLog(of: model)
        if let record = source.record, record.logDigest != log.digest {
            throw PatchLog.isCut(model)
        }
    }

    /// Writes the folder.
    ///
    /// - Parameters:
    ///   - stack: what is in force afterwards.
    ///   - action, members: what is done, for the log: patches that come new are the last ones of the stack.
    ///   - check: looks at what becomes of the parameters before anything is written.
    ///   - finish: puts further files into the folder in the making; hears of what was not copied.
    func write(
        _ stack: PatchStack, _ action: PatchLog.Action, _ members: [PatchStack.Member], progress: (Double) -> Void,
        check: ([AppliedChange]) throws(RuntimeError) -> Void = { _ in },
        finish: (_ folder: URL, _ parameters: [AppliedChange], _ dropped: [FolderStatement]) throws -> Void = {
            _, _, _ in
        }
    ) throws(RuntimeError) -> Result {
        var replacements: [String: TensorBytes] = [:]
        var originals: [SafetensorsWriter.Tensor] = []
        var parameters: [AppliedChange] = []
        for change in stack.changes {
            let (bytes, applied) = try stack.bytes(of: change, over: source)
            replacements[change.parameter] = bytes
            parameters.append(applied)
            originals.append(try original(change.parameter))
        }
        try check(parameters)
        for former in source.record?.parameters ?? [] where replacements[former.parameter] == nil {
            replacements[former.parameter] = try source.baseBytes(of: former.parameter)
        }
        let base = try source.base()
        var dropped: [FolderStatement] = []
        try RuntimeError.wrapping {
            try FolderAssembly.assemble(at: output, replaces: replaces) { partial in
                try source.checkpoint.write(to: partial, replacing: replacements, links: links, progress: progress)
                dropped = try FolderStatement.removeAll(from: partial)
                let weights = StackedModel.weights(of: try Checkpoint(opening: partial))
                guard !stack.members.isEmpty || weights == base.weights else {
                    throw RuntimeError(
                        .file,
                        "without its patches '\(source.folder.path)' would not be the model that they were applied to",
                        hint: "take the original model instead")
                }
                let log = try log(adding: action, members, stack, weights)
                try writePatches(stack, originals, log, to: partial)
                guard !stack.members.isEmpty else { return try checkSource() }
                try finish(partial, parameters, dropped)
                let members = stack.members.map { member in
                    StackRecord.Member(
                        name: member.name, digest: member.reference.digest, runID: member.patch.manifest.origin?.runID,
                        appliedAt: member.appliedAt ?? "")
                }
                let record = try StackRecord(
                    base: base, members: members, parameters: parameters, weights: weights, logDigest: log.digest)
                try JSON.encode(record, layout: .page).write(to: PatchPlaces(partial).record)
                try checkSource()
            }
        }
        return Result(output: output.standardizedFileURL.path, parameters: parameters, dropped: dropped)
    }

    // MARK: Parts

    /// The log with a line for each patch. Only with the last of them are there weights.
    private func log(
        adding action: PatchLog.Action, _ members: [PatchStack.Member], _ stack: PatchStack, _ weights: [String: String]
    ) throws(RuntimeError) -> PatchLog {
        var log = log
        let now = Date()
        for (number, member) in members.enumerated() {
            let later = members.count - 1 - number
            try log.append(
                action, member.reference, runID: member.patch.manifest.origin?.runID,
                stack: Array(stack.references.dropLast(later)), weights: later == 0 ? weights : [:], at: now)
        }
        return log
    }

    private func original(_ parameter: String) throws(RuntimeError) -> SafetensorsWriter.Tensor {
        let entry = try RuntimeError.wrapping(.file) { try source.checkpoint.entry(parameter) }
        return SafetensorsWriter.Tensor(
            name: entry.name, dtype: entry.dtype, shape: entry.shape, bytes: try source.baseBytes(of: parameter))
    }

    /// Writes `suture_patch`, but for the record, into a model folder in the making.
    private func writePatches(
        _ stack: PatchStack, _ originals: [SafetensorsWriter.Tensor], _ log: PatchLog, to partial: URL
    ) throws {
        let places = PatchPlaces(partial)
        let manager = FileManager.default
        // The source's own was copied without its tensors.
        if manager.fileExists(atPath: places.folder.path) { try manager.removeItem(at: places.folder) }
        try manager.createDirectory(at: places.folder, withIntermediateDirectories: true)
        try log.data.write(to: places.log)
        guard !stack.members.isEmpty else { return }
        try manager.createDirectory(at: places.members, withIntermediateDirectories: true)
        for member in stack.members {
            let place = places.member(member.name)
            try manager.createDirectory(at: place, withIntermediateDirectories: true)
            for name in member.patch.manifest.files { try ModelFolder.copyFile(name, from: member.place, to: place) }
        }
        // What nobody else may read of the model, nobody else may read here.
        let mode = source.checkpoint.files.reduce(0o777) { $0 & $1.mode }
        try SafetensorsWriter.write(originals, to: places.originals, mode: mode)
    }

    /// - Throws: `file` where the model has changed since it was opened.
    private func checkSource() throws(RuntimeError) {
        guard let name = try InputStamp(Self.files(source.folder)).differences(from: stamp).first else { return }
        throw RuntimeError(
            .file, "'\(source.folder.path)/\(name)' has changed while the model was copied",
            hint: "wait until nothing writes to the model, then start again")
    }

    /// All files of a model folder.
    private static func files(_ model: URL) -> RunInput {
        RunInput(setting: "the model", path: model.path, form: .folder)
    }

    /// Keeps other processes from writing the same folder meanwhile. The file is beside it, since the folder is not there yet.
    private static func lock(_ output: URL) throws(RuntimeError) -> PlaceLock {
        let output = output.standardizedFileURL.resolvingSymlinksInPath()
        let parent = output.deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        } catch {
            throw RuntimeError(
                .run, "the folder '\(parent.path)' cannot be made", hint: "check the path and that you may write there")
        }
        Leftovers(in: parent, isDeep: false).remove()
        return try PlaceLock(
            parent.appending(path: ".\(output.lastPathComponent).lock"), of: "the output folder '\(output.path)'")
    }
}

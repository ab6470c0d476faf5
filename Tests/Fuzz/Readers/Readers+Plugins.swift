// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import SutureRuntime

extension FuzzReader {
    static let plugins: [FuzzReader] = [
        FuzzReader(
            "worker-lines", "lines that a worker sends, over its socket", .lines,
            words: ["phase", "enter", "leave", "log", "output", "activity", "finished", "failed", "_0", "level"],
            seeds: { try WorkerSeeds.lines() }
        ) { _ in
            { input in
                var ends: [Int32] = [0, 0]
                guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else { return [] }
                defer {
                    for end in ends { close(end) }
                }
                var line = LineSocket(ends[0])
                // In pieces, which the socket holds without a reader.
                for start in stride(from: 0, to: input.count, by: 4096) {
                    let piece = Array(input[start..<min(start + 4096, input.count)])
                    _ = piece.withUnsafeBytes { Glibc.send(ends[1], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                    while case .line(let text) = line.receive(within: 0) { _ = try? WorkerSeeds.read(text) }
                }
                return []
            }
        },
        FuzzReader(
            "worker-event", "one event of a worker, or a report of what a plugin offers", .json,
            words: [
                "components", "problems", "file", "sentence", "hint", "parameters", "kind", "defaultJSON", "range",
            ],
            seeds: {
                try WorkerSeeds.lines().flatMap { $0.split(separator: 10).map(Array.init) } + WorkerSeeds.reports()
            }
        ) { _ in
            { input in
                let event = Result { try WorkerSeeds.read(String(decoding: input, as: UTF8.self)) }
                let report = Result { try WorkerJSON.decode(DescribeJob.Report.self, from: Data(input)) }
                guard let found = try? report.get() else {
                    _ = try event.get()
                    return []
                }
                let catalogue = PluginCatalogue(components: found.components, problems: found.problems)
                let sentences = found.problems.map(\.error.description)
                for component in found.components { _ = try? ArgumentResolver.defaults(of: component) }
                return sentences + [sentence { try catalogue.find(kind: .patcher, id: "memti") }].compactMap { $0 }
            }
        },
        FuzzReader(
            "foreign-signature", "the signature of a C function", .text,
            words: ["f64", "i64", "str", "ptr", "error", "void", "u8", "(", ")", ", ", "e(ppppdl)", "d"],
            largest: 1 << 16, seeds: { ["f64(str, str)", "e(ppppdl)", "v()", "i32(f32 , u8)"].bytes }
        ) { _ in
            { input in
                do {
                    _ = try ForeignSignature(String(decoding: input.filter { $0 != 0 }, as: UTF8.self)).letters
                    return []
                } catch let failure as ForeignFailure {
                    throw RuntimeError(.plugin, failure.text)
                }
            }
        },
        FuzzReader(
            "plugin-path", "SUTURE_PLUGIN_PATH and the folders of the environment", .text,
            words: [":", "/", "~", "~root", "..", ".", "/dev/null", "/proc/self", "XDG"], largest: 1 << 13,
            seeds: { ["/usr/lib:/tmp/x.so:~/plugins", "::.:"].bytes }
        ) { folder in
            let environment = ["HOME": folder.url.path]
            return { input in
                let text = String(decoding: input.filter { $0 != 0 }, as: UTF8.self)
                let path = PluginSearchPath(
                    environment: environment.merging(["SUTURE_PLUGIN_PATH": text, "XDG_DATA_HOME": text]) { $1 },
                    executableFolder: folder.url.path)
                _ = try path.files()
                return []
            }
        },
    ]

    /// The sentence of the error that `body` ends with; nil without one.
    private static func sentence<Value>(_ body: () throws -> Value) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return RuntimeError(error).description
        }
    }
}

/// What workers say, to begin with.
private enum WorkerSeeds {
    static func read(_ text: String) throws {
        guard case .output(let json) = try WorkerJSON.decode(WorkerEvent.self, from: Data(text.utf8)) else { return }
        _ = try WorkerJSON.decode(DescribeJob.Report.self, from: Data(json.utf8))
    }

    static func lines() throws -> [[UInt8]] {
        let report = String(decoding: try reports()[0], as: UTF8.self)
        let events: [WorkerEvent] = [
            .phase(name: "load", done: 1, total: 3), .enter(PluginCall(file: "/p/libx.so", operation: "load")), .leave,
            .log(level: 2, message: "a warning"), .output(report), .activity(7), .finished("{}"),
            .failed(kind: 4, message: "it failed", hint: "look"),
        ]
        return [try events.reduce(into: [UInt8]()) { $0 += [UInt8](try WorkerJSON.encode($1)) + [0x0A] }]
    }

    static func reports() throws -> [[UInt8]] {
        let report = DescribeJob.Report(
            file: "/p/libx.so",
            components: [ExperimentSeeds.component("memit", .patcher, ExperimentSeeds.everyKind)],
            problems: [PluginProblem(file: "/p/liby.so", sentence: "it cannot be loaded", hint: "build it again")])
        return [[UInt8](try WorkerJSON.encode(report))]
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import SutureRuntime

/// Measures what users wait for, and prints one JSON object per figure. Wall-clock times are reported and never
/// asserted.
///
///     SutureBenchmarks calls                                     a plugin call, boxed and through libffi
///     SutureBenchmarks forward MODEL [rows] [length] [repeats]   forward tokens per second
///     SutureBenchmarks edit EXPERIMENT [key=value …]             one edit, seconds by phase
///
/// `compare_forward.py` runs `forward` and transformers in turn, on the same model and threads.
@main
struct Benchmarks {
    static func main() {
        // An edit runs in a worker, which is this program again.
        if let code = HiddenCommand.runIfRequested(CommandLine.arguments) { exit(code) }
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            switch arguments.first {
            case "calls": try calls()
            case "forward" where arguments.count >= 2: try forward(Array(arguments.dropFirst()))
            case "edit" where arguments.count >= 2: try edit(Array(arguments.dropFirst()))
            default:
                throw RuntimeError(.usage, "give calls, forward MODEL or edit EXPERIMENT")
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(RuntimeError(error).kind.rawValue)
        }
    }

    // MARK: Plugin calls

    /// A call that does as little as a component can, so that what remains is the boundary.
    private static func calls() throws {
        try HostTables.install()
        let catalogue = try PluginCatalogue.scanBlocking(PluginSearchPath())
        let one = try Tensor.ones([1])
        report("tensor operation through the table", count: 200_000) { _ = try one + one }
        for id in ["drift", "target-rank"] {
            let found = try catalogue.find(kind: .evaluator, id: id)
            let component = try LoadedComponent(found, arguments: ArgumentResolver.defaults(of: found))
            let convention = found.isNative ? "native, libffi" : "boxed, Swift"
            let session = try emptySession()
            report("evaluate without cases (\(convention))", count: 20_000) {
                try session.perform(by: component)
            }
        }
    }

    /// Prints the mean time of one call, best of five rounds.
    private static func report(_ name: String, count: Int, _ body: () throws -> Void) {
        let clock = ContinuousClock()
        var best = Double.infinity
        do {
            for _ in 0..<5 {
                let time = try clock.measure { for _ in 0..<count { try body() } }
                best = min(best, time / .microseconds(1) / Double(count))
            }
            print(["benchmark": name, "microseconds": String(format: "%.3f", best)])
        } catch {
            print(["benchmark": name, "error": String(describing: error)])
        }
    }

    // MARK: Forward

    private static func forward(_ arguments: [String]) throws {
        func number(_ place: Int, _ fallback: Int) -> Int {
            arguments.count > place ? Int(arguments[place]) ?? fallback : fallback
        }
        let (rows, length, repeats) = (number(1, 16), number(2, 64), number(3, 20))
        try HostTables.install()
        let model = try LanguageModel(folder: URL(fileURLWithPath: arguments[0]))
        // Any tokens cost the same.
        let row = (0..<length).map { 1 + $0 * 37 % (model.configuration.vocabulary - 1) }
        let batch = try TokenBatch(Array(repeating: row, count: rows))
        let clock = ContinuousClock()
        var seconds: [Double] = []
        try withoutGradients {
            _ = try model.transformer.run(Forward(batch))
            for _ in 0..<repeats {
                seconds.append(try clock.measure { _ = try model.transformer.run(Forward(batch)) } / .seconds(1))
            }
        }
        let median = seconds.sorted()[repeats / 2]
        print([
            "benchmark": "forward", "tokens_per_second": String(format: "%.0f", Double(rows * length) / median),
            "rows": "\(rows)", "length": "\(length)", "milliseconds": String(format: "%.2f", median * 1000),
        ])
    }

    // MARK: Edit

    private static func edit(_ arguments: [String]) throws {
        let launcher = RunLauncher()
        let planned = try launcher.plan(file: arguments[0], overrides: Array(arguments.dropFirst()))
        let results = try launcher.run(planned, startsAnew: true) { _ in }
        var line = ["benchmark": "edit \(planned.experiment.runID)", "cases": "\(planned.caseCount)"]
        for (phase, value) in results.seconds { line["seconds_\(phase)"] = String(format: "%.3f", value) }
        print(line)
    }

    private static func print(_ line: [String: String]) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let data = try? encoder.encode(line) { Swift.print(String(decoding: data, as: UTF8.self)) }
    }

    /// A session over the bundled model, for calls that do not look at it.
    private static func emptySession() throws -> RunSession {
        let model = try LanguageModel(folder: URL(fileURLWithPath: "Examples/World/model"))
        return RunSession(
            of: "benchmark", ComponentCall(.evaluate, stage: "after"), model: model, original: model, seed: 0,
            services: RunServices(progress: { _, _, _ in }, secondMoments: { _, _ in [] }))
    }
}

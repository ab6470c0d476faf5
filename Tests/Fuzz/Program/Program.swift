// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzReaders
import SutureRuntime

/// Reads what other people's files may hold, again and again, with inputs that are made of seeds by chance.
///
///     suture-fuzz list                                     every reader
///     suture-fuzz READER… [--seconds 60] [--seed 0]        looks for faults; `all` for every reader
///     suture-fuzz READER --input FILE [--times 1000]       reads one input, as a finding says; often, to see what it leaves
///
/// A finding is an input, and a text that says what is wrong. They go to the folder of `--findings`. The exit code is 1
/// where there are any.
@main
struct Program {
    static func main() {
        do {
            let options = try Options(CommandLine.arguments.dropFirst())
            if let child = options.child {
                try Child(options.readers[0], work: child, options).run()
            } else if let input = options.input {
                try repeatInput(input, options.readers[0], times: options.times)
            } else if options.readers.isEmpty {
                for reader in FuzzReader.all {
                    print(reader.name.padding(toLength: 28, withPad: " ", startingAt: 0) + reader.about)
                }
            } else {
                var findings = 0
                for reader in options.readers {
                    let watch = try Watch(reader, options)
                    print(try watch.run())
                    fflush(nil)
                    findings += watch.findings
                }
                exit(findings > 0 ? 1 : 0)
            }
        } catch {
            FileHandle.standardError.write(Data("suture-fuzz: \(RuntimeError(error).description)\n".utf8))
            exit(2)
        }
    }

    /// Reads one input in this process, so that a crash shows where it is.
    private static func repeatInput(_ path: String, _ reader: FuzzReader, times: Int) throws {
        let folder = try FuzzFolder.make()
        defer { folder.remove() }
        let input = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let read = try reader.prepare(folder)
        let clock = ContinuousClock()
        let start = clock.now
        let (fault, outcome) = FuzzReader.judge(input, read)
        print("\(input.count) bytes in \(clock.now - start); \(outcome.prefix(300))")
        print(fault.map { "fault: \($0)" } ?? "no fault")
        guard times > 1 else { return }
        let before = ProcessUsage(getpid()).memory
        for _ in 1..<times { _ = FuzzReader.judge(input, read) }
        print("\((ProcessUsage(getpid()).memory - before) >> 10) KiB more memory after \(times) times")
    }
}

/// The command line.
struct Options {
    var readers: [FuzzReader] = []
    var seconds = 60.0
    var seed: UInt64 = 0
    var findings = "fuzz-findings"
    /// What a reader may take beyond what it had before its first input.
    var memory = 512 << 20
    var input: String?
    /// How often the input is read.
    var times = 1
    /// The folder that a child process shares with its parent.
    var child: URL?

    init(_ arguments: ArraySlice<String>) throws(RuntimeError) {
        var rest = arguments
        func value(of option: String) throws(RuntimeError) -> String {
            guard let value = rest.popFirst() else { throw RuntimeError(.usage, "\(option) needs a value") }
            return value
        }
        func number(of option: String) throws(RuntimeError) -> Double {
            let text = try value(of: option)
            guard let number = Double(text), number >= 0, number < 1e9 else {
                throw RuntimeError(.usage, "\(option) must be a number, got '\(text)'")
            }
            return number
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--seconds": seconds = try number(of: argument)
            case "--seed": seed = UInt64(try number(of: argument))
            case "--memory": memory = Int(try number(of: argument)) << 20
            case "--findings": findings = try value(of: argument)
            case "--input": input = try value(of: argument)
            case "--times": times = Int(try number(of: argument))
            case "--child": child = URL(fileURLWithPath: try value(of: argument))
            case "all": readers += FuzzReader.all
            case "list": break
            default:
                guard let reader = FuzzReader.named(argument) else {
                    throw RuntimeError(
                        .usage, "there is no reader '\(argument)'", hint: "`suture-fuzz list` shows every reader")
                }
                readers.append(reader)
            }
        }
        if input != nil || child != nil, readers.count != 1 { throw RuntimeError(.usage, "name one reader") }
    }
}

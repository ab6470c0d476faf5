// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzReaders
import SutureRuntime

/// Runs one reader in child processes, and takes note of those that crash, hang, or take too much memory.
final class Watch {
    /// Of computing. A child that waits for something has more, because another process may keep the machine busy.
    private static let mostSeconds = 5.0
    private static let mostSecondsWaiting = 30.0
    private static let mostFindings = 20

    private let reader: FuzzReader
    private let options: Options
    private let work: FuzzFolder
    private let page: SharedPage
    private(set) var findings = 0
    private var mostMemory = 0

    init(_ reader: FuzzReader, _ options: Options) throws {
        self.reader = reader
        self.options = options
        work = try FuzzFolder.make()
        page = try SharedPage(Child.page(in: work.url), capacity: reader.largest)
    }

    deinit { work.remove() }

    /// - Returns: what was done, as one line.
    func run() throws -> String {
        let clock = ContinuousClock()
        let start = clock.now
        func passed() -> Double { (clock.now - start) / .seconds(1) }
        var seed = options.seed
        while passed() < options.seconds, findings < Self.mostFindings {
            let end = try runChild(seed: seed, seconds: options.seconds - passed()) { showProgress(passed()) }
            try note(end)
            seed += 1
        }
        if isatty(STDERR_FILENO) == 1 { FileHandle.standardError.write(Data("\r\u{1B}[2K".utf8)) }
        // Not a finding, and worth a look.
        if let slowest = try? Data(contentsOf: Child.slowest(in: work.url)) {
            try slowest.write(to: try folder().appending(path: "slowest"))
        }
        return "\(reader.name): \(page.begun) inputs in \(Int(passed())) s, "
            + "at most \(mostMemory >> 20) MiB more memory, the slowest "
            + String(format: "%.2f s", Double(page.slowest) / 1e9) + ", \(findings) findings"
    }

    private enum End {
        case exit(Int32)
        case signal(Int32)
        case hang
        case memory
    }

    private func runChild(seed: UInt64, seconds: Double, _ progress: () -> Void) throws -> End {
        page.forgetUnfinished()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            reader.name, "--child", work.url.path, "--seed", String(seed), "--seconds", String(seconds), "--memory",
            String(options.memory >> 20),
        ]
        process.environment = ProcessInfo.processInfo.environment.merging([
            "SWIFT_BACKTRACE": "enable=no", "OMP_NUM_THREADS": "1",
        ]) { $1 }
        if findings > 0 { process.standardError = FileHandle.nullDevice }
        try process.run()
        var begun = -1
        var began = ContinuousClock.now
        var computed = 0.0
        while process.isRunning {
            usleep(50_000)
            progress()
            let usage = ProcessUsage(process.processIdentifier)
            let more = page.memoryAtStart > 0 ? usage.memory - page.memoryAtStart : 0
            mostMemory = max(mostMemory, more)
            if more > options.memory { return stop(process, .memory) }
            guard page.begun > page.finished, page.begun == begun else {
                (begun, began, computed) = (page.begun, ContinuousClock.now, usage.seconds)
                continue
            }
            let waited = (ContinuousClock.now - began) / .seconds(1)
            if usage.seconds - computed > Self.mostSeconds || waited > Self.mostSecondsWaiting {
                return stop(process, .hang)
            }
        }
        let status = process.terminationStatus
        return process.terminationReason == .uncaughtSignal ? .signal(status) : .exit(status)
    }

    private func stop(_ process: Process, _ end: End) -> End {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return end
    }

    // MARK: Findings

    private func note(_ end: End) throws {
        switch end {
        case .exit(0): break
        case .exit(Child.badSentence):
            let fault = (try? String(contentsOf: Child.fault(in: work.url), encoding: .utf8)) ?? "a bad sentence"
            try save("sentence", fault)
        case .exit(Child.tooMuchMemory), .memory:
            try save("memory", "the process took more than \(options.memory >> 20) MiB")
        case .hang: try save("hang", "the reader took longer than \(Int(Self.mostSeconds)) s")
        case .signal(let number) where page.begun > page.finished:
            try save("crash", "the process died of signal \(number)")
        case .exit(let code) where page.begun > page.finished: try save("crash", "the process ended with \(code)")
        case .signal(let code), .exit(let code):
            throw RuntimeError(.run, "a child process of \(reader.name) ended with \(code) and had no input")
        }
    }

    private func folder() throws -> URL {
        let folder = URL(fileURLWithPath: options.findings).appending(path: reader.name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private func save(_ kind: String, _ what: String) throws {
        findings += 1
        let input = page.input
        let file = try folder().appending(path: "\(kind)-\(Digest.of(Data(input)).prefix(8))")
        try Data(input).write(to: file)
        let text = "\(reader.name): \(what)\nsuture-fuzz \(reader.name) --input '\(file.path)'\n"
        try Data(text.utf8).write(to: file.appendingPathExtension("txt"))
        FileHandle.standardError.write(Data("\n\(text)".utf8))
    }

    private func showProgress(_ seconds: Double) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        let text = "\r\u{1B}[2K\(reader.name): \(page.begun) inputs, \(Int(seconds)) s, \(findings) findings"
        FileHandle.standardError.write(Data(text.utf8))
    }
}

/// What a process has used so far, by the system's account.
struct ProcessUsage {
    /// Of computing.
    var seconds = 0.0
    /// Bytes in memory.
    var memory = 0

    init(_ process: Int32) {
        guard let line = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = line.lastIndex(of: ")")
        else { return }
        // Fields from the third on: user and system time are the 14th and the 15th, resident pages the 24th.
        let fields = line[end...].split(separator: " ").dropFirst().map(String.init)
        guard fields.count > 21 else { return }
        let ticks = (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
        seconds = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        memory = (Int(fields[21]) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import TorchBackend

/// What decides about the last bits of a result besides the numbers that it is computed from: the threads that share an
/// operation, and the kernels that they run. Both are fixed before the first operation and recorded in every run.
package enum Processor {
    /// Threads of one operation unless `model.threads` says otherwise: `OMP_NUM_THREADS` where it is set, and else the cores
    /// that this process may use, by its affinity and by the quota of its container.
    package static let defaultThreads: Int = {
        let libtorch = threads
        guard ProcessInfo.processInfo.environment["OMP_NUM_THREADS"] == nil else { return libtorch }
        let cores = min(libtorch, ProcessInfo.processInfo.activeProcessorCount)
        return max(1, min(cores, quota ?? cores))
    }()

    /// Threads of one operation in this process, now.
    package static var threads: Int { Int(torch_backend_threads()) }

    /// More are a slip of the pen.
    package static let mostThreads = 1024

    /// What libtorch chooses its kernels by, such as "AVX2 MKL_CBWR=AUTO".
    package static var kernels: String { String(cString: torch_backend_kernels()) }

    /// Fixes the number of threads of this process. Called before its first operation.
    static func use(threads: Int) { torch_backend_set_threads(Int32(clamping: threads)) }

    /// Fixes the default. Further calls do nothing.
    static func useDefault() { defaultIsUsed }
    private static let defaultIsUsed: Void = use(threads: defaultThreads)

    /// The environment of a process that computes, from that of this one.
    ///
    /// Threads that wait for one another sleep meanwhile. By default they spin, and where others need the processor they spin
    /// while the thread that they wait for has none: operations take many times as long. libgomp reads this when it is
    /// loaded, so no process can say it for itself.
    static func environment(_ own: [String: String] = ProcessInfo.processInfo.environment) -> [String: String] {
        var environment = own
        if own["OMP_WAIT_POLICY"] == nil, own["GOMP_SPINCOUNT"] == nil { environment["OMP_WAIT_POLICY"] = "PASSIVE" }
        return environment
    }

    /// Begins this program again, with the same arguments and the environment of a process that computes, unless it has that
    /// already. For commands that compute in the host. Where the program cannot be begun again, it goes on, and is slow on a
    /// busy machine.
    package static func beginAgainForComputing() {
        let own = ProcessInfo.processInfo.environment
        let wanted = environment(own)
        guard wanted != own else { return }
        for (name, value) in wanted where own[name] != value { setenv(name, value, 1) }
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }

    /// The largest resident memory of this process so far, in bytes; pages of mapped files count.
    static var peakMemory: Int {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_maxrss << 10
    }

    /// Memory that a process can still take without swapping, in bytes: what the system has left, or the container of this
    /// process; nil where neither says.
    static var availableMemory: Int? {
        func number(_ path: String) -> Int? {
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { Int($0.split(separator: "\n").first ?? "") }
        }
        let lines = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let system = lines.first { $0.hasPrefix("MemAvailable:") }.flatMap { line in
            line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
        }
        let folder = "/sys/fs/cgroup"
        var container: Int?
        if let limit = number("\(folder)/memory.max"), let used = number("\(folder)/memory.current") {
            container = max(0, limit - used)
        }
        return [system, container].compactMap(\.self).min()
    }

    /// Cores that the container of this process may use, rounded up; nil where nothing limits it.
    private static var quota: Int? {
        func numbers(_ path: String) -> [Int] {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        }
        // Microseconds of processor time, and the period in which they may be spent. "max" and -1 stand for no limit.
        let folder = "/sys/fs/cgroup"
        var limit = numbers("\(folder)/cpu.max")
        if limit.count != 2 {
            limit = numbers("\(folder)/cpu/cpu.cfs_quota_us") + numbers("\(folder)/cpu/cpu.cfs_period_us")
        }
        guard limit.count == 2, limit[0] > 0, limit[1] > 0 else { return nil }
        return (limit[0] - 1) / limit[1] + 1
    }
}

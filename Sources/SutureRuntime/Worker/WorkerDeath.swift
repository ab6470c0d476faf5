// SPDX-License-Identifier: Apache-2.0

import CSutureHost
import Foundation

/// A worker that ended without a word, as a sentence.
struct WorkerDeath {
    var end: ChildProcess.End
    /// The innermost call into a plugin that had not returned.
    var call: PluginCall?
    /// The call into a plugin that returned last, where none is open.
    var lastCall: PluginCall?
    /// The phase that was told last; "" where none was.
    var phase: String

    var error: RuntimeError {
        switch end {
        case .exited(let code): exited(code)
        case .signalled(let number): signalled(number)
        }
    }

    private var isLoading: Bool { call?.operation == "load" }

    private func exited(_ code: Int32) -> RuntimeError {
        guard let call else {
            return RuntimeError(
                .run, "the worker process ended with exit code \(code)\(during) before its work was done",
                hint: "what it printed above may tell why; report it with the run's log")
        }
        return RuntimeError(
            .plugin, "\(call.callee) ended the process in \(call.place): exit code \(code)",
            hint: "a plugin must return an error and never call exit; report this to its author")
    }

    private func signalled(_ number: Int32) -> RuntimeError {
        if number == suture_host_write_signal() { return wrote }
        let (name, meaning) = Self.describe(number)
        let isFromOutside = number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP
        guard let call else {
            return RuntimeError(
                .run, "the worker process died\(during): \(name), \(meaning)",
                hint: isFromOutside ? Self.outsideHint : insideHint)
        }
        if isFromOutside {
            return RuntimeError(
                .run, "the worker process died while \(call.callee) was in \(call.place): \(name), \(meaning)",
                hint: Self.outsideHint)
        }
        return RuntimeError(
            .plugin, "\(call.callee) crashed in \(call.place): \(name), \(meaning)",
            hint: isLoading
                ? "move the file out of the plugin folders, and report this to its author"
                : "run without this plugin, and report this to its author")
    }

    /// The memory is protected, so nothing was changed.
    private var wrote: RuntimeError {
        let what = "a tensor that is read-only: a weight of the model, or what the host keeps for later cases"
        guard let call = call ?? lastCall else {
            return RuntimeError(.run, "the worker process wrote\(during) into \(what)")
        }
        return RuntimeError(
            .plugin, "\(call.callee) wrote in \(call.place) into \(what)",
            hint:
                "clone() the tensor and change the copy; nothing was changed, and the process was ended; report this to its "
                + "author")
    }

    private var insideHint: String {
        guard let lastCall else { return "this is a fault of suture itself; report it with the run's log" }
        return
            "\(lastCall.callee) had returned from \(lastCall.place) before; where the run ends without this plugin, the plugin "
            + "damaged memory, and otherwise this is a fault of suture itself; report it with the run's log"
    }

    private var during: String { phase.isEmpty ? "" : " in the phase \"\(phase)\"" }

    private static let outsideHint = "where memory ran out, lower the batch size or use a machine with more"

    /// The name of a signal, and what it means to somebody who does not know it.
    static func describe(_ number: Int32) -> (name: String, meaning: String) {
        switch number {
        case SIGSEGV: ("SIGSEGV", "it read or wrote memory that is not its own, or its stack overflowed")
        case SIGBUS: ("SIGBUS", "it read or wrote memory that is not there, such as beyond the end of a mapped file")
        case SIGABRT: ("SIGABRT", "it gave up: an exception that nobody caught, or a failed check")
        case SIGILL:
            ("SIGILL", "it ran into a trap, as Swift's failed checks do, or into instructions that this machine lacks")
        case SIGTRAP: ("SIGTRAP", "it ran into a trap, as Swift's failed checks do")
        case SIGFPE: ("SIGFPE", "it divided a whole number by zero")
        case SIGSYS: ("SIGSYS", "it called what this system forbids")
        case SIGKILL: ("SIGKILL", "it was killed from outside, most often by the system because memory ran out")
        case SIGTERM: ("SIGTERM", "it was ended from outside")
        case SIGINT: ("SIGINT", "it was ended from outside")
        case SIGHUP: ("SIGHUP", "its terminal went away")
        case SIGPIPE: ("SIGPIPE", "it wrote to a program that was gone")
        case SIGXCPU: ("SIGXCPU", "it used more processor time than it may")
        case SIGXFSZ: ("SIGXFSZ", "it wrote a file larger than it may")
        default: ("signal \(number)", "it was ended by the system")
        }
    }
}

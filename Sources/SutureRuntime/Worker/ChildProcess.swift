// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A child process with a line to it.
///
/// By `posix_spawn` directly: Foundation's `Process` hands over the three standard streams only, and swift-subprocess lives
/// in Swift's task pool, which a run of hours should not depend on.
struct ChildProcess {
    let id: pid_t
    /// This side's end of the line. The owner closes it.
    let descriptor: Int32
    /// Becomes readable when the process has ended. The owner closes it.
    let ending: Int32

    /// How a process ended.
    enum End: Sendable, Hashable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// Starts `executable` with its standard output joined to standard error, no standard input, and the line as
    /// descriptor `lineAt`. It leads a process group of its own, so that Ctrl-C in a terminal reaches the host alone.
    ///
    /// - Parameter lock: a descriptor that it inherits as the one after the line's, to hold a lock with this process.
    init(
        _ executable: String, _ arguments: [String], environment: [String: String], lineAt childDescriptor: Int32,
        lock: Int32? = nil
    ) throws(RuntimeError) {
        let pair = try Self.socketPair()
        defer { close(pair[1]) }
        let ending: [Int32]
        do {
            ending = try Self.socketPair()
        } catch {
            close(pair[0])
            throw error
        }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        // What plugins print must not mix with the answer on the host's standard output.
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, pair[1], childDescriptor)
        if let lock { posix_spawn_file_actions_adddup2(&actions, lock, childDescriptor + 1) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The host ignores or blocks signals that the worker must receive.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        let argv = ([executable] + arguments).map { strdup($0) } + [nil]
        let envp = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var id: pid_t = 0
        let code = posix_spawn(&id, executable, &actions, &attributes, argv, envp)
        guard code == 0 else {
            for descriptor in [pair[0]] + ending { close(descriptor) }
            throw Self.failure("\(executable) cannot be started", code)
        }
        self.id = id
        descriptor = pair[0]
        self.ending = ending[0]
        Self.hangUp(ending[1], afterEndOf: id)
    }

    /// Two ends that no program that is started inherits.
    private static func socketPair() throws(RuntimeError) -> [Int32] {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw failure("no socket pair", errno) }
        return pair
    }

    /// Closes a descriptor when a child has ended. The child itself is left for ``end(waits:)``, so its number stays its own.
    private static func hangUp(_ descriptor: Int32, afterEndOf id: pid_t) {
        Thread.detachNewThread {
            var information = siginfo_t()
            while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
            close(descriptor)
        }
    }

    /// How it ended, or nil while it runs. Ask no more after the answer.
    func end(waits: Bool = false) -> End? {
        var status: Int32 = 0
        var result = waitpid(id, &status, waits ? 0 : WNOHANG)
        while result < 0 && errno == EINTR { result = waitpid(id, &status, waits ? 0 : WNOHANG) }
        guard result == id else { return nil }
        // The macros of wait.h are not imported.
        let number = status & 0x7f
        return number == 0 ? .exited((status >> 8) & 0xff) : .signalled(number)
    }

    /// Ends it and what it started.
    func kill() {
        if Foundation.kill(-id, SIGKILL) != 0 { _ = Foundation.kill(id, SIGKILL) }
    }

    private static func failure(_ what: String, _ code: Int32) -> RuntimeError {
        RuntimeError(
            .run, "the worker process cannot be started: \(what): \(String(cString: strerror(code)))",
            hint: "check the limits of the system on processes and memory")
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Files that hold what another program computed. Each is made by a script that lies in the repository.
///
/// Where the environment has `SUTURE_RECORD=1`, asking for a file runs its script instead, and the test fails with a
/// sentence that says so: what was recorded has to be looked at before it counts.
public enum GoldenFile {
    /// Why a test did not compare.
    public struct Recorded: Error, CustomStringConvertible {
        public let description: String
    }

    /// A golden file or folder.
    ///
    /// - Parameters:
    ///   - path: from the folder of Package.swift.
    ///   - script: the Python script that makes it, from the same folder. It writes its files itself.
    /// - Throws: ``Recorded`` where `SUTURE_RECORD` is 1.
    public static func url(_ path: String, madeBy script: String) throws -> URL {
        if ProcessInfo.processInfo.environment["SUTURE_RECORD"] == "1" {
            throw Recorded(description: "\(path): \(outcome(of: script))")
        }
        return Repository.root.appending(path: path)
    }

    /// What became of a script, which runs once per process however many tests ask.
    private static func outcome(of script: String) -> String {
        outcomes.withLock { outcomes in
            if let known = outcomes[script] { return known }
            let outcome = run(script)
            outcomes[script] = outcome
            return outcome
        }
    }

    private static let outcomes = Mutex<[String: String]>([:])

    private static func run(_ script: String) -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script]
        process.currentDirectoryURL = Repository.root
        do { try process.run() } catch { return "nothing was recorded, because python3 cannot be started: \(error)" }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            return "nothing was recorded, because \(script) failed with exit code \(process.terminationStatus); its "
                + "first lines name the packages that it needs"
        }
        return "recorded by \(script); review the difference, then run again without SUTURE_RECORD"
    }
}

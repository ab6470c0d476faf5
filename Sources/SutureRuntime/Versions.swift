// SPDX-License-Identifier: Apache-2.0

import CSuture
import Foundation
import TorchBackend

/// Versions of this program and of what it is built on.
package enum Versions {
    static let suture = "0.1.0"

    /// Major and minor of the plugin ABI that this host speaks.
    static let abi = "\(SUTURE_ABI_MAJOR).\(SUTURE_ABI_MINOR)"

    /// What a result depends on; recorded in every run folder.
    static var current: [String: String] {
        [
            "suture": suture, "build": build, "libtorch": String(cString: torch_backend_version()),
            "kernels": Processor.kernels,
        ]
    }

    /// The build of this program: digits of the digest of its file. Empty where that cannot be read.
    static let build = String(
        ((try? Digest.ofFile(WorkerProcess.thisExecutable)) ?? "").prefix(16))

    /// - Throws: `file` where a run folder was begun with other versions: the rest of the run could give other numbers.
    static func check(_ versions: [String: String], of folder: String) throws(RuntimeError) {
        let now = current
        for name in Set(versions.keys).union(now.keys).sorted() where versions[name] != now[name] {
            throw RuntimeError(
                .file,
                "the run in '\(folder)' was begun with \(name) \(versions[name] ?? "(not recorded)"), and this is "
                    + "\(name) \(now[name] ?? "(none)")",
                hint: "resume it with the program that began it, or start the run anew")
        }
    }

    /// What `suture --version` prints: "0.1.0 (plugin ABI 1.1, libtorch 2.13.0+cpu, Swift 6.3, release)".
    package static var line: String {
        let facts = [
            "plugin ABI \(abi)", "libtorch \(String(cString: torch_backend_version()))", "Swift \(compiler)",
            configuration,
        ]
        return "\(suture) (\(facts.joined(separator: ", ")))"
    }

    private static var configuration: String {
        #if DEBUG
        "debug"
        #else
        "release"
        #endif
    }

    /// The compiler that built this program, as far as its conditions tell.
    private static var compiler: String {
        #if compiler(>=6.4)
        "6.4 or later"
        #elseif compiler(>=6.3)
        "6.3"
        #else
        "6.2"
        #endif
    }
}

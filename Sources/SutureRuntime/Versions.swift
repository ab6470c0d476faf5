// SPDX-License-Identifier: Apache-2.0

import CSuture
import TorchBackend

/// Versions of this program and of what it is built on.
package enum Versions {
    static let suture = "0.1.0"

    /// Major and minor of the plugin ABI that this host speaks.
    static let abi = "\(SUTURE_ABI_MAJOR).\(SUTURE_ABI_MINOR)"

    /// What a result depends on; recorded in every run folder.
    static var current: [String: String] {
        ["suture": suture, "libtorch": String(cString: torch_backend_version())]
    }

    /// What `suture --version` prints: "0.1.0 (plugin ABI 1.1, libtorch 2.13.0+cpu, Swift 6.3, release)".
    package static var line: String {
        let facts = [
            "plugin ABI \(abi)", "libtorch \(String(cString: torch_backend_version()))", "Swift \(compiler)", build,
        ]
        return "\(suture) (\(facts.joined(separator: ", ")))"
    }

    private static var build: String {
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

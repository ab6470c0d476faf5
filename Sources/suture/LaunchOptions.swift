// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SutureRuntime

/// The options of commands that load what an experiment file or a run folder names.
struct LaunchOptions: ParsableArguments {
    @Option(help: "A plugin file or folder; may be repeated.") var plugin: [String] = []
    @Flag(help: "Load the libraries that the file names, whether or not they are in your plugin folders.")
    var allowCode = false

    /// - Throws: `usage` for a configuration file of the user's that cannot be read.
    func launcher() throws(RuntimeError) -> RunLauncher {
        let permission = allowCode ? CodePermission.all : try UserConfiguration().code
        return RunLauncher(plugins: plugin, permission: permission)
    }
}

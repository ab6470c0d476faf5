// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SutureRuntime

/// What the commands that use a part of an experiment take alike: the file with its changes, and what becomes of the results.
struct PartialRunOptions: ParsableArguments {
    @Argument(help: "The experiment file.") var file: String
    @Argument(help: "Overrides: key=value …") var overrides: [String] = []
    @OptionGroup var launch: LaunchOptions
    @Option(help: "The folder that result folders go into, in place of output.dir.") var output: String?
    @Flag(name: [.customShort("m"), .long], help: "Treat overrides with several values (key=a,b) as a sweep.")
    var multirun = false
    @Flag(help: "Discard what the folder holds, and start from the beginning.") var fresh = false
    @Flag(help: "Print JSON.") var json = false

    /// The runs of the file.
    ///
    /// - Parameter parts: what the file has to have.
    func suite(_ parts: ExperimentParts) throws -> ExperimentSuite {
        try ExperimentSuite(
            file: file, overrides: multirun ? [] : overrides, sweeps: multirun ? overrides : [], parts: parts)
    }
}

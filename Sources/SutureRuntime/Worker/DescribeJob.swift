// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Loads libraries and tells what they offer, one output per file. Starts none of them.
package struct DescribeJob: WorkerJob {
    package static let name = "describe"
    /// Absolute paths.
    var files: [String]

    /// What one file offers.
    package struct Report: Codable, Sendable {
        package var file: String
        package var components: [ComponentDescription]
        package var problems: [PluginProblem]

        package init(file: String, components: [ComponentDescription], problems: [PluginProblem]) {
            self.file = file
            self.components = components
            self.problems = problems
        }
    }

    package struct Result: Codable, Sendable {}

    package func run(in link: WorkerLink) throws -> Result {
        for file in files { try link.output(Self.describe(file)) }
        return Result()
    }

    /// Loads a library in this process and reads what it declares.
    static func describe(_ file: String) -> Report {
        do {
            let call = PluginCall(file: file, operation: "load")
            let library = try PluginLibrary.load(file)
            WorkerLink.current?.enter(call)
            defer { WorkerLink.current?.leave() }
            let reader = ComponentReader(
                file: file, pluginID: library.id, pluginVersion: library.version,
                digest: library.digest)
            let (components, problems) = reader.read(try library.components())
            return Report(file: file, components: components, problems: problems)
        } catch {
            let problem = PluginProblem(file: file, sentence: error.message, hint: error.hint)
            return Report(file: file, components: [], problems: [problem])
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// Loads libraries and tells what they offer, one output per file. Starts none of them.
struct DescribeJob: WorkerJob {
    static let name = "describe"
    /// Absolute paths.
    var files: [String]

    /// What one file offers.
    struct Report: Codable, Sendable {
        var file: String
        var components: [Component]
        var problems: [PluginProblem]
    }

    struct Result: Codable, Sendable {}

    func run(in link: WorkerLink) throws -> Result {
        for file in files { try link.output(Self.describe(file)) }
        return Result()
    }

    /// Loads a library in this process and reads what it declares.
    static func describe(_ file: String) -> Report {
        do {
            let call = PluginCall(file: file, operation: "load")
            let digest = try digest(of: file)
            let library = try PluginLibrary.load(file)
            WorkerLink.current?.enter(call)
            defer { WorkerLink.current?.leave() }
            let reader = ComponentReader(
                file: file, pluginID: library.id, pluginVersion: library.version, digest: digest)
            let (components, problems) = reader.read(try library.components())
            return Report(file: file, components: components.map(Component.init), problems: problems)
        } catch {
            return Report(file: file, components: [], problems: [error])
        }
    }

    private static func digest(of file: String) throws(PluginProblem) -> String {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: file), options: .alwaysMapped) else {
            throw PluginProblem(
                file: file, sentence: "\(file) cannot be read", hint: "check that it is a file and its permissions")
        }
        return Digest.of(data)
    }
}

extension DescribeJob {
    /// A ``ComponentDescription`` on its way through JSON.
    struct Component: Codable, Sendable {
        var id: String
        var kind: ComponentKind
        var version: String
        var summary: String
        var requires: UInt64
        var parameters: [ComponentParameter]
        var isNative: Bool
        var pluginID: String
        var pluginVersion: String
        var file: String
        var digest: String

        init(_ value: ComponentDescription) {
            id = value.id
            kind = value.kind
            version = value.version
            summary = value.summary
            requires = value.requires.rawValue
            parameters = value.parameters.map(ComponentParameter.init)
            isNative = value.isNative
            pluginID = value.pluginID
            pluginVersion = value.pluginVersion
            file = value.file
            digest = value.digest
        }

        /// Nil when a parameter is of a kind that this host does not know.
        var value: ComponentDescription? {
            let known = parameters.compactMap(\.value)
            guard known.count == parameters.count else { return nil }
            return ComponentDescription(
                id: id, kind: kind, version: version, summary: summary, requires: EditCase.Fields(rawValue: requires),
                parameters: known, isNative: isNative, pluginID: pluginID, pluginVersion: pluginVersion, file: file,
                digest: digest)
        }
    }
}

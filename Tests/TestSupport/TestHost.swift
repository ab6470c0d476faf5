// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime

/// Installs the host's tables once per test process. Every suite that touches a tensor calls it first.
public enum TestHost {
    public static func install() throws {
        try HostTables.install()
        FunctionTable.permit(.all)
    }

    /// Hears what the components of this process log, those of other tests too.
    public static func listen(_ hear: @escaping @Sendable (String) -> Void) {
        HostTables.setLog { _, message in hear(message) }
    }
}

/// The small model on which the host checks the laws of components.
package typealias TinyModel = SutureRuntime.TinyModel

/// The tokenizer of that model.
package typealias TinyTokenizer = SutureRuntime.TinyTokenizer

/// Cases for that model.
package typealias TinyCases = SutureRuntime.TinyCases

/// Files of the repository that tests use.
public enum Repository {
    /// The folder of Package.swift.
    public static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The bundled example: a small model that knows some facts.
    public static let world = root.appending(path: "Examples/World")
}

/// A folder that goes away with this value.
public final class ScratchFolder: Sendable {
    public let url: URL

    public init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "suture-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

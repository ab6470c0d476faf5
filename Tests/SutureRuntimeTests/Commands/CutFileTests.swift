// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel
import Testing

@testable import SutureRuntime

@Suite("Model files that are cut short while they are read")
struct CutFileTests {
    @Test("The sentence names the file, and the code is that of a file that cannot be used")
    func sentence() async throws {
        try await Build.withFolder { folder in
            try TinyModel.write(to: URL(fileURLWithPath: folder))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Build.worker)
            process.arguments = ["cut-file", folder]
            let errors = Pipe()
            process.standardError = errors
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationReason == .exit)
            #expect(process.terminationStatus == RuntimeError.Kind.file.rawValue)
            #expect(
                String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                    == "suture: '\(folder)/model.safetensors' was cut short while it was read; see what writes to it, and copy "
                    + "the file again\n")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureModel
import SutureRuntime

extension PatchCommand {
    struct SBOM: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sbom", abstract: "Writes the bill of materials of an edited model, in CycloneDX 1.6.",
            discussion: """
                It names the base model, the patches with their runs, and the digests of the files. The same folder gives the same \
                bytes: the serial number is made of the content, and the time is that of the last change.
                """)

        @Argument(help: "A model folder that `patch apply` has written.") var model: String
        @Option(help: "The file to write; without it, the answer is printed.") var output: String?
        @Option(help: "The base model's name on the Hugging Face hub; without it, what the folder's model card says.")
        var base: String?
        @Option(help: "The revision of the base model.") var revision: String?

        func run() throws {
            let text = try PatchBill.text(of: URL(fileURLWithPath: model), baseModel: base, revision: revision)
            guard let output else { return try Terminal.print(foreign: String(text.dropLast())) }
            let file = URL(fileURLWithPath: output)
            try reporting(.run) { try OutputFile.replace(file, by: Data(text.utf8)) }
            try Terminal.print(file.standardizedFileURL.path)
        }
    }
}

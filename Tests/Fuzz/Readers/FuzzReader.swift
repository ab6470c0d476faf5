// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureRuntime

/// One reader of Suture as a fuzzing target: where its inputs begin, and how one input is read.
package struct FuzzReader: Sendable {
    /// What the inputs are made of. It decides how they are changed.
    package enum Form: Sendable {
        case text
        case json
        /// JSON lines, or other text in which each line is a unit.
        case lines
        case safetensors
        case binary
    }

    /// Reads one input, and returns the sentences that a user would see: warnings, notes. An error is a sentence too.
    package typealias Read = (_ input: [UInt8]) throws -> [String]

    package var name: String
    /// What it reads, for the list.
    package var about: String
    package var form: Form
    /// Words that mean something to the reader.
    package var words: [String]
    /// The largest input in bytes.
    package var largest: Int
    /// How many inputs the tests read, besides the seeds.
    package var countInTests: Int
    /// Inputs to begin with, besides those in the folder of the corpus.
    package var seeds: @Sendable () throws -> [[UInt8]]
    /// Prepares what the reader needs beside its input. Called once per process.
    package var prepare: @Sendable (FuzzFolder) throws -> Read

    package init(
        _ name: String, _ about: String, _ form: Form, words: [String] = [], largest: Int = 1 << 18,
        countInTests: Int = 300, seeds: @escaping @Sendable () throws -> [[UInt8]] = { [] },
        prepare: @escaping @Sendable (FuzzFolder) throws -> Read
    ) {
        self.name = name
        self.about = about
        self.form = form
        self.words = words
        self.largest = largest
        self.countInTests = countInTests
        self.seeds = seeds
        self.prepare = prepare
    }

    /// The seeds of the code and of the corpus, in a fixed order.
    package func allSeeds() throws -> [[UInt8]] {
        let folder = FuzzFolder.corpus.appending(path: name)
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
        let files = try names.filter { !$0.hasPrefix(".") }.map { name in
            try [UInt8](Data(contentsOf: folder.appending(path: name)))
        }
        let all = try seeds() + files
        return all.isEmpty ? [[]] : all
    }

    /// Reads an input, and says what is wrong with how that went; nil where nothing is.
    ///
    /// - Returns: the fault, and the outcome with what depends on the input left out.
    package static func judge(_ input: [UInt8], _ read: Read) -> (fault: String?, outcome: String) {
        var sentences: [String]
        var outcome: String
        do {
            // Warnings are cleaned where they are printed.
            sentences = try read(input).map { DisplayText.sentence($0) }
            outcome = "read:" + sentences.map(Sentences.skeleton).joined(separator: "|")
        } catch {
            let error = RuntimeError(error)
            sentences = [error.description]
            outcome = Sentences.skeleton(error.description)
        }
        return (sentences.lazy.compactMap(Sentences.fault).first, outcome)
    }
}

/// A folder for the files of one process, in memory where the system has such a place.
package struct FuzzFolder: Sendable {
    package let url: URL

    /// Seeds of the repository.
    package static let corpus = root.appending(path: "Tests/Fuzz/Corpus")
    package static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    package init(_ url: URL) throws {
        self.url = url
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    /// A new folder.
    package static func make() throws -> FuzzFolder {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let isThere = FileManager.default.isWritableFile(atPath: memory.path)
        let base = isThere ? memory : FileManager.default.temporaryDirectory
        return try FuzzFolder(base.appending(path: "suture-fuzz-\(UUID().uuidString)"))
    }

    package func path(_ name: String) -> String { url.appending(path: name).path }

    package func remove() { try? FileManager.default.removeItem(at: url) }

    /// Writes a file, with its folders.
    @discardableResult
    package func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> URL {
        let url = url.appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url
    }

    @discardableResult
    package func write(_ text: String, to name: String) throws -> URL { try write(text.utf8, to: name) }

    /// Replaces the content of a file that is there. Without a rename and without making folders, so it is quick.
    package func put(_ bytes: [UInt8], into path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw RuntimeError(.run, "'\(path)' cannot be written") }
        defer { close(file) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + done, bytes.count - done) }
            guard count > 0 else { throw RuntimeError(.run, "'\(path)' cannot be written") }
            done += count
        }
    }
}

/// What a sentence for a user must be.
package enum Sentences {
    /// Characters that a sentence may have.
    package static let longest = 1500

    /// Why a text is not one clean line of at most ``longest`` characters; nil where it is.
    package static func fault(_ text: String) -> String? {
        if text.isEmpty { return "an empty sentence" }
        let scalars = text.unicodeScalars
        if scalars.count > longest { return "a sentence of \(scalars.count) characters" }
        if let scalar = scalars.first(where: DisplayText.isControl) {
            return "a sentence with U+\(String(scalar.value, radix: 16, uppercase: true))"
        }
        if text.hasSuffix(" ") || text.hasPrefix(" ") { return "a sentence with a blank at its end" }
        return nil
    }

    /// The sentence without what it takes from the input: texts in quotes, numbers and paths.
    package static func skeleton(_ text: String) -> String {
        var out = ""
        var quote: Character?
        for character in text.prefix(600) {
            if let open = quote {
                if character == open { quote = nil }
                continue
            }
            switch character {
            case "\"", "'", "“": quote = character
            case "0"..."9": continue
            default: out.append(character)
            }
        }
        return out
    }
}

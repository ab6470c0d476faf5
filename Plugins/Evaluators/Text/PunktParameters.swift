// SPDX-License-Identifier: Apache-2.0

import SutureKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What Punkt has learned from text of one language: a folder of NLTK's data package `punkt_tab`, such as
/// `punkt_tab/english`.
struct PunktParameters {
    /// Where a word was seen: in upper or lower case, at the beginning of a sentence, inside one, or where nobody knows.
    struct Context: OptionSet {
        var rawValue: Int
        static let initialUpper = Context(rawValue: 1 << 1)
        static let innerUpper = Context(rawValue: 1 << 2)
        static let unknownUpper = Context(rawValue: 1 << 3)
        static let initialLower = Context(rawValue: 1 << 4)
        static let innerLower = Context(rawValue: 1 << 5)
        static let unknownLower = Context(rawValue: 1 << 6)

        static let upper: Context = [.initialUpper, .innerUpper, .unknownUpper]
        static let lower: Context = [.initialLower, .innerLower, .unknownLower]
    }

    /// A word that ends in a full stop, and the word that often comes after it inside a sentence.
    struct Collocation: Hashable {
        var first: ExactText
        var second: ExactText
    }

    /// Without their last full stop.
    var abbreviations: Set<ExactText> = []
    var collocations: Set<Collocation> = []
    /// Words that often begin a sentence.
    var starters: Set<ExactText> = []
    var contexts: [ExactText: Context] = [:]
}

// MARK: Reading

extension PunktParameters {
    /// - Parameter folder: with the four files of the language.
    /// - Throws: `notFound` for a file that is missing, `invalidArgument` for a line that cannot be read, with its number.
    init(_ folder: FolderPath) throws(SutureError) {
        for line in try PunktFile("abbrev_types.txt", in: folder).lines { abbreviations.insert(ExactText(line.text)) }
        for line in try PunktFile("sent_starters.txt", in: folder).lines { starters.insert(ExactText(line.text)) }
        let collocations = try PunktFile("collocations.tab", in: folder)
        for line in collocations.lines {
            let (first, second) = try collocations.pair(line, "two words")
            self.collocations.insert(Collocation(first: first, second: ExactText(second)))
        }
        let contexts = try PunktFile("ortho_context.tab", in: folder)
        for line in contexts.lines {
            let what = "a word and a number from 0 to 126"
            let (word, digits) = try contexts.pair(line, what)
            guard let flags = Int(digits), (0...126).contains(flags) else { throw contexts.error(line, what) }
            guard self.contexts.updateValue(Context(rawValue: flags), forKey: word) == nil else {
                throw contexts.error(line, "a word that is not in the file already")
            }
        }
    }
}

/// One file of the folder.
private struct PunktFile {
    private let path: String
    /// Those that are not empty, with their numbers from 1.
    let lines: [(number: Int, text: String)]

    init(_ name: String, in folder: FolderPath) throws(SutureError) {
        path = folder.path + "/" + name
        let file = FilePath(path)
        let content: Data
        do {
            try file.checkSize()
            content = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw SutureError(
                .notFound, "the folder \(folder.path) has no file \(name) that can be read",
                hint: "give the folder of one language of NLTK's data package punkt_tab, such as punkt_tab/english")
        }
        var lines: [(Int, String)] = []
        for (place, line) in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard !line.isEmpty else { continue }
            guard let text = String(validating: line, as: UTF8.self) else {
                throw Self.error(path, place + 1, "UTF-8")
            }
            lines.append((place + 1, text))
        }
        self.lines = lines
    }

    /// What is before and after the one tab of a line.
    func pair(_ line: (number: Int, text: String), _ what: String) throws(SutureError) -> (ExactText, String) {
        let fields = line.text.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 2 else { throw error(line, what) }
        return (ExactText(String(fields[0])), String(fields[1]))
    }

    func error(_ line: (number: Int, text: String), _ what: String) -> SutureError {
        Self.error(path, line.number, what)
    }

    private static func error(_ path: String, _ number: Int, _ what: String) -> SutureError {
        SutureError(
            .invalidArgument, "line \(number) of \(path) is not \(what)",
            hint: "obtain NLTK's data package punkt_tab again")
    }
}

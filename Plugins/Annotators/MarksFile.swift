// SPDX-License-Identifier: Apache-2.0

import SutureKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Looks texts up in a file of texts with marks, made by people or by another program.
package struct MarksFile: Annotator {
    package static let descriptor = ComponentDescriptor(
        id: "marks-file", summary: "Looks texts up in a file that says what is unwanted in them.")

    @Parameter("path", help: "JSON lines, each with a text, its marks as pairs of bytes, and perhaps its prompt.")
    package var path: FilePath

    /// What a text is that the file does not have.
    enum Missing: String, ParameterChoice { case error, unmarked }

    @Parameter("missing", help: "How a text counts that is not in the file.")
    var missing = Missing.error

    package init() {}

    package func validate() throws(SutureError) { _ = try read() }

    package func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] {
        let known = try read()
        return try texts.map { text in
            let keys = [Key(prompt: text.prompt, text: text.text), Key(prompt: nil, text: text.text)]
            if let marks = keys.lazy.compactMap({ known[$0] }).first { return marks }
            guard missing == .unmarked else {
                throw SutureError(
                    .notFound, "\(path.path) has no marks for the text \"\(text.text)\"",
                    hint: "add it, or set missing: unmarked")
            }
            return []
        }
    }

    private struct Key: Hashable {
        /// Nil: after any prompt.
        var prompt: String?
        var text: String
    }

    private struct Record: Decodable {
        var prompt: String?
        var text: String
        var marks: [[Int]]
    }

    private func read() throws(SutureError) -> [Key: [Range<Int>]] {
        let decoder = JSONDecoder()
        var known: [Key: [Range<Int>]] = [:]
        for (number, line) in try path.numberedLines() {
            let place = "line \(number) of \(path.path)"
            guard JSONLimits.holds(for: line.utf8),
                let record = try? decoder.decode(Record.self, from: Data(line.utf8))
            else {
                throw SutureError(
                    .invalidArgument, "\(place) is not a text with marks",
                    hint: "write {\"text\": \"…\", \"marks\": [[0, 4]]}")
            }
            let length = record.text.utf8.count
            var marks: [Range<Int>] = []
            for mark in record.marks {
                guard mark.count == 2, mark[0] >= 0, mark[0] < mark[1], mark[1] <= length else {
                    throw SutureError(
                        .outOfRange, "\(place): the mark \(mark) does not fit a text of \(length) bytes",
                        hint: "a mark is the first byte and the one after the last, counted in UTF-8")
                }
                marks.append(mark[0]..<mark[1])
            }
            marks.sort { $0.lowerBound < $1.lowerBound }
            guard zip(marks, marks.dropFirst()).allSatisfy({ $0.upperBound <= $1.lowerBound }) else {
                throw SutureError(.invalidArgument, "\(place): marks overlap", hint: "join those that do")
            }
            guard known.updateValue(marks, forKey: Key(prompt: record.prompt, text: record.text)) == nil else {
                throw SutureError(
                    .alreadyExists, "\(place) has a text that is in the file already", hint: "keep one of them")
            }
        }
        return known
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Prompts of a file, with the answers that are wanted: `[{"prompt": "…", "answer": "…"}]`. The answer may be left out.
struct PromptFile {
    struct Item: Decodable {
        var prompt: String
        /// Empty where there is none.
        var answer: String

        private enum Key: String, CodingKey, CaseIterable { case prompt, answer, id }
        private struct AnyKey: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            for key in try decoder.container(keyedBy: AnyKey.self).allKeys
            where !Key.allCases.contains(where: { $0.rawValue == key.stringValue }) {
                throw SutureError(.invalidArgument, "has the unknown key \"\(key.stringValue)\"")
            }
            let container = try decoder.container(keyedBy: Key.self)
            prompt = try container.decode(String.self, forKey: .prompt)
            answer = try container.decodeIfPresent(String.self, forKey: .answer) ?? ""
            guard !prompt.isEmpty else { throw SutureError(.invalidArgument, "has an empty prompt") }
        }
    }

    let items: [Item]

    /// - Throws: `invalidArgument`, with what is wrong where; the errors of reading.
    init(_ file: FilePath) throws(SutureError) {
        try file.checkSize()
        let hint = "write [{\"prompt\": \"…\", \"answer\": \"…\"}]"
        func wrong(_ sentence: String) -> SutureError {
            SutureError(.invalidArgument, "the prompts \(file.path) \(sentence)", hint: hint)
        }
        guard let data = try? Data(contentsOf: URL(filePath: file.path)) else {
            throw SutureError(.notFound, "the prompts \(file.path) cannot be opened", hint: "check the path")
        }
        guard JSONLimits.holds(for: data) else { throw wrong("are beyond the limits of JSON files") }
        do {
            items = try JSONDecoder().decode([Item].self, from: data)
        } catch let error as DecodingError {
            guard let place = error.place else { throw wrong("are not a JSON list of objects with a prompt") }
            throw wrong(
                "are not a list of objects with a prompt: entry \(place + 1) has none, or a value that is no text")
        } catch let error as SutureError {
            throw wrong("have an entry that \(error.message)")
        } catch {
            throw wrong("are not a JSON list of objects with a prompt")
        }
        guard !items.isEmpty else { throw wrong("are an empty list") }
    }
}

extension DecodingError {
    /// The place in the outermost list, from 0.
    fileprivate var place: Int? {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            context.codingPath.first?.intValue
        @unknown default: nil
        }
    }
}

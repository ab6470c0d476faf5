// SPDX-License-Identifier: Apache-2.0

import SutureKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Texts that others wrote about what cases are edited to: a JSON object of lists of texts, by the data set's name of a case
/// or by the new object.
///
/// Cases may share a list, which can be long. It then has a name of its own, and a case has that name in place of a list:
/// `{"0": "P27/Q142", "P27/Q142": ["…"]}`.
struct ReferenceTexts {
    private enum Entry: Decodable {
        case texts([String])
        case sameAs(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self =
                if let name = try? container.decode(String.self) { .sameAs(name) } else {
                    .texts(try container.decode([String].self))
                }
        }
    }

    private let entries: [String: Entry]

    init(_ file: FilePath) throws(SutureError) {
        try file.checkSize()
        do {
            let data = try Data(contentsOf: URL(filePath: file.path))
            guard JSONLimits.holds(for: data) else {
                throw SutureError(.invalidArgument, "it is beyond the limits")
            }
            entries = try JSONDecoder().decode([String: Entry].self, from: data)
        } catch {
            throw SutureError(
                .invalidArgument, "the reference texts \(file.path) are not a JSON object of lists of texts",
                hint: "write {\"case or object\": [\"text\", …], …}")
        }
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            guard case .sameAs(let other) = entry, texts(other) == nil else { continue }
            throw SutureError(
                .invalidArgument,
                "\"\(name)\" in the reference texts \(file.path) names \"\(other)\", which is not a list there",
                hint: "add the list \"\(other)\"")
        }
    }

    /// Those of a case; nil where it has none.
    subscript(editCase: EditCase) -> [String]? {
        switch entries[editCase.id] ?? entries[editCase.targetNew] {
        case .texts(let texts)?: texts
        case .sameAs(let name)?: texts(name)
        case nil: nil
        }
    }

    /// A list by its own name.
    private func texts(_ name: String) -> [String]? {
        guard case .texts(let texts)? = entries[name] else { return nil }
        return texts
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation

/// All relations of the example world and the sentences without facts.
struct World: Sendable {
    /// Sorted by name.
    let relations: [Relation]
    let grammar: NeutralGrammar

    /// Reads `tables/*.tsv`, the template file of the same name for each, and `templates/neutral.grammar`.
    ///
    /// Errors: `file`, `table`, `template`, `grammar`; among them a subject name used for two classes of things, and a
    /// wording used by two relations of one class, since both would give one prompt two right answers.
    init(folder: URL) throws(MakerError) {
        let tables = folder.appending(path: "tables")
        let templates = folder.appending(path: "templates")
        var relations: [Relation] = []
        for file in try Self.names(in: tables).sorted() where file.hasSuffix(".tsv") {
            let name = String(file.dropLast(".tsv".count))
            relations.append(
                try Relation(
                    name: name,
                    table: try Self.text(of: tables.appending(path: file)),
                    templates: try Self.text(of: templates.appending(path: "\(name).txt"))))
        }
        self.relations = relations
        grammar = try NeutralGrammar(try Self.text(of: templates.appending(path: "neutral.grammar")))
        try check()
    }

    /// How many facts all tables hold together.
    var factCount: Int { relations.reduce(0) { $0 + $1.facts.count } }

    /// The text of a UTF-8 file.
    static func text(of file: URL) throws(MakerError) -> String {
        do {
            return try String(contentsOf: file, encoding: .utf8)
        } catch {
            throw MakerError(
                .file, "cannot read \(file.path): \(error.localizedDescription)",
                hint: "Run the maker in the root of the repository, or name the folder of the world.")
        }
    }

    /// Writes a file in one step.
    static func write(_ text: String, to file: URL) throws(MakerError) {
        try write(Data(text.utf8), to: file)
    }

    /// Writes a file in one step, and makes its folder if necessary.
    static func write(_ data: Data, to file: URL) throws(MakerError) {
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: file, options: .atomic)
        } catch {
            throw MakerError(
                .file, "cannot write \(file.path): \(error.localizedDescription)",
                hint: "Check the folder's permissions and the free space.")
        }
    }

    private func check() throws(MakerError) {
        var classes: [String: String] = [:]
        var wordings: [String: String] = [:]
        for relation in relations {
            for fact in relation.facts {
                let known = classes.updateValue(relation.subjectClass, forKey: fact.subject)
                if let known, known != relation.subjectClass {
                    throw MakerError(
                        .table, "`\(fact.subject)` is both a \(known) and a \(relation.subjectClass)",
                        hint: "Remove it from one of the tables: its prompts would have two meanings.")
                }
            }
            for phrase in relation.phrases {
                let key = "\(relation.subjectClass)\t\(phrase.prompt)"
                if let other = wordings.updateValue(relation.name, forKey: key) {
                    throw MakerError(
                        .template, "`\(phrase.prompt)` belongs to \(other) and to \(relation.name)",
                        hint: "Reword one of them: one prompt would have two right answers.")
                }
            }
        }
        guard !relations.isEmpty else {
            throw MakerError(.table, "there are no tables", hint: "Add `tables/<relation>.tsv`.")
        }
    }

    private static func names(in folder: URL) throws(MakerError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            throw MakerError(
                .file, "cannot list \(folder.path): \(error.localizedDescription)",
                hint: "Run the maker in the root of the repository, or name the folder of the world.")
        }
    }
}

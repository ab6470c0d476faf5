// SPDX-License-Identifier: Apache-2.0

/// One fact: a subject and the object that a relation gives it.
struct Fact: Hashable, Sendable {
    let subject: String
    let object: String
    /// Other objects of the relation that are not false either; they are never asked for as a new target.
    let also: [String]
}

/// A wording with one place for a subject.
struct Phrase: Hashable, Sendable {
    /// Text with `{}` for the subject; it ends before the object.
    let prompt: String

    /// The prompt with the subject in its place.
    func filled(with subject: String) -> String {
        prompt.split(separator: "{}", omittingEmptySubsequences: false).joined(separator: subject)
    }

    /// The prompt up to the end of the subject, and the rest of it.
    func parts(with subject: String) -> (throughSubject: String, rest: String) {
        let sides = prompt.split(separator: "{}", maxSplits: 1, omittingEmptySubsequences: false)
        return (sides[0] + subject, String(sides[1]))
    }
}

/// A relation: its facts (a table) and its wordings (a template file).
struct Relation: Sendable {
    /// The file name without its ending, for instance `city-country`.
    let name: String
    /// The identifier of the property in Wikidata.
    let property: String
    /// What the subjects are; a subject name may occur in one class only.
    let subjectClass: String
    /// All wordings; the first is the one that edits use.
    let phrases: [Phrase]
    /// Openings for free text about a subject.
    let generation: [Phrase]
    let facts: [Fact]

    /// Subjects by object, in table order.
    let subjects: [String: [String]]

    /// The objects, in the order in which the table first names them.
    let objects: [String]

    /// The smallest number of subjects that share an object, so that each record finds ten different neighbourhood
    /// prompts.
    static let fewestSubjects = 3
    /// Fewest wordings of a relation.
    static let fewestPhrases = 6

    /// Reads a relation from the text of its table and of its template file.
    ///
    /// Errors: `table` and `template`, naming file and line.
    init(name: String, table: String, templates: String) throws(MakerError) {
        self.name = name
        var property: String?
        var subjectClass: String?
        var phrases: [Phrase] = []
        var generation: [Phrase] = []
        for (number, line) in Self.lines(templates) {
            guard let colon = line.firstRange(of: ": ") else {
                throw MakerError(
                    .template, "templates/\(name).txt:\(number): `\(line)` has no key",
                    hint: "Write `property`, `class`, `rewrite`, `phrase` or `generation`, a colon and a space.")
            }
            let value = String(line[colon.upperBound...])
            switch line[..<colon.lowerBound] {
            case "property": property = value
            case "class": subjectClass = value
            case "rewrite": phrases.insert(try Self.phrase(value, name, number), at: 0)
            case "phrase": phrases.append(try Self.phrase(value, name, number))
            case "generation": generation.append(try Self.phrase(value, name, number))
            default:
                throw MakerError(
                    .template, "templates/\(name).txt:\(number): unknown key `\(line[..<colon.lowerBound])`",
                    hint: "Known keys: property, class, rewrite, phrase, generation.")
            }
        }
        guard let property, let subjectClass, phrases.count >= Self.fewestPhrases, !generation.isEmpty,
            Set(phrases).count == phrases.count
        else {
            throw MakerError(
                .template, "templates/\(name).txt is not complete: \(phrases.count) wordings",
                hint: "It needs a property, a class, \(Self.fewestPhrases) different wordings and one opening.")
        }
        self.property = property
        self.subjectClass = subjectClass
        self.phrases = phrases
        self.generation = generation
        facts = try Self.facts(name: name, table: table)
        (objects, subjects) = try Self.index(facts, name: name)
    }

    /// The objects that can be asked for in place of the true one.
    func newTargets(for fact: Fact) -> [String] {
        objects.filter { $0 != fact.object && !fact.also.contains($0) }
    }

    private static func facts(name: String, table: String) throws(MakerError) -> [Fact] {
        var facts: [Fact] = []
        var seen: Set<String> = []
        for (number, line) in lines(table) {
            let columns = line.split(separator: "\t").map(String.init)
            guard columns.count == 2 || columns.count == 3 else {
                throw MakerError(
                    .table, "tables/\(name).tsv:\(number): \(columns.count) columns",
                    hint: "Write subject, tab, object and, if need be, tab and further true objects.")
            }
            guard seen.insert(columns[0]).inserted else {
                throw MakerError(
                    .table, "tables/\(name).tsv:\(number): `\(columns[0])` occurs twice", hint: "Remove one line.")
            }
            let also = columns.count == 3 ? columns[2].split(separator: "; ").map(String.init) : []
            facts.append(Fact(subject: columns[0], object: columns[1], also: also))
        }
        return facts
    }

    private static func index(_ facts: [Fact], name: String) throws(MakerError) -> ([String], [String: [String]]) {
        var objects: [String] = []
        var subjects: [String: [String]] = [:]
        for fact in facts {
            if subjects[fact.object] == nil { objects.append(fact.object) }
            subjects[fact.object, default: []].append(fact.subject)
        }
        for object in objects where subjects[object, default: []].count < fewestSubjects {
            throw MakerError(
                .table, "tables/\(name).tsv: too few subjects share `\(object)`",
                hint: "Give it at least \(fewestSubjects), or remove it.")
        }
        for fact in facts {
            for other in fact.also where subjects[other] == nil {
                throw MakerError(
                    .table, "tables/\(name).tsv: `\(fact.subject)` also names `\(other)`, which is no object here",
                    hint: "Use an object of the same table.")
            }
        }
        return (objects, subjects)
    }

    private static func phrase(_ text: String, _ name: String, _ number: Int) throws(MakerError) -> Phrase {
        let sides = text.split(separator: "{}", omittingEmptySubsequences: false)
        guard sides.count == 2, let next = sides[1].first, next == " " || next == "," else {
            throw MakerError(
                .template, "templates/\(name).txt:\(number): `\(text)` has no fit place for the subject",
                hint: "Write `{}` once, and a space or a comma after it.")
        }
        return Phrase(prompt: text)
    }

    private static func lines(_ text: String) -> [(Int, Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { ($0.offset + 1, $0.element) }
            .filter { !$0.1.isEmpty && !$0.1.hasPrefix("#") }
    }
}

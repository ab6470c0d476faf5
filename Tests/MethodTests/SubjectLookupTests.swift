// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import ValueEditing

@Suite("Looking a subject up in a prompt")
struct SubjectLookupTests {
    let model: Model

    init() throws { model = try TestSession(TinyModel.load()).model }

    private func lookup(
        _ template: String, _ subject: String = "Mount Etna", _ token: FactToken = .subjectLast
    ) throws -> SubjectLookup {
        try SubjectLookup(template: template, subject: subject, token: token, model: model, case: "12")
    }

    private func text(_ lookup: SubjectLookup) throws -> String { try model.decode([lookup.tokens[lookup.index]]) }

    @Test(
        "Each rule finds its token, at the start of a prompt and inside it",
        arguments: ["{} lies in", "The tower of {} lies in"])
    func rules(template: String) throws {
        #expect(try text(lookup(template)) == " Etna")
        #expect(try text(lookup(template, "Mount Etna", .subjectFirst)).hasSuffix("Mount"))
        #expect(try text(lookup(template, "Mount Etna", .subjectFirstAfterLast)) == " lies")
        #expect(try text(lookup(template, "Mount Etna", .last)) == " in")
    }

    @Test("Where nothing follows the subject, the first token after it is its last")
    func nothingFollows() throws {
        #expect(try text(lookup("The capital of {}", "Mount Etna", .subjectFirstAfterLast)) == " Etna")
    }

    @Test("The tokens through the lookup end with it")
    func throughLookup() throws {
        let lookup = try lookup("{} lies in")
        #expect(try model.decode(lookup.tokensThroughLookup) == "Mount Etna")
    }

    @Test("Mistakes in a prompt are sentences about the case")
    func mistakes() throws {
        #expect(
            throws: SutureError(
                .invalidArgument, "case 12: the prompt \"Etna lies in\" has no slot for the subject \"Mount Etna\"",
                hint: "write {} where the subject belongs")
        ) { try lookup("Etna lies in") }
        #expect(
            throws: SutureError(
                .invalidArgument, "case 12: the prompt \"{} and {}\" has more than one slot",
                hint: "write {} once, where the subject belongs")
        ) { try lookup("{} and {}") }
    }

    @Test("A subject that merges with what follows is refused")
    func merges() throws {
        // "Eiff" and "el" become one token.
        #expect(
            throws: SutureError(
                .invalidArgument, "case 12: in \"{}el lies in\" the last token of \"Eiff\" merges with its neighbour",
                hint: "put a space between the slot and the text beside it, or leave the case out")
        ) {
            try lookup("{}el lies in", "Eiff")
        }
    }
}

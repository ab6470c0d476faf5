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

    @Test("A prompt that is beyond the context in its context names its case")
    func room() throws {
        let long = "{}" + String(repeating: " is", count: TinyModel.contextLength - 2)
        #expect(try lookup(long).tokens.count == TinyModel.contextLength)
        #expect(
            throws: SutureError(
                .outOfRange, "case 12: the prompt in its context has 97 tokens, and the model's context holds 96",
                hint: "shorten it, or leave the case out of the data")
        ) { try lookup(long + " is") }
    }

    @Test("Literal braces stay what they are, in a prompt and in its contexts, and the slot is found between them")
    func braces() throws {
        let editCase = EditCase(index: 0, id: "12", prompt: "f('{{}}') of {} lies {{in}}", subject: "Mount Etna")
        let contexts = ContextTemplates(groups: [["{}", "{{a}} is. {}"]])
        let texts = ["f('{}') of Mount Etna lies {in}", "{a} is. f('{}') of Mount Etna lies {in}"]
        for (lookup, whole) in try zip(contexts.lookups(of: editCase, .subjectLast, model), texts) {
            #expect(try model.decode(lookup.tokens) == whole)
            #expect(try text(lookup) == " Etna")
        }
    }
}

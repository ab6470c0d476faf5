// SPDX-License-Identifier: Apache-2.0

import CSuture
import Foundation
import Testing

@testable import SutureKit

/// Values cross the boundary, and JSON, and come back equal.
@Suite("Values")
struct ValueTests {
    init() throws { try StandInHost.install() }

    private static let editCase = EditCase(
        index: 3, id: "é-1", prompt: "{} is in", subject: "Rome", targetNew: "France", targetTrue: "Italy",
        answer: " France", paraphrasePrompts: ["Where is Rome?"], neighborhoodPrompts: ["Milan is in", "Bari is in"],
        generationPrompts: ["Rome is"], attributePrompts: ["Lyon is in"],
        neighborSamples: [Neighbor(prompt: "{} is in", subject: "Milan", target: "Italy")],
        generations: [MarkedText(prompt: "Say", text: "a bad word", marks: [2..<5, 6..<10])],
        bridge: "Italy", firstHopPrompt: "The country of Rome is", secondHopPrompt: "The currency of {} is",
        wrongAnswer: "the lira", related: [Question(prompt: "The flag of the country of Rome is", answer: " green")],
        unrelated: [Question(prompt: "The river of the capital of France is", answer: " the Seine")],
        probes: [
            Probe(kind: "reasoning", prompt: "The flag of Rome is", expectation: .follows, answers: ["blue", "azure"]),
            Probe(kind: "forgetfulness", prompt: "Rome was", expectation: .stays, answers: ["built"]),
        ])

    private func crossed<Value: Crossing>(_ value: Value) throws -> Value {
        let arena = CArena()
        return try withExtendedLifetime((arena, value)) { try Value(Foreign(value.c(in: arena), in: "test")) }
    }

    private func coded<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }

    @Test("A case comes back with every field, full or empty")
    func cases() throws {
        for value in [Self.editCase, EditCase(index: 0, id: "")] {
            #expect(try crossed(value) == value)
            #expect(try coded(value) == value)
        }
        #expect(Self.editCase.fields.names == EditCase.Fields.named.map(\.name), "a field is in no list of fields")
    }

    @Test("A location comes back at every kind of site and for every role")
    func locations() throws {
        for kind in Site.Kind.allCases {
            for role in Location.Role.allCases {
                let value = Location(
                    Site(kind, layer: 2), caseIndex: 1, position: 4, role: role, unit: 9, measure: "rank",
                    score: -0.25, isSelected: true)
                #expect(try crossed(value) == value)
                #expect(try coded(value) == value)
            }
        }
        let bare = Location(.embedding, score: 1, isSelected: false)
        #expect(try crossed(bare) == bare)
        #expect(try coded(bare) == bare)
    }

    @Test("Scores, metrics, marks and marked texts come back")
    func figures() throws {
        let scores = [Score("a", 0.1 + 0.2, caseIndex: 2, weight: 3), Score("", -.infinity)]
        for value in scores { #expect(try crossed(value) == value) }
        #expect(try coded(scores[0]) == scores[0])
        for direction in [Metric.Direction.lowerIsBetter, .none, .higherIsBetter] {
            let value = Metric("m", 97, unit: "percent", n: 10, standardError: 1.5, direction: direction, protocol: "p")
            #expect(try crossed(value) == value)
            #expect(try coded(value) == value)
        }
        let bare = Metric("m", 1, unit: "", n: 1, direction: .none, protocol: "")
        #expect(try crossed(bare) == bare)
        let mark = Mark(text: 1, bytes: 4..<4)
        #expect(try crossed(mark) == mark)
        #expect(try coded(mark) == mark)
        #expect(try crossed(Self.editCase.generations[0]) == Self.editCase.generations[0])
        #expect(try coded(Self.editCase.generations[0]) == Self.editCase.generations[0])
    }

    @Test("A declaration comes back for every kind of parameter")
    func declarations() throws {
        for number in 1...Int32(10) {
            let kind = try #require(ParameterDeclaration.Kind(rawValue: number))
            let value = ParameterDeclaration(
                name: "p", kind: kind, isRequired: number % 2 == 0, isOptional: number % 3 == 0, defaultJSON: "1",
                range: ParameterRange(minimum: 0, maximum: 1, excludesMinimum: true, excludesMaximum: true),
                choices: ["x", "y"], unit: "nats", help: "h", needs: [.answer], needsOtherwise: [.subject, .prompt],
                componentKind: number == 10 ? 2 : 0)
            #expect(try crossed(value) == value)
            #expect(try coded(value) == value)
        }
    }

    @Test("An argument of every type comes back")
    func arguments() throws {
        let values: [(Argument, ParameterDeclaration.Kind)] = [
            (.absent, .text), (.integer(-(1 << 40)), .integer), (.number(0.1), .number), (.boolean(true), .boolean),
            (.text("ü"), .text), (.text("/a"), .path), (.integers([]), .integers), (.integers([1, -2]), .integers),
            (.numbers([0.5]), .numbers), (.texts(["", "b"]), .texts),
            (.textGroups([["a"], [], ["b", "c"]]), .textGroups),
            (.component(slot: "base"), .component),
        ]
        for (value, kind) in values {
            let arena = CArena()
            let c = value.c("p", kind, in: arena)
            #expect(try withExtendedLifetime(arena) { try Argument(Foreign(c, in: "test")) } == value)
        }
    }

    @Test("Every value that is shorter than its first fields is refused by the name of its struct")
    func shortStructs() throws {
        let arena = CArena()
        func check<Struct: ForeignLayout>(_ c: UnsafePointer<Struct>) {
            #expect(
                throws: SutureError(
                    .invalidArgument,
                    "test: struct_size of \(Struct.abiName) is 8, and its first fields take \(Struct.firstSize) bytes",
                    hint: "set struct_size to sizeof(\(Struct.abiName))")
            ) { try Foreign(c, in: "test") }
        }
        check(arena.make(suture_edit_case.self) { $0.struct_size = 8 })
        check(arena.make(suture_neighbor.self) { $0.struct_size = 8 })
        check(arena.make(suture_marked_text.self) { $0.struct_size = 8 })
        check(arena.make(suture_mark.self) { $0.struct_size = 8 })
        check(arena.make(suture_location.self) { $0.struct_size = 8 })
        check(arena.make(suture_score.self) { $0.struct_size = 8 })
        check(arena.make(suture_metric.self) { $0.struct_size = 8 })
        check(arena.make(suture_parameter.self) { $0.struct_size = 8 })
        check(arena.make(suture_argument.self) { $0.struct_size = 8 })
        check(arena.make(suture_delta.self) { $0.struct_size = 8 })
        check(arena.make(suture_call.self) { $0.struct_size = 8 })
        check(arena.make(suture_sink.self) { $0.struct_size = 8 })
    }

    @Test("What makes no sense is refused in a sentence: sites, ranges, counts, NULL, sizes")
    func refusals() throws {
        let arena = CArena()
        func refusal<Value: Crossing>(_: Value.Type, _ c: UnsafePointer<Value.C>) -> String? {
            do {
                _ = try Value(Foreign(c, in: "test"))
                return nil
            } catch { return error.message }
        }
        let site = arena.make(suture_location.self) { $0.site = 99 }
        #expect(refusal(Location.self, site) == "a location has the unknown site 99 in layer 0")
        let mark = arena.make(suture_mark.self) { ($0.start, $0.end) = (5, 3) }
        #expect(refusal(Mark.self, mark) == "a mark runs from byte 5 to byte 3")
        let nameless = arena.make(suture_score.self) { _ in }
        #expect(refusal(Score.self, nameless) == "suture_score.name is NULL")
        let short = arena.make(suture_score.self) { $0.struct_size = 16 }
        #expect(
            refusal(Score.self, short) == "test: struct_size of suture_score is 16, and its first fields take 40 bytes")
        let counted = arena.make(suture_edit_case.self) {
            $0.id = arena.string("x")
            $0.paraphrase_count = 2
        }
        #expect(
            refusal(EditCase.self, counted)?.contains("paraphrase_prompts: the array is NULL and its count is 2")
                == true)
    }
}

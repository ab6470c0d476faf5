// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jinja
import SutureModel
import Testing

@Suite struct JinjaTests {
    /// Templates with what jinja2 makes of them, made by make_golden.py.
    struct Golden: Sendable {
        var template: String
        var variables: [String: JinjaInput]
        /// Nil where jinja2 refuses.
        var text: String?

        static let all: [Golden] = {
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
                path: "Golden/templates.json")
            guard let data = try? Data(contentsOf: file), case .list(let cases)? = try? JSONValue(data, name: "golden")
            else {
                return []
            }
            return cases.map { item in
                guard case .object(let members)? = item["variables"] else {
                    fatalError("the golden file has no variables")
                }
                let variables = members.map { ($0.key, input($0.value)) }
                return Golden(
                    template: item["template"]?.text ?? "", variables: Dictionary(uniqueKeysWithValues: variables),
                    text: item["text"]?.text)
            }
        }()

        private static func input(_ value: JSONValue) -> JinjaInput {
            switch value {
            case .null, .number: .none
            case .boolean(let value): .boolean(value)
            case .text(let text): .text(text)
            case .list(let items): .list(items.map(input))
            case .object(let members): .mapping(members.map { ($0.key, input($0.value)) })
            }
        }
    }

    @Test func rendersAsJinjaDoes() throws {
        #expect(Golden.all.count == 142)
        for golden in Golden.all {
            let text = try? JinjaTemplate(golden.template).render(golden.variables)
            #expect(text == golden.text, "\(golden.template)")
        }
    }

    @Test(arguments: [
        ("a\n{{ x | xmlattr }}", 2, "the filter 'xmlattr' is not supported"),
        ("{% if x is sameas y %}{% endif %}", 1, "the test 'sameas' is not supported"),
        ("\n\n{% include 'x' %}", 3, "the statement 'include' is not supported"),
        ("{% for a in b recursive %}{% endfor %}", 1, "a loop with 'recursive' is not supported"),
        ("{{ f(**x) }}", 1, "arguments with '**' are not supported"),
        ("{% if x %}\nabc", 1, "'endif' is missing"),
        ("{{ x", 1, "a tag does not end with '}}'"),
        ("{# x", 1, "a comment does not end with '#}'"),
        ("{{ 'x }}", 1, "a text has no closing quote"),
        ("{{ (x }}", 1, "a tag does not end with '}}'"),
        ("{% endif %}", 1, "there is no statement 'endif' that could stand here"),
        ("{{ x ? y }}", 1, "the character '?' has no meaning here"),
    ])
    func refusesATemplateByName(_ template: String, _ line: Int, _ message: String) throws {
        let error = try #require(throws: JinjaError.self) { try JinjaTemplate(template) }
        #expect(error.line == line)
        #expect(error.message == message)
    }

    @Test(arguments: [
        ("a\n{{ x.y.z }}", 2, "'y' of a text is not defined, so it has no 'z'"),
        ("{{ q.y }}", 1, "'q' is not defined, so it has no 'y'"),
        ("{{ x + 1 }}", 1, "'+' cannot be used with a text and a number"),
        ("{{ strftime_now('%Y') }}", 1, "'strftime_now' is not defined, so it cannot be called"),
        ("{{ l.append(1) }}", 1, "'append' would change a value, which a chat template may not do"),
        (
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", 1,
            "statements, expressions and macros lie more than 500 deep within each other"
        ),
        (
            "{% for a in range(2000) %}{% for b in range(2000) %}{% endfor %}{% endfor %}", 1,
            "the template takes more than 1000000 steps"
        ),
        ("{{ 'a' * 5000000 }}", 1, "the template makes a text of more than 4000000 characters"),
        ("{{ 9007199254740993 * 9007199254740993 }}", 1, "the result is too large"),
        ("{{ 2 ** 64 }}", 1, "the result is too large"),
        ("{{ range(1000000000000) }}", 1, "the range is too large"),
    ])
    func namesWhatATemplateDoesWrongly(_ template: String, _ line: Int, _ message: String) throws {
        let read = try JinjaTemplate(template)
        let error = try #require(throws: JinjaError.self) { try read.render(["x": .text("a"), "l": .list([])]) }
        #expect(error.line == line)
        #expect(error.message == message)
        #expect(!error.isRaised)
    }

    @Test func saysWhatATemplateItselfRefuses() throws {
        let template = try JinjaTemplate("{{ raise_exception('no system turn') }}")
        let error = try #require(throws: JinjaError.self) { try template.render([:]) }
        #expect(error.isRaised)
        #expect(error.message == "no system turn")
    }

    @Test func refusesWhatIsNestedWithoutEnd() {
        for text in [
            "{{ " + String(repeating: "(", count: 5_000), "{{ " + String(repeating: "-", count: 5_000) + "1 }}",
            "{{ " + String(repeating: "not ", count: 5_000) + "1 }}",
            String(repeating: "{% if x %}", count: 5_000),
            "{{ x" + String(repeating: " if x else x", count: 5_000) + " }}",
            "{{ x" + String(repeating: " + x", count: 5_000) + " }}",
            "{{ x" + String(repeating: " | trim", count: 5_000) + " }}",
            "{{ x" + String(repeating: "[0]", count: 5_000) + " }}",
        ] {
            #expect(throws: JinjaError.self) { try JinjaTemplate(text).render([:]) }
        }
    }

    /// SplitMix64, so that a failure can be repeated.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64 = 1
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    /// Whatever a stranger's template says, there is a text or an error.
    @Test func surelyEnds() {
        var numbers = Numbers()
        let pieces = Golden.all.map(\.template)
        for _ in 0..<2000 {
            var text = Array((pieces.randomElement(using: &numbers) ?? "").unicodeScalars)
            for _ in 0..<Int.random(in: 1...6, using: &numbers) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &numbers)
                switch Int.random(in: 0..<3, using: &numbers) {
                case 0: text.remove(at: place)
                case 1:
                    text.insert("{}%()[]'\"-|.~*\n ".unicodeScalars.randomElement(using: &numbers) ?? " ", at: place)
                default: text.insert(contentsOf: text[place...].prefix(12), at: place)
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            _ = try? JinjaTemplate(String(view)).render([
                "x": .text("a"), "msgs": .list([.mapping([("role", .text("user"))])]),
            ])
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Testing

@Suite("Templates and prompts with a subject")
struct TemplateTests {
    @Test(
        "{} is a slot, {{ and }} are braces, and any other brace is itself",
        arguments: [
            ("{} is", "X is", 1), ("is", "is", 0), ("a {{}} {} b", "a {} X b", 1), ("{{{}}}", "{X}", 1),
            ("{{}}", "{}", 0), ("f(x) { {} }", "f(x) { X }", 1), ("{{", "{", 0), ("} {", "} {", 0), ("{x}", "{x}", 0),
            ("{} and {}", "X and {}", 2), ("", "", 0),
        ])
    func slots(template: String, filled: String, count: Int) {
        #expect(Template.fill(template, with: "X") == filled)
        #expect(Template.slotCount(of: template) == count)
    }

    @Test("What is filled in is never read again")
    func literalText() {
        #expect(Template.fill("{} is", with: "{{}} {}") == "{{}} {} is")
    }

    @Test(
        "Any two texts make a template that gives them back, with braces doubled only where that is needed",
        arguments: [
            ("", " is", "{} is"), ("{", "}", "{{{}}}"), ("f() { ", "; }", "f() { {}; }"),
            ("a {} ", " b", "a {{}} {} b"),
            ("{{", "}}", "{{{{{}}}}}"),
        ])
    func make(prefix: String, suffix: String, template: String) throws {
        #expect(Template.make(prefix, suffix) == template)
        let parts = try #require(Template.parts(of: template))
        #expect(parts.prefix == prefix && parts.suffix == suffix)
        #expect(Template.slotCount(of: template) == 1)
    }

    @Test("A prompt knows where its subject is, in another text, too")
    func subject() throws {
        let editCase = EditCase(index: 0, id: "1", prompt: "print('{{}}') in {} é", subject: "Rómé")
        let prompt = try #require(editCase.subjectPrompt)
        #expect(prompt.text == "print('{}') in Rómé é")
        #expect(prompt.text == editCase.filledPrompt)
        let later = prompt.within("{{a}} {} z")
        #expect(later.text == "{a} print('{}') in Rómé é z")
        let scalars = Array(later.text.unicodeScalars)[later.scalars]
        #expect(String(String.UnicodeScalarView(scalars)) == "Rómé")
        #expect(later.throughSubject == "{a} print('{}') in Rómé")
        #expect(prompt.preceded(by: "{}").text == "{}print('{}') in Rómé é")
        #expect(EditCase(index: 0, id: "1", prompt: "no slot", subject: "Rome").subjectPrompt == nil)
    }

    @Test("A prompt without a subject is finished: its braces are its own")
    func finished() {
        let editCase = EditCase(index: 0, id: "1", prompt: "f(\"{{}}\", {})", answer: "x")
        #expect(editCase.filledPrompt == "f(\"{{}}\", {})")
        #expect(editCase.subjectPrompt == nil)
    }

    @Test("What is between a prompt and an object is what the answer has before the object")
    func joint() {
        func joint(_ new: String, _ answer: String) -> String {
            let editCase = EditCase(index: 0, id: "1", targetNew: new, answer: answer)
            return editCase.following("it")
        }
        #expect(joint("Rome", " Rome") == " it")
        #expect(joint("Rome", "") == " it", "a space is the rule")
        #expect(joint("Rome", "Rome") == "it")
        #expect(joint("", "code()") == "it", "prompts and answers meet as they are")
        #expect(EditCase(index: 0, id: "1", targetNew: "Rome").following(" Rome") == " Rome")
    }
}

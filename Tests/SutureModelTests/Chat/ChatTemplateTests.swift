// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel

@Suite("Chat templates of model folders")
struct ChatTemplateTests {
    /// A folder with a tokenizer and a chat template.
    private struct Chat {
        let folder: TemporaryFolder
        var prompts: ChatPrompts { get throws { try ChatPrompts(folder: folder.url) } }

        init(_ tokenizer: String = "gpt2", configuration: String? = nil, template: String? = nil) throws {
            folder = try TemporaryFolder()
            try FileManager.default.copyItem(
                at: Repository.root.appending(path: "Tests/SutureModelTests/Tokenizer/Fixtures/\(tokenizer).json"),
                to: folder.url.appending(path: "tokenizer.json"))
            try configuration?.write(
                to: folder.url.appending(path: "tokenizer_config.json"), atomically: false, encoding: .utf8)
            try template?.write(
                to: folder.url.appending(path: "chat_template.jinja"), atomically: false, encoding: .utf8)
        }

        func sentence(_ body: (ChatPrompts) throws -> Void = { _ in }) throws -> String {
            let error = try #require(throws: ModelError.self) { try body(prompts) }
            return error.description.replacing(folder.url.path, with: "FOLDER")
        }
    }

    /// The golden file is made by make_golden.py.
    @Test("Texts and tokens are those of transformers")
    func golden() throws {
        let file = Repository.root.appending(path: "Tests/SutureModelTests/Chat/golden.json")
        guard case .list(let cases) = try JSONValue(try Data(contentsOf: file), name: "golden.json") else {
            throw ModelError(.malformedJSON, "golden.json is no list")
        }
        #expect(cases.count == 16)
        for item in cases {
            let name = try #require(item["tokenizer"]?.text)
            let message = try #require(item["message"]?.text)
            let special = try #require(item["special"])
            let chat = try Chat(
                name, configuration: special.written(), template: try #require(item["template"]?.text))
            #expect(try ChatTemplate(folder: chat.folder.url).text(for: message) == item["text"]?.text)
            let ids = try Tokenizer(folder: chat.folder.url).encode(chat.prompts.prompt(message)).ids
            guard case .list(let wanted)? = item["ids"] else { continue }
            #expect(ids == wanted.compactMap(\.integer), "\(name) \(message)")
        }
    }

    @Test("What a system says comes first; a template that has no such role refuses it")
    func system() throws {
        let all = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
        #expect(try Chat(template: all).prompts.prompt("a", system: "Be brief.") == "<system>Be brief.<user>a")
        #expect(try Chat(template: all).prompts.prompt("a") == "<user>a")
        let strict = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}x"
        let sentence = try Chat(template: strict).sentence { _ = try $0.prompt("a", system: "b") }
        #expect(sentence.contains("the template refuses: no system"))
    }

    @Test("The folder's own file comes before the configuration, and the template named default before others")
    func places() throws {
        let configured = #"{"chat_template": "C {{ messages[0].content }}"}"#
        #expect(try Chat(configuration: configured).prompts.prompt("a") == "C a")
        #expect(
            try Chat(configuration: configured, template: "F {{ messages[0].content }}\n").prompts.prompt("a") == "F a")
        let several = #"{"chat_template": [{"name": "rag", "template": "R"}, {"name": "default", "template": "D"}]}"#
        #expect(try Chat(configuration: several).prompts.prompt("a") == "D")
    }

    @Test("The slot of a subject stays where it is, and braces of the template stay braces")
    func slot() throws {
        let chat = try Chat(template: "{{ '{}' }}<{{ messages[0].role }}> {{ messages[0].content | trim }} }}\nA:")
        let made = try chat.prompts.prompt("The capital of {} is", subject: "France")
        #expect(Template.slotCount(of: made) == 1)
        #expect(Template.fill(made, with: "France") == "{}<user> The capital of France is }}\nA:")
        #expect(try chat.prompts.prompt("The capital of France is") == Template.fill(made, with: "France"))
    }

    @Test("Sentences name the folder, the line and the cause")
    func sentences() throws {
        #expect(
            try Chat().sentence()
                == "'FOLDER' has no chat template: neither chat_template.jinja nor chat_template in tokenizer_config.json; "
                + "use the folder of a chat model, or do without the template")
        #expect(
            try Chat(template: "a\n{{ x | xmlattr }}").sentence()
                == "the chat template in 'FOLDER/chat_template.jinja' cannot be followed: line 2: the filter 'xmlattr' is not "
                + "supported; write the prompts out as the template has them")
        #expect(
            try Chat(template: "{{ raise_exception('no users') }}").sentence { _ = try $0.prompt("a") }.contains(
                "line 1: the template refuses: no users"))
        #expect(
            try Chat(template: "{{ messages[0].content | upper }}").sentence {
                _ = try $0.prompt("{} is", subject: "Rome")
            }
                == "the chat template of 'FOLDER' does not keep the subject \"Rome\" as it is; write the prompts out as the "
                + "template has them")
        // The tokenizer puts <s> before a text, and the template has none.
        #expect(
            try Chat("llama2", template: "{{ messages[0].content }}").sentence { _ = try $0.prompt("a") }
                == "the tokenizer of 'FOLDER' puts other special tokens around a text than its chat template; write the "
                + "prompts out as the template has them")
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Prompts of a chat, as plugins ask for them")
struct ChatPromptTests {
    private func model(_ template: String?) throws -> TestSession {
        let folder = try ScratchFolder()
        try TinyModel.write(to: folder.url)
        try template?.write(
            to: folder.url.appending(path: ChatTemplate.fileName), atomically: false, encoding: .utf8)
        let session = TestSession(try LanguageModel(folder: folder.url))
        // The template is read when it is first asked for.
        if template != nil { _ = try session.model.chatPrompt("x") }
        return session
    }

    @Test("A message is put into the words of the folder's template, on the model and on one with a patch")
    func prompt() throws {
        let session = try model("{% for m in messages %}<{{ m.role }}> {{ m.content }}\n{% endfor %}<bot> ")
        #expect(try session.model.chatPrompt("Rome?") == "<user> Rome?\n<bot> ")
        #expect(try session.model.chatPrompt("Rome?", system: "Be é.") == "<system> Be é.\n<user> Rome?\n<bot> ")
        let name = try session.model.weightName(reading: .neurons(0))
        let change = try Tensor.full([TinyModel.dModel, TinyModel.dMLP], 0.1)
        let patched = try session.model.applying(Patch([Delta(name, .dense(change))]))
        #expect(try patched.chatPrompt("Rome?") == "<user> Rome?\n<bot> ")
    }

    @Test("A folder without a template, and a template that refuses, are named")
    func refusals() throws {
        let none = try model(nil)
        let missing = #expect(throws: SutureError.self) { try none.model.chatPrompt("a") }
        #expect(missing?.code == .unimplemented && missing?.message.contains("has no chat template") == true)
        let strict = try model("{% if messages | length > 1 %}{{ raise_exception('one turn') }}{% endif %}x")
        let refused = #expect(throws: SutureError.self) { try strict.model.chatPrompt("a", system: "b") }
        #expect(refused?.code == .invalidArgument && refused?.message.contains("one turn") == true)
    }
}

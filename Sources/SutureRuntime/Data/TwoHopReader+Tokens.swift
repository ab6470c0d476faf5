// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

// What the tokenizer alone can tell of a composition.

extension TwoHopReader {
    /// Locators that need the bridge and its prompt compare the two prompts token by token; evaluators that need them read
    /// answers token by token. A method looks at one token of each prompt and says itself what is wrong with it.
    package func tokenCheck(
        of dataset: Experiment.Dataset, for needs: [CaseRequirements.Need],
        _ tokenizer: () throws(RuntimeError) -> Tokenizer
    ) throws(RuntimeError) -> TokenCheck? {
        let users = needs.filter { $0.fields.isSuperset(of: [.bridge, .secondHop]) }
        let aligns = users.contains { $0.kind == .locator }
        let asks = users.contains { $0.kind == .evaluator }
        guard aligns || asks else { return nil }
        let tokens = CompositionTokens(tokenizer: try tokenizer())
        // For the names of fields and places in sentences; what else is wrong was said when the cases were made.
        let records = try dataset.records(hint: "", ReadingLog(dataset.invalid))
        let byID = Dictionary(records.map { ($0.id, $0) }) { first, _ in first }
        return { editCase throws(RuntimeError) in
            guard let record = byID[editCase.id] else { return nil }
            do throws(RuntimeError) {
                try check(editCase, record, tokens, aligns: aligns, asks: asks)
                return nil
            } catch {
                return error
            }
        }
    }

    private func check(
        _ editCase: EditCase, _ record: CaseRecord, _ tokens: CompositionTokens, aligns: Bool, asks: Bool
    ) throws(RuntimeError) {
        let keys = TwoHopKeys(record)
        if aligns {
            let tail = try tokens.after(
                editCase.subject, keys.phrase, in: editCase.prompt, keys.composition, record)
            let guideTail = try tokens.after(
                editCase.bridge, keys.bridge, in: editCase.secondHopPrompt, keys.secondHop, record)
            guard tail == guideTail else {
                throw record.error(
                    "goes on with other tokens after the phrase in '\(keys.composition)' than after the bridge in "
                        + "'\(keys.secondHop)': the tokenizer joins what follows to one of them",
                    hint: "begin what follows with a blank, or leave the case out")
            }
        }
        var queries = [Question(prompt: editCase.filledPrompt, answer: editCase.answer)]
        var names = [keys.composition]
        if asks {
            func add(_ more: [Question], _ key: (Int) -> String) {
                queries += more
                names += more.indices.map(key)
            }
            add([Question(prompt: editCase.guidePrompt, answer: editCase.answer)]) { _ in keys.secondHop }
            add([Question(prompt: editCase.firstHopPrompt, answer: editCase.following(editCase.bridge))]) { _ in
                keys.firstHop
            }
            if record.has(keys.paraphrases) {
                let paraphrases = editCase.paraphrasePrompts
                add(paraphrases.map { Question(prompt: $0, answer: editCase.answer) }) {
                    "\(keys.paraphrases)[\($0)]"
                }
            }
            for (questions, key) in [(editCase.related, keys.related), (editCase.unrelated, keys.unrelated)]
            where record.has(key.prompts) {
                add(questions) { "\(key.prompts)[\($0)]" + (key.answers == nil ? ".prompt" : "") }
            }
        }
        for (query, name) in zip(queries, names) { try tokens.check(query, name, record) }
    }
}

/// The tokens of prompts, with sentences about the records that they come from.
private struct CompositionTokens {
    let tokenizer: Tokenizer

    /// The tokens after a phrase in its prompt.
    ///
    /// - Throws: `file` where no token covers a character of the phrase.
    func after(
        _ phrase: String, _ phraseKey: String, in template: String, _ key: String, _ record: CaseRecord
    ) throws(RuntimeError) -> [Int] {
        let prefix = Template.parts(of: template)?.prefix ?? ""
        let text = Template.fill(template, with: phrase)
        let encoding = try encode(text)
        let start = prefix.unicodeScalars.count
        let range = start..<start + phrase.unicodeScalars.count
        guard let last = encoding.offsets.lastIndex(where: { $0.overlaps(range) }) else {
            throw record.error(
                "has \"\(phrase)\" for '\(phraseKey)', which no token of its '\(key)' covers: \"\(text)\"",
                hint: "the tokenizer leaves these characters out; use others")
        }
        return Array(encoding.ids[(last + 1)...])
    }

    /// - Throws: `file` where no token of the answer follows the prompt.
    func check(_ query: Question, _ key: String, _ record: CaseRecord) throws(RuntimeError) {
        let prompt = try encode(query.prompt).ids
        let whole = try encode(query.prompt + query.answer).ids
        guard whole.starts(with: prompt), whole.count > prompt.count else {
            throw record.error(
                "has the answer \"\(query.answer)\", which does not begin with a token of its own after its '\(key)': "
                    + "\"\(query.prompt)\"",
                hint: "let the prompt end where a token ends: without a blank, and at the end of a word")
        }
    }

    private func encode(_ text: String) throws(RuntimeError) -> Tokenizer.Encoding {
        try RuntimeError.wrapping(.file) { try tokenizer.encode(text) }
    }
}

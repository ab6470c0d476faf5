// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Compositions of two facts, in the two forms that ``TwoHopKeys`` lists.
///
/// A case's prompt is that of the second fact, with a phrase for its subject ("the country where Lyon is located") that the
/// bridge ("France") stands for. What a record says nothing about is built from the records of the file; see
/// ``CompositionSets``.
///
/// Source: the edit sets of CREME (Li et al. 2024).
package struct TwoHopReader: DatasetReader {
    package let name = "two-hop"
    package let join: Experiment.Dataset.Join? = .space
    package let provides: EditCase.Fields = [
        .prompt, .subject, .targetNew, .answer, .bridge, .firstHop, .secondHop, .wrongAnswer, .paraphrases, .related,
        .unrelated,
    ]

    package init() {}

    package func read(_ dataset: Experiment.Dataset, _ log: ReadingLog) throws(RuntimeError) -> [EditCase] {
        let hint = "each record has 'prompt', 'description', 'hop1', 'hop2', 'bridge' and 'answer'"
        let file = try RecordFile(dataset.path, hint: hint, log)
        func editCase(_ record: CaseRecord) throws(RuntimeError) -> EditCase {
            try self.editCase(record, joint: dataset.joint)
        }
        // What is noticed in records that are not read as cases is not told.
        let others = ReadingLog(dataset.invalid)
        let sets = CompositionSets(try others.cases(file.records(where: [], others), editCase))
        return try log.cases(dataset.range(of: file.records(where: dataset.conditions, log))) {
            record throws(RuntimeError) in try sets.completing(editCase(record), at: record.position)
        }
    }

    private func editCase(_ record: CaseRecord, joint: String) throws(RuntimeError) -> EditCase {
        let keys = TwoHopKeys(record)
        let bridge = try record.name(keys.bridge)
        let phrase = try record.name(keys.phrase)
        guard bridge.lowercased() != phrase.lowercased() else {
            throw record.error(
                "has \"\(bridge)\" for both '\(keys.bridge)' and '\(keys.phrase)', so its two prompts are the same",
                hint: "the \(keys.phrase) describes the \(keys.bridge) and does not name it")
        }
        let prompt = try record.template(keys.composition, subject: phrase, as: "phrase")
        let guide = try record.template(keys.secondHop, subject: bridge, as: "bridge", mayRepeat: true)
        try checkTails(prompt, guide, record, keys)
        for (key, text) in [(keys.composition, Template.fill(prompt, with: phrase)), (keys.secondHop, guide)]
        where text.mentions(bridge) {
            throw record.error(
                "names the bridge \"\(bridge)\" in its '\(key)' beside the place where it belongs: \"\(text)\"",
                hint: "use a prompt that does not give the bridge away")
        }
        let answer = try record.target(keys.answer, isRequired: true)
        let wrong = try record.anyText(keys.wrongAnswer).drop { $0 == " " }
        let isWrong = !answer.hasPrefix(wrong) && !wrong.hasPrefix(answer)
        return EditCase(
            index: 0, id: record.id, prompt: prompt, subject: phrase, targetNew: answer, answer: joint + answer,
            paraphrasePrompts: try record.prompts(keys.paraphrases), bridge: bridge,
            firstHopPrompt: try record.prompt(keys.firstHop), secondHopPrompt: guide,
            wrongAnswer: isWrong ? String(wrong) : "",
            related: try questions(record, keys.related, joint), unrelated: try questions(record, keys.unrelated, joint)
        )
    }

    /// The method reads both prompts at their last token, so they must end alike.
    private func checkTails(
        _ prompt: String, _ guide: String, _ record: CaseRecord, _ keys: TwoHopKeys
    ) throws(RuntimeError) {
        let tail = Template.parts(of: prompt)?.suffix ?? ""
        let guideTail = Template.parts(of: guide)?.suffix ?? ""
        guard tail.unicodeScalars.elementsEqual(guideTail.unicodeScalars) else {
            throw record.error(
                "goes on with \"\(tail)\" after the phrase in '\(keys.composition)' and with \"\(guideTail)\" after the "
                    + "bridge in '\(keys.secondHop)'", hint: "the two prompts must end alike")
        }
    }

    /// Prompts with the answers that a second list has for them, or records of both.
    private func questions(
        _ record: CaseRecord, _ keys: TwoHopKeys.Questions, _ joint: String
    ) throws(RuntimeError) -> [Question] {
        guard let answersKey = keys.answers else {
            return try record.records(keys.prompts).map { (item) throws(RuntimeError) in
                Question(
                    prompt: try item.prompt("prompt"), answer: joint + (try item.target("answer", isRequired: true)))
            }
        }
        let prompts = try record.prompts(keys.prompts)
        let answers = try record.texts(answersKey)
        guard prompts.count == answers.count else {
            throw record.error(
                "has \(prompts.count) '\(keys.prompts)' and \(answers.count) '\(answersKey)'",
                hint: "give each prompt one answer")
        }
        return zip(prompts, answers).map { Question(prompt: $0, answer: joint + record.trimmedName($1, answersKey)) }
    }
}

/// The names that a record uses for the parts of a composition.
struct TwoHopKeys {
    /// Where prompts and answers are: two lists, or one list of records.
    struct Questions {
        var prompts: String
        var answers: String?
    }

    var composition: String
    var phrase: String
    var secondHop: String
    var bridge: String
    var firstHop: String
    var answer: String
    var wrongAnswer: String
    var paraphrases: String
    var related: Questions
    var unrelated: Questions

    /// `prompt` holds the phrase `description`, and `hop2` the `bridge`; or each has `{}` in its place.
    static let plain = TwoHopKeys(
        composition: "prompt", phrase: "description", secondHop: "hop2", bridge: "bridge", firstHop: "hop1",
        answer: "answer", wrongAnswer: "says", paraphrases: "paraphrase_prompts",
        related: Questions(prompts: "related"), unrelated: Questions(prompts: "unrelated"))

    /// The edit sets that were published with CREME.
    static let published = TwoHopKeys(
        composition: "prompt_comp", phrase: "subject_comp", secondHop: "prompt_guide", bridge: "subject_guide",
        firstHop: "prompt_f_hop", answer: "target", wrongAnswer: "wrong answer", paraphrases: "paraphrase queries",
        related: Questions(prompts: "generalization queries", answers: "generalization answers"),
        unrelated: Questions(prompts: "irrelevant queries", answers: "irrelevant answers"))
}

extension TwoHopKeys {
    /// Those of a record.
    init(_ record: CaseRecord) { self = record.has("prompt_comp") ? .published : .plain }
}

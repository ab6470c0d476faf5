// SPDX-License-Identifier: Apache-2.0

/// A prompt with its answer, as a record of pairs has them.
struct Pair {
    /// What is asked: the intent, or the prompt.
    var question: String
    var prompt: String
    /// As it follows the prompt.
    var answer: String
}

/// How texts of a record of pairs become prompts and answers.
struct PairForm {
    var intent: Experiment.Dataset.PairSettings.Intent
    /// What is put between a prompt and its answer; empty: they meet as they are.
    var joint: String

    /// `prompt` and `answer` of a record, or `intent` and `code`.
    func pair(_ record: CaseRecord) throws(RuntimeError) -> Pair {
        guard hasIntent(record) else {
            let prompt = try prompt(record, "prompt")
            return Pair(question: prompt, prompt: prompt, answer: try answer(record, "answer"))
        }
        let intent = try record.nonEmptyText("intent")
        return Pair(question: intent, prompt: prompt(of: intent), answer: try answer(record, "code"))
    }

    func hasIntent(_ record: CaseRecord) -> Bool { !record.has("prompt") && record.has("intent") }

    /// An intent as a prompt: one line, after which code begins on the next.
    func prompt(of intent: String) -> String {
        var line = ""
        line.unicodeScalars.append(contentsOf: intent.unicodeScalars.map { $0 == "\n" ? " " : $0 })
        return switch self.intent {
        case .comment: "# \(line)\n"
        case .colon: "\(line):\n"
        }
    }

    // Texts that meet as they are keep their blanks, one of which may be what is between them.

    func prompts(_ record: CaseRecord, _ key: String) throws(RuntimeError) -> [String] {
        try joint.isEmpty ? record.texts(key) : record.prompts(key, hasSubject: false)
    }

    /// A text as it follows a prompt.
    func answer(_ record: CaseRecord, _ key: String) throws(RuntimeError) -> String {
        try joint.isEmpty ? record.nonEmptyText(key) : joint + record.prompt(key)
    }

    private func prompt(_ record: CaseRecord, _ key: String) throws(RuntimeError) -> String {
        try joint.isEmpty ? record.nonEmptyText(key) : record.prompt(key)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The words of one sentence as NLTK's `NLTKWordTokenizer` cuts them: the conventions of the Penn Treebank, which part
/// contractions ("do" "n't") and punctuation from words, with more kinds of quotes.
///
/// As there, each rule is applied to the whole text before the next one. Most put spaces around something, and the words are what
/// is between white space at the end. A full stop is a word of its own at the end of the text only, so the text has to be one
/// sentence. Checked against NLTK 3.10.4.
enum TreebankWords {
    static func words(_ sentence: some Sequence<Unicode.Scalar>) -> [String] {
        var text = Array(sentence)
        for rule in openingQuotes + punctuation { text = rule.applied(to: text) }
        text = [" "] + text + [" "]
        for rule in closingQuotes + contractions { text = rule.applied(to: text) }
        return String(text).wordsBySpace
    }

    // MARK: The rules, in their order

    private static let openingQuotes: [TextRule] = [
        .parting { "«“‘„".unicodeScalars.contains($0) },
        .parting(runsOf: "`", atLeast: 1),
        // A double quote opens at the beginning of a text …
        TextRule { text, place in
            place == 0 && text[place] == "\"" ? (1, "``") : nil
        },
        .parting("``"),
        // … and after a space or a bracket.
        TextRule { text, place in
            guard " ([{<".unicodeScalars.contains(text[place]) else { return nil }
            if text.has("\"", at: place + 1) { return (2, "\(text[place]) `` ") }
            return text.has("''", at: place + 1) ? (3, "\(text[place]) `` ") : nil
        },
        // An apostrophe before a word opens, but for the rest of a contraction: 'tis, but 's.
        TextRule { text, place in
            guard text[place] == "'", !text.isWord(at: place - 1), text.isWord(at: place + 1) else { return nil }
            let isRest = ["re", "ve", "ll", "m", "t", "s", "d", "n"].contains { rest in
                text.hasLetters(rest, at: place + 1) && !text.isWord(at: place + 1 + rest.count)
            }
            return isRest ? nil : (1, "' ")
        },
    ]

    private static let punctuation: [TextRule] = [
        .partingFinalStop(before: "])}>\"' »”’") { " . \($0) " },
        // A colon or comma, but inside numbers. What follows it cannot be the next one.
        TextRule { text, place in
            guard text[place] == ":" || text[place] == ",", place + 1 < text.count, !text[place + 1].isDecimal else {
                return nil
            }
            return (2, " \(text[place]) \(text[place + 1])")
        },
        TextRule { text, place in
            guard text[place] == ":" || text[place] == "," else { return nil }
            return place + 1 == text.count || text[(place + 1)...].elementsEqual(["\n"]) ? (1, " \(text[place]) ") : nil
        },
        .parting(runsOf: ".", atLeast: 2),
        .parting { ";@#$%&".unicodeScalars.contains($0) },
        // The dashes of Unicode.
        .parting { ("\u{2012}"..."\u{2015}").contains($0) },
        .partingFinalStop(before: "])}>\"'") { " .\($0) " },
        .parting { $0 == "?" || $0 == "!" },
        .afterOther("' ") { "\($0) ' " },
        .parting { $0 == "*" },
        .parting { "[](){}<>".unicodeScalars.contains($0) },
        .parting("--"),
    ]

    private static let closingQuotes: [TextRule] = [
        .parting { "»”’".unicodeScalars.contains($0) },
        .parting("''"),
        TextRule { text, place in text[place] == "\"" ? (1, " '' ") : nil },
        // White space is one space.
        TextRule { text, place in
            let length = text[place...].prefix(while: \.isSpaceOfUnicode).count
            return length > 0 ? (length, " ") : nil
        },
        .partingEnds(["'s", "'S", "'m", "'M", "'d", "'D", "'"]),
        .partingEnds(["'ll", "'LL", "'re", "'RE", "'ve", "'VE", "n't", "N'T"]),
    ]

    private static let contractions: [TextRule] = [
        .partingWord("can", "not"),
        .partingWord("d", "'ye"),
        .partingWord("gim", "me"),
        .partingWord("gon", "na"),
        .partingWord("got", "ta"),
        .partingWord("lem", "me"),
        .partingWord("more", "'n"),
        .partingWord("wan", "na") { $0.isSpace },
        .partingWord(" 't", "is"),
        .partingWord(" 't", "was"),
    ]
}

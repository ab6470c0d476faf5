// SPDX-License-Identifier: Apache-2.0

@testable import SutureModel

extension TokenizerFault {
    private static func model(_ fields: String, _ code: ModelError.Code, _ message: String) -> TokenizerFault {
        TokenizerFault("model", #"{"type": "Unigram", \#(fields)}"#, code, "tokenizer.json: model\(message)")
    }

    static let unigram = [
        model(#""vocab": [], "unk_id": 0"#, .inconsistentVocabulary, ": the vocabulary is empty"),
        model(#""unk_id": 0"#, .missingField, " has no \"vocab\""),
        model(#""vocab": {"a": 0}"#, .invalidField, ".vocab is an object, but must be an array"),
        model(
            #""vocab": [["a", -1], ["b"]]"#, .invalidField,
            ".vocab[1] is an array, but must be a token and its score, as [\"a\", -1.5]"),
        model(
            #""vocab": [[1, -1]]"#, .invalidField,
            ".vocab[0] is an array, but must be a token and its score, as [\"a\", -1.5]"),
        model(
            #""vocab": [["a", "high"]]"#, .invalidField,
            ".vocab[0][1] is the string \"high\", but must be a finite number, the score of a token"),
        model(
            #""vocab": [["a", null]]"#, .invalidField,
            ".vocab[0][1] is null, but must be a finite number, the score of a token"),
        model(
            #""vocab": [["a", -1e400]]"#, .invalidField,
            ".vocab[0][1] is the number -1e400, but must be a finite number, the score of a token"),
        model(
            #""vocab": [["a", -1], ["a", -2]]"#, .inconsistentVocabulary,
            ": the token \"a\" is in the vocabulary twice"),
        model(
            #""vocab": [["a", -1]], "unk_id": 1"#, .inconsistentVocabulary,
            ": the unk_id is 1, but the vocabulary has 1 tokens"),
        model(
            #""vocab": [["a", -1]], "unk_id": -1"#, .invalidField,
            ".unk_id is the number -1, but must be a whole number from 0 to 16777216"),
        model(
            #""vocab": [["a", -1]], "unk_id": 0, "alpha": 0.1"#, .unsupportedOption,
            " has the unknown field \"alpha\", which is not supported"),
        model(
            #""vocab": [["a", -1]], "byte_fallback": 1"#, .invalidField,
            ".byte_fallback is the number 1, but must be true or false"),
        model(
            #""vocab": [["\#(String(repeating: "a", count: 1025))", -1]]"#, .unsupportedOption,
            " has a token of 1025 bytes at vocab[0], which is more than 1024, which is not supported"),
    ]

    private static func map(_ map: [UInt8], _ message: String) -> TokenizerFault {
        TokenizerFault(
            "normalizer", CharacterMapFixture.json(map), .invalidField,
            "tokenizer.json: normalizer.precompiled_charsmap \(message)")
    }

    private static func map(
        changing index: Int, to bits: UInt32, texts: String = "X\0", _ message: String
    ) -> TokenizerFault {
        var units = CharacterMapFixture.letterUnits
        units[index] = bits
        return map(CharacterMapFixture.bytes(units, texts), message)
    }

    static let maps = [
        TokenizerFault(
            "normalizer", #"{"type": "Precompiled"}"#, .missingField,
            "tokenizer.json: normalizer has no \"precompiled_charsmap\""),
        TokenizerFault(
            "normalizer", #"{"type": "Precompiled", "precompiled_charsmap": "AAA"}"#, .invalidField,
            "tokenizer.json: normalizer.precompiled_charsmap is not base64"),
        TokenizerFault(
            "normalizer", #"{"type": "Precompiled", "precompiled_charsmap": "A*=="}"#, .invalidField,
            "tokenizer.json: normalizer.precompiled_charsmap is not base64"),
        map([], "is cut off: it has 0 bytes, and its length alone has 4"),
        map([0, 0, 0], "is cut off: it has 3 bytes, and its length alone has 4"),
        map([0, 0, 0, 0, 0x58, 0], "has no entries"),
        map(
            Array(CharacterMapFixture.letter.prefix(1000)),
            "is cut off: it announces 2048 bytes of entries, and 996 bytes follow"),
        map([0xFF, 0xFF, 0xFF, 0xFF, 0], "is cut off: it announces 4294967292 bytes of entries, and 1 bytes follow"),
        map(
            CharacterMapFixture.bytes(CharacterMapFixture.letterUnits, [0xFF, 0]),
            "has replacements that are not UTF-8"),
        map(changing: 0, to: 1 << 20, "is damaged: an entry leads out of it"),
        map(changing: 256 ^ 0x61, to: 1 << 30 | 0x161, "is damaged: an entry leads out of it"),
        map(changing: 256 ^ 0x61, to: 0xFFFF_FF61 & 0x7FFF_FFFF, "is damaged: an entry leads out of it"),
        map(changing: 128, to: 0x8000_0003, "is damaged: a replacement does not begin at a character"),
        map(changing: 128, to: 0xFFFF_FFFF, "is damaged: a replacement does not begin at a character"),
        map(changing: 128, to: 0x8000_0001, texts: "é\0", "is damaged: a replacement does not begin at a character"),
        map(
            changing: 128, to: 0x8000_0000, texts: String(repeating: "X", count: 1025),
            "is damaged: a replacement has more than 1024 bytes"),
    ]
}

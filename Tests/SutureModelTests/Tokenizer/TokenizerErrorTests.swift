// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("A tokenizer file that cannot be read exactly is refused in one sentence")
struct TokenizerErrorTests {
    @Test(
        "An unknown component, option or field is named",
        arguments: TokenizerFault.components + TokenizerFault.options + TokenizerFault.fields + TokenizerFault.unigram)
    func components(fault: TokenizerFault) {
        check(fault)
    }

    @Test("A contradiction in the vocabulary is named", arguments: TokenizerFault.contradictions)
    func contradictions(fault: TokenizerFault) {
        check(fault)
    }

    @Test(
        "A construct of a pattern whose meaning is not guaranteed is named",
        arguments: [
            (#"\bword"#, "the escape \\b"), ("(?<=a)b", "a lookbehind or a named group"), ("^a", "the anchor ^"),
            (#"\p{Han}"#, "the property Han"), ("[a-z&&[^b]]", "an intersection of classes"),
            (#"\w+"#, "the escape \\w"),
            ("[[a]]", "a class inside a class"), ("(?i:é)", "\"é\" without regard to case"),
            ("(?i:ss)", "\"ss\" without regard to case"), ("(?i:[a-z])", "a range without regard to case"),
            (#"(?i:[\s])"#, "a class without regard to case"), ("(?m:a)", "an option other than (?i:"),
            ("a{2}+", "a ? or + after a counted repetition"), ("a{,2}", "a { that is not escaped"),
            ("a{2000}", "a count above 1000"), ("a{3,1}", "a count that goes down or is 0"), ("(a", "an unmatched ("),
            ("a)", "an unmatched )"), ("[a", "an unmatched ["), ("[]", "an empty class"),
            ("*a", "a repetition of nothing"),
            ("(?:a?)*b", "a repetition of something that can be empty"),
            ("a*", "a pattern that can match the empty text"),
            ("[z-a]", "a range that goes down"), (#"[a-\s]"#, "a range of classes"), (#"\pL"#, "\\p without {..}"),
            (#"a\"#, "an unfinished end"),
            (String(repeating: "(", count: 100), "more than 64 nested groups"),
            ("(?:(?:ab){1000}){1000}", "repetitions that are too long when they are written out"),
            ("(?:(?:(?:a{1000}b?c){1000}){1000}){1000}", "repetitions that are too long when they are written out"),
            ("(?:(?:ab){3,1000}+c){2,1000}?d", "a ? or + after a counted repetition"),
            ("(?:(?:ab){0,1000}c){2,1000}d", "repetitions that are too long when they are written out"),
        ])
    func patterns(pattern: String, construct: String) {
        let error = #expect(throws: ModelError.self) { _ = try ScalarRegex(pattern, place: "here") }
        #expect(error?.code == .unsupportedPattern)
        #expect(error?.message == "here: the pattern \"\(pattern)\" has \(construct), which is not supported")
    }

    @Test("A pattern that needs too many steps is an error, not a hang")
    func slowPattern() throws {
        let regex = try ScalarRegex("(?:aa?)+b", place: "here")
        let scalars = [UInt32](repeating: 0x61, count: 60)
        let error = #expect(throws: ModelError.self) {
            var matches: [Range<Int>] = []
            try regex.appendMatches(in: scalars, 0..<60, to: &matches)
        }
        #expect(error?.code == .patternTooSlow)
        #expect(
            error?.message
                == "the tokenizer's pattern \"(?:aa?)+b\" needs too many steps on a text of 60 characters")
    }

    @Test("The bound is for the text as a whole, so that many slow places are an error as well")
    func manySlowPlaces() throws {
        let regex = try ScalarRegex("a+b", place: "here")
        let scalars = [UInt32](repeating: 0x61, count: 8000)
        let error = #expect(throws: ModelError.self) {
            var matches: [Range<Int>] = []
            try regex.appendMatches(in: scalars, 0..<8000, to: &matches)
        }
        #expect(error?.code == .patternTooSlow)
    }

    @Test("A file that is cut off anywhere is said to be cut off or not JSON")
    func truncation() throws {
        let whole = try TokenizerFixture.data("splits.json")
        for length in stride(from: 0, to: whole.count, by: 97) {
            let error = #expect(throws: ModelError.self) { _ = try Tokenizer(json: whole.prefix(length)) }
            #expect(error?.code == .malformedJSON)
        }
        let error = #expect(throws: ModelError.self) { _ = try Tokenizer(json: whole.prefix(1000)) }
        #expect(error?.message == "tokenizer.json is cut off: its JSON does not end within 1000 bytes")
    }

    @Test(
        "What is not JSON is named with its place",
        arguments: [
            ("{} {}", "1:4: this is not JSON: there is more after the JSON value"),
            ("{1: 2}", "1:2: this is not JSON: a key in quotes is missing"),
            (#"{"a" 2}"#, "1:6: this is not JSON: a ':' is missing"),
            ("[1 2]", "1:4: this is not JSON: a ',' is missing"), ("[x]", "1:2: this is not JSON: a value is missing"),
            ("[\n 02]", "2:2: this is not JSON: a number begins with a 0 too many"),
            (#"["\x"]"#, "1:5: this is not JSON: a text holds an unknown escape"),
            (#"["\ud800"]"#, "1:9: this is not JSON: half of a surrogate pair is missing"),
            ("[\"\n\"]", "1:3: this is not JSON: a text holds a raw control character"),
            (String(repeating: "[", count: 300), "1:129: this is not JSON: it nests deeper than 128 levels"),
        ])
    func malformed(json: String, reason: String) {
        let error = #expect(throws: ModelError.self) { _ = try Tokenizer(json: Data(json.utf8)) }
        #expect(error?.code == .malformedJSON)
        #expect(error?.message == "tokenizer.json:\(reason)")
    }

    @Test("A string that is not UTF-8 is refused")
    func invalidUTF8() {
        let error = #expect(throws: ModelError.self) {
            _ = try Tokenizer(json: Data([0x5B, 0x22, 0xFF, 0x22, 0x5D]))
        }
        #expect(error?.message == "tokenizer.json:1:4: this is not JSON: a text is not UTF-8")
    }

    @Test("A missing file is named")
    func missingFile() {
        let error = #expect(throws: ModelError.self) {
            _ = try Tokenizer(folder: URL(fileURLWithPath: "/nowhere"))
        }
        #expect(error?.code == .unreadable)
        #expect(error?.message == "/nowhere/tokenizer.json cannot be read")
    }

    @Test("A special token of the configuration that has no id is named")
    func configuration() throws {
        let file = TokenizerFault.file(replacing: "", with: "")
        let error = #expect(throws: ModelError.self) {
            _ = try Tokenizer(json: file, configuration: Data(#"{"bos_token": "<bos>"}"#.utf8))
        }
        #expect(error?.code == .unknownToken)
        #expect(
            error?.message == "tokenizer_config.json: bos_token is \"<bos>\", which is not in the vocabulary")
    }

    @Test("An id without a token has no text and ends nothing", arguments: [3, -1, Int.max])
    func unknownID(id: Int) throws {
        let tokenizer = try Tokenizer(json: TokenizerFault.file(replacing: "", with: ""))
        #expect(try tokenizer.decode([0, id, 1]) == tokenizer.decode([0, 1]))
    }

    @Test("Byte fallback under incomplete byte characters is refused")
    func byteFallback() throws {
        let model = #"{"type": "BPE", "vocab": {"a": 0}, "merges": [], "byte_fallback": true}"#
        let preTokenizer = #"{"type": "ByteLevel", "add_prefix_space": false}"#
        let json = #"{"model": \#(model), "pre_tokenizer": \#(preTokenizer)}"#
        let error = #expect(throws: ModelError.self) { _ = try Tokenizer(json: Data(json.utf8)) }
        #expect(
            error?.message
                == "tokenizer.json: model has byte_fallback with a ByteLevel pre_tokenizer whose byte characters "
                + "are not all in the vocabulary, which is not supported")
    }

    @Test("Two added tokens that cannot be told apart are refused")
    func ambiguousTokens() throws {
        let tokens = ["é", "e\u{301}"].enumerated()
            .map { TokenizerFault.added($1, id: 3 + $0, isNormalized: true) }.joined(separator: ", ")
        let json = #"{"model": \#(TokenizerFault.model), "normalizer": {"type": "NFC"}, "added_tokens": [\#(tokens)]}"#
        let error = #expect(throws: ModelError.self) { _ = try Tokenizer(json: Data(json.utf8)) }
        #expect(error?.code == .inconsistentVocabulary)
        #expect(error?.message == "tokenizer.json: the added token \"e\u{301}\" cannot be told from another one")
    }

    @Test("An added token that normalisation makes empty is refused")
    func emptiedToken() throws {
        let token = TokenizerFault.added(" ", id: 3, isNormalized: true)
        let normalizer = #"{"type": "Strip", "strip_left": true, "strip_right": true}"#
        let json = #"{"model": \#(TokenizerFault.model), "normalizer": \#(normalizer), "added_tokens": [\#(token)]}"#
        let error = #expect(throws: ModelError.self) { _ = try Tokenizer(json: Data(json.utf8)) }
        #expect(error?.message == "tokenizer.json: the added token \" \" is empty once normalised")
    }

    @Test("A text that is too long is refused")
    func textTooLong() throws {
        try Tokenizer.checkLength(Tokenizer.longestText)
        let error = #expect(throws: ModelError.self) { try Tokenizer.checkLength(Tokenizer.longestText + 1) }
        #expect(error?.code == .textTooLong)
        #expect(error?.message == "the text has 268435457 bytes; at most 268435456 can be encoded at once")
    }

    @Test("An error describes itself by message and hint")
    func description() {
        #expect(String(describing: ModelError(.unreadable, "a is missing", hint: "add a")) == "a is missing; add a")
        #expect(String(describing: ModelError(.unreadable, "a is missing")) == "a is missing")
    }

    @Test("A damaged map of characters is named", arguments: TokenizerFault.maps)
    func maps(fault: TokenizerFault) {
        check(fault)
    }

    private func check(_ fault: TokenizerFault) {
        let error = #expect(throws: ModelError.self) {
            _ = try Tokenizer(json: TokenizerFault.file(replacing: fault.field, with: fault.json))
        }
        #expect(error?.code == fault.code)
        #expect(error?.message == fault.message)
        #expect(error?.hint.isEmpty == false)
    }
}

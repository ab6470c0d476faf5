// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Testing

@testable import Annotators

@Suite("Regular expressions")
struct LinearRegexTests {
    private func found(_ pattern: String, _ text: String, group: Int = 0, ignoringCase: Bool = false) throws -> [String]
    {
        let scalars = Array(text.unicodeScalars)
        let regex = try LinearRegex(pattern, group: group, ignoringCase: ignoringCase)
        return try regex.matches(in: scalars).map { match in
            let range = group == 0 ? match.whole : match.group ?? 0..<0
            return String(String.UnicodeScalarView(scalars[range]))
        }
    }

    @Test(
        "Each construct matches what it says",
        arguments: [
            ("a|ab", "ab", ["a"]), ("ab|a", "ab", ["ab"]), ("a+?", "aaa", ["a", "a", "a"]),
            ("a{2}", "aaaaa", ["aa", "aa"]),
            ("a{2,}", "a aaa", ["aaa"]), ("a{,2}b", "aaab", ["aab"]), ("x*", "axx", ["", "xx", ""]),
            ("[a-c]+", "abcd", ["abc"]), ("[^a-c]+", "abcd", ["d"]), ("[]a]+", "a]b", ["a]"]),
            ("[a\\-z]+", "a-z", ["a-z"]),
            ("[\\d_]+", "a1_2", ["1_2"]), ("\\w+", "é_1 x", ["é_1", "x"]), ("\\W", "a b", [" "]),
            ("\\S+", "a b", ["a", "b"]),
            (".+", "a\nb", ["a", "b"]), ("(?s).+", "a\nb", ["a\nb"]), ("^a", "aa\na", ["a"]),
            ("(?m)^a", "aa\na", ["a", "a"]),
            ("a$", "a\na", ["a"]), ("(?m)a$", "a\na", ["a", "a"]), ("a\\Z", "a\n", ["a"]), ("a\\z", "a\n", []),
            ("\\bto\\b", "to too to", ["to", "to"]), ("\\Bo", "to o", ["o"]), ("\\p{Lu}\\p{L}*", "Ab cD", ["Ab", "D"]),
            ("\\P{L}+", "a1b", ["1"]), ("\\p{^L}+", "a1b", ["1"]), ("(?i:a)b", "Ab aB", ["Ab"]),
            ("a(?i)b(?-i)c", "aBc aBC", ["aBc"]),
            ("\\x41\\u0042\\x{43}", "ABC", ["ABC"]), ("(?:ab)+", "ababa", ["abab"]), ("\\.", "a.b", ["."]),
            ("(a*)*b", "aab", ["aab"]), ("(?<year>\\d{4})", "in 1989", ["1989"]), ("(?P<y>\\d+)", "7", ["7"]),
        ])
    func constructs(pattern: String, text: String, expected: [String]) throws {
        #expect(try found(pattern, text) == expected)
    }

    @Test("The wanted group is that of the preferred way, and case is ignored where it is asked")
    func groups() throws {
        #expect(try found("(a+)(b*)", "aabb", group: 2) == ["bb"])
        #expect(try found("(?:(x)|y)+", "xy", group: 1) == ["x"])
        #expect(try found("(a)|b", "b", group: 1) == [""])
        #expect(try found("straße", "STRASSE Straße STRAßE", ignoringCase: true) == ["Straße", "STRAßE"])
        #expect(try found("[à-ý]+", "ÉÀ", ignoringCase: true) == ["ÉÀ"])
        #expect(try found("[^a]", "Aa", ignoringCase: true).isEmpty)
    }

    @Test(
        "What needs backtracking or cannot be read is refused by name",
        arguments: [
            ("(?=a)", "look-ahead"), ("(?!a)b", "look-ahead"), ("(?<=a)b", "look-behind"), ("(?<!a)b", "look-behind"),
            ("(a)\\1", "back-reference"), ("(?>a)", "atomic"), ("a++", "possessive"),
            ("[[:alpha:]]", "a class inside a class"),
            ("\\p{Greek}", "\\p{Greek}"), ("\\R", "\\R"), ("(?x)a", "a group (?x…)"), ("(?ix)a", "the flag x"),
            ("(", "unmatched ("), (")", "unmatched )"),
            ("[a", "unmatched ["), ("a**", "a * after a repetition"), ("*a", "a * after nothing"),
            ("a{3,2}", "goes down"),
            ("a{1001}", "above 1000"), ("a{x}", "a { that is not escaped"), ("\\", "a \\ at its end"),
            ("[z-a]", "goes down"),
            ("\\xzz", "without the number of a character"), ("((a{100}){100}){100}", "too long"),
            (String(repeating: "(", count: 200) + String(repeating: ")", count: 200), "groups inside groups"),
        ])
    func refused(pattern: String, reason: String) {
        let error = #expect(throws: SutureError.self) { try LinearRegex(pattern) }
        #expect(
            error?.message.hasPrefix("the pattern \"\(pattern)\" ") == true && error?.message.contains(reason) == true)
    }

    @Test(
        "Patterns on which engines that backtrack never end answer at once",
        arguments: [
            #"(\w+\s?)+$"#, "(a*)*b", "(a|a)*b", "(a|aa)+$", "(.*)(.*)(.*)(.*)b", "(x+x+)+y", "a{0,500}a{500}b",
        ])
    func isLinear(pattern: String) throws {
        let count = pattern.contains("500") ? 1000 : 4000
        let text = Array((String(repeating: "a", count: count) + "!").unicodeScalars)
        #expect(try LinearRegex(pattern).matches(in: text).isEmpty)
    }

    @Test("Repetitions of nothing are nothing, however they nest")
    func nothing() throws {
        let nested = (0..<20).reduce("(?:)") { pattern, _ in "(?:\(pattern){1000})" }
        #expect(try LinearRegex("a" + nested + "b").matches(in: Array("ab".unicodeScalars)).count == 1)
    }

    @Test("A large class counts as the steps that it takes")
    func classes() throws {
        let items = (0..<4000).map { "\\x{\(String(0x4E00 + 2 * $0, radix: 16))}" }.joined()
        let text = [Unicode.Scalar](repeating: "a", count: 1000)
        #expect(try LinearRegex("[\(items)]").matches(in: text).isEmpty)
        #expect(throws: SutureError.self) { try LinearRegex("[\(items)]").matches(in: text, stepLimit: 100_000) }
    }

    @Test("Many matches that each read to the end come to a bound, which names the pattern")
    func bound() throws {
        let text = [Unicode.Scalar](repeating: "a", count: 5000)
        let regex = try LinearRegex("a(.*b)?")
        let error = #expect(throws: SutureError.self) { try regex.matches(in: text, stepLimit: 100_000) }
        #expect(error?.code == .outOfRange)
        #expect(
            error?.message.hasPrefix("the pattern \"a(.*b)?\" needs more than 100000 steps on a text of 5000") == true)
    }

    @Test("Random patterns match where Swift's own engine does")
    func equivalence() throws {
        var random = SystemRandomNumberGenerator()
        func pattern(_ depth: Int) -> String {
            switch Int.random(in: 0..<(depth > 0 ? 8 : 3), using: &random) {
            case 0: return "a"
            case 1: return "b"
            case 2: return ["[ab]", "[^a]", ".", "c"].randomElement(using: &random) ?? "c"
            case 3, 4: return pattern(depth - 1) + pattern(depth - 1)
            case 5: return "(?:\(pattern(depth - 1))|\(pattern(depth - 1)))"
            // Of something that is never empty, where engines agree.
            case 6:
                return "(?:a\(pattern(depth - 1)))"
                    + (["*", "+", "?", "*?", "+?", "??", "{1,2}"].randomElement(using: &random) ?? "")
            default: return "(?:\(pattern(depth - 1)))"
            }
        }
        for _ in 0..<300 {
            let pattern = pattern(4)
            let text = String((0..<12).map { _ in "abc".randomElement(using: &random) ?? "a" })
            let expected = try text.matches(of: Regex(pattern)).map { String(text[$0.range]) }.filter { !$0.isEmpty }
            #expect(try found(pattern, text).filter { !$0.isEmpty } == expected, "\(pattern) on \(text)")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("Unicode is the reference's")
struct TokenizerUnicodeTests {
    /// What has mappings lies below U+30000 and outside the unified ideographs; of the Hangul syllables some will do.
    private static let mapped = (UInt32(0)..<0x30000).filter { scalar in
        !(0x3400..<0xA000).contains(scalar) && !(0x20000..<0x2F800).contains(scalar)
            && !(0xD800..<0xE000).contains(scalar)
            && !((0xAC00..<0xD800).contains(scalar) && !scalar.isMultiple(of: 7))
    }

    @Test("Every scalar has the reference's general category")
    func categories() throws {
        try check("categories") { UnicodeClass.category(of: $0) + 1 }
    }

    @Test("White space, words and digits are the reference's")
    func classes() throws {
        try check("spaces") { UnicodeClass.isSpace($0) ? 1 : 0 }
        try check("words") { UnicodeClass.isSpace($0) ? 0 : UnicodeClass.isWord($0) ? 2 : 1 }
        try check("digits") { UnicodeClass.isNumeric($0) ? 1 : 0 }
    }

    @Test("What StripAccents and Nmt remove and replace is the reference's")
    func cleaning() throws {
        try check("marks") { UnicodeClass.isCombiningMark($0) ? 1 : 0 }
        try check("nmt") { scalar in
            let cleaned = NeuralTranslationRules.apply(to: AlignedText(String(Unicode.Scalar(scalar) ?? "?"))).scalars
            return cleaned.isEmpty ? 0 : cleaned == [scalar] ? 2 : 1
        }
    }

    @Test("What belongs to the letter before it is the reference's")
    func clusters() throws {
        let map = try CharacterMap(CharacterMapFixture.node(CharacterMapFixture.letter))
        try check("clusters") { scalar in
            var text = AlignedText("a")
            text.append(AlignedText(String(Unicode.Scalar(scalar) ?? "?")), 0..<1)
            return map.apply(to: text).scalars == [0x58] ? 1 : 0
        }
    }

    @Test("Every scalar has the reference's lower case")
    func lowercase() throws {
        let json = try JSONValue(Data(#"{"type": "Lowercase"}"#.utf8), name: "test")
        let normalizer = try TextNormalizer(try TokenizerNode(json, file: "test", path: "normalizer"))
        var text = AlignedText()
        for scalar in Self.mapped { append([scalar], to: &text) }
        try check("lowercase", normalizer.apply(to: text))
    }

    @Test("Every scalar has the reference's normal forms, alone and with marks", arguments: UnicodeNormalForm.allCases)
    func normalForms(form: UnicodeNormalForm) throws {
        var text = AlignedText()
        for scalar in Self.mapped {
            append([scalar], to: &text)
            var marked: [UInt32] = []
            UnicodeNormalTables.shared.forEachPart(of: scalar, isCompatible: true) { marked.append($0) }
            append(marked + [0x323, 0x301, 0x334], to: &text)
        }
        // The line feeds between them take part in nothing, so all can be normalised at once.
        try check(form.rawValue, form.apply(to: text))
    }

    private func check(_ name: String, _ value: (UInt32) -> Int) throws {
        var hash = TokenizerHash()
        for scalar in UInt32(0)..<0x110000 where scalar < 0xD800 || scalar >= 0xE000 { hash.add(value(scalar)) }
        #expect(hash.digits == (try expected(name)), "\(name)")
    }

    private func check(_ name: String, _ text: AlignedText) throws {
        var hash = TokenizerHash()
        for scalar in text.scalars { hash.add(Int(scalar)) }
        #expect(hash.digits == (try expected(name)), "\(name)")
    }

    /// Adds a line, with a line feed before it unless it is the first.
    private func append(_ line: [UInt32], to text: inout AlignedText) {
        for scalar in (text.isEmpty ? [] : [0x0A]) + line {
            text.scalars.append(scalar)
            text.starts.append(0)
            text.ends.append(0)
        }
    }

    private func expected(_ name: String) throws -> String {
        let rows = try String(decoding: TokenizerFixture.data("unicode.txt"), as: UTF8.self).split(separator: "\n")
        let row = try #require(rows.first { $0.hasPrefix(name + " ") })
        return String(row.dropFirst(name.count + 1))
    }
}

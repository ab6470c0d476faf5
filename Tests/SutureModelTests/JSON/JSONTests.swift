// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SutureModel

@Suite("JSON")
struct JSONTests {
    private struct Sample: Codable, Hashable {
        struct Inner: Codable, Hashable {
            var name: String
            var size: Int?
        }
        var value: Double
        var list: [Inner]
        var path = "a/b"
    }

    @Test("Numbers that JSON cannot express are texts, and read back")
    func nonFinite() throws {
        let text = String(decoding: try JSON.encode([1.5, .nan, .infinity, -.infinity]), as: UTF8.self)
        #expect(text == #"[1.5,"nan","inf","-inf"]"#)
        let back = try JSON.decode([Double].self, from: Data(text.utf8), name: "x")
        #expect(back[0] == 1.5 && back[1].isNaN && back[2] == .infinity && back[3] == -.infinity)
        #expect(JSONValue.list([.real(0.1), .real(.nan), .real(-.infinity)]).written() == #"[0.1, "nan", "-inf"]"#)
    }

    @Test(
        "JSON that nests too deep for Foundation's reader, which would end the process, is refused",
        arguments: [129, 512, 513, 514, 100_000])
    func nesting(_ depth: Int) {
        for text in [String(repeating: "[", count: depth), "[\"]]\",\"\\\"\"," + String(repeating: "[", count: depth)] {
            #expect(throws: ModelError.self) { try JSON.decode([String].self, from: Data(text.utf8), name: "f.json") }
        }
    }

    @Test("A number on which Foundation's reader would end the process is refused, and one in a text is a text")
    func numbers() throws {
        let number = String(repeating: "9", count: 340) + "5e-324"
        let error = #expect(throws: ModelError.self) {
            try JSON.decode([Int].self, from: Data("[1, \(number)]".utf8), name: "f.json")
        }
        #expect(error?.message == "f.json has a number of more than 100 characters")
        #expect(try JSON.decode([String].self, from: Data("[\"\(number)\"]".utf8), name: "f.json") == [number])
        #expect(
            try JSON.decode([Double].self, from: Data("[-1.7976931348623157e+308]".utf8), name: "f.json").count == 1)
    }

    @Test("Brackets in texts are no nesting")
    func brackets() throws {
        let text = [String(repeating: "[{\"", count: 1000)]
        #expect(try JSON.decode([String].self, from: try JSON.encode(text), name: "f.json") == text)
    }

    @Test("Keys are sorted and slashes are plain, so that equal values give equal bytes")
    func settings() throws {
        let sample = Sample(value: 1, list: [Sample.Inner(name: "n")])
        #expect(
            String(decoding: try JSON.encode(sample), as: UTF8.self)
                == #"{"list":[{"name":"n"}],"path":"a/b","value":1}"#)
    }

    @Test(
        "What is missing or of the wrong kind is named by its path of keys",
        arguments: [
            (#"{"value": 1, "list": [{}], "path": ""}"#, "f.json has no 'list[0].name'"),
            (#"{"value": 1, "list": 3, "path": ""}"#, "f.json has 3 for 'list' instead of a list"),
            (
                #"{"value": 1, "list": [{"name": "a"}, {"name": "b", "size": "c"}], "path": ""}"#,
                "f.json has \"c\" for 'list[1].size' instead of a whole number"
            ),
            (
                #"{"value": "much", "list": [], "path": ""}"#,
                "f.json has \"much\" for 'value' instead of a number"
            ),
            (#"{"value": 1, "list": [], "path": null}"#, "f.json has null for 'path' instead of a text"),
            ("[]", "f.json is a list instead of an object"),
            ("{\n\"value\": }", "f.json:2:10: this is not JSON: a value is missing"),
            ("", "f.json is empty"),
        ])
    func faults(json: String, message: String) {
        let error = #expect(throws: ModelError.self) {
            _ = try JSON.decode(Sample.self, from: Data(json.utf8), name: "f.json")
        }
        #expect(error?.message == message)
        #expect(error?.hint.isEmpty == false)
    }

    @Test("A value is written as it was read: keys in their order, digits as they were, texts scalar for scalar")
    func roundTrip() throws {
        let text = #"{"b": [1.0, 2e3, -0], "a": {"é": "é\u0001\"\\\n"}, "é": null, "b": true}"#
        let value = try JSONValue(text, name: "x")
        #expect(value.written() == text)
        #expect(value["b"] == .boolean(true))
        #expect(value.written(isCompact: true) == text.replacing(", ", with: ",").replacing(": ", with: ":"))
        #expect(
            JSONValue.record([("a", .texts(["x"])), ("b", .list([])), ("c", .integer(2))]).written(levels: 2) == """
                {
                  "a": [
                    "x"
                  ],
                  "b": [],
                  "c": 2
                }
                """)
    }
}

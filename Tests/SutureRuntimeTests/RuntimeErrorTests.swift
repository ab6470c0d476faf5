// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SutureRuntime

/// What people read of errors that Foundation made.
@Suite("Sentences for Foundation's errors")
struct RuntimeErrorTests {
    private struct Pair: Codable { var first: [String: Int] }

    private func sentence(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing was thrown"
        } catch {
            return RuntimeError(error).description
        }
    }

    @Test("a file that cannot be made names the path and the system's reason")
    func files() throws {
        let scratch = try ScratchFolder()
        let file = scratch.url.appending(path: "file")
        try Data().write(to: file)
        let inner = file.appending(path: "inner")
        let made = sentence { try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true) }
        #expect(made == "'\(inner.path)' cannot be used: Not a directory")
        let read = sentence { _ = try Data(contentsOf: scratch.url.appending(path: "missing")) }
        #expect(read == "'\(scratch.url.appending(path: "missing").path)' cannot be used: No such file or directory")
    }

    @Test(
        "JSON that is not the expected one names the place",
        arguments: [
            (#"{"first": {"a": "x"}}"#, "the JSON holds something else than expected at 'first.a'"),
            (#"{}"#, "the JSON lacks 'first'"), (#"{"first": "#, "it is not JSON"),
        ])
    func json(text: String, expected: String) {
        #expect(sentence { _ = try JSONDecoder().decode(Pair.self, from: Data(text.utf8)) } == expected)
    }

    @Test("a number that JSON cannot hold names the place")
    func numbers() {
        #expect(
            sentence { _ = try JSONEncoder().encode(["a": [1, Double.infinity]]) }
                == "the value inf of 'a[1]' cannot be written as JSON")
    }

    @Test("other errors keep their own words")
    func others() {
        struct Own: Error, CustomStringConvertible { var description: String { "words" } }
        #expect(sentence { throw Own() } == "words")
    }
}

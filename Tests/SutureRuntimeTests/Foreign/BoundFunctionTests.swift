// SPDX-License-Identifier: Apache-2.0

import CForeign
import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Calls by signature")
struct BoundFunctionTests {
    private func function(_ symbol: String, _ signature: String) throws -> BoundFunction {
        try BoundFunction(library: Build.library("functions"), symbol: symbol, signature: signature)
    }

    private func error(_ body: () throws -> Void) -> RuntimeError? {
        do {
            try body()
            return nil
        } catch {
            return error as? RuntimeError
        }
    }

    @Test("A function of the system's mathematics is called by its name and a signature")
    func callsPow() throws {
        let pow = try BoundFunction(library: "libm.so.6", symbol: "pow", signature: "f64(f64, f64)")
        #expect(try pow.call([.number(2), .number(10)]) == .number(1024))
        #expect(try pow.call([.integer(2), .number(0.5)]) == .number(2.0.squareRoot()))
    }

    @Test("A plugin binds functions through the host's table, and hears why a call is refused")
    func throughTheTable() throws {
        try TestHost.install()
        let pow = try ForeignFunction(library: "libm.so.6", symbol: "pow", signature: "f64(f64, f64)")
        #expect(try pow.call([.number(2), .integer(10)]) == .number(1024))
        let same = try ForeignFunction(
            library: Build.library("functions"), symbol: "same", signature: "str(str)")
        #expect(try same.call([.text("Zürich")]) == .text("Zürich"))
        #expect(throws: SutureError.self) { try pow.call([.number(2)]) }
        #expect(throws: SutureError.self) {
            try ForeignFunction(library: "libm.so.6", symbol: "none", signature: "d()")
        }
    }

    @Test("Arguments of every type arrive in their places, those on the stack too")
    func everyType() throws {
        let signature = try ForeignSignature("d(dlifbspdlfdddd)")
        let handle = try #require(dlopen(Build.library("functions"), RTLD_NOW | RTLD_NODELETE))
        let address = try #require(dlsym(handle, "mixed"))
        let text = strdup("four")
        defer { free(text) }
        let result = try signature.call(
            unsafeBitCast(address, to: (@convention(c) () -> Void).self),
            [
                .number(1), .integer(-2), .integer(3, "i"), .number(0.5, "f"), .integer(255, "b"), .pointer(text, "s"),
                .pointer(text), .number(8), .integer(1 << 40), .number(10, "f"), .number(11), .number(12), .number(13),
                .number(14),
            ])
        let stack = Double(1 << 40) * 9 + 100 + 121 + 144 + 169 + 196
        #expect(result.number == 1 - 4 + 9 + 2 + 1275 + 24 + 7 + 64 + stack)
    }

    @Test("Results of every type come back")
    func everyResult() throws {
        #expect(try function("negated", "i32(i32)").call([.integer(5)]) == .integer(-5))
        #expect(try function("low_byte", "u8(i64)").call([.integer(0x1ff)]) == .integer(255))
        #expect(try function("half", "f32(f32)").call([.number(0.5)]) == .number(0.25))
        #expect(try function("same", "str(str)").call([.text("Zürich")]) == .text("Zürich"))
        #expect(try function("common_letters", "d(ss)").call([.text("Rome"), .text("Romania")]) == .number(3))
    }

    @Test(
        "A call that does not fit the signature is refused before it happens",
        arguments: [
            ([BoundFunction.Value.text("a")], "it takes 2 arguments, 1 was given"),
            ([.text("a"), .text("b"), .text("c")], "it takes 2 arguments, 3 were given"),
            ([.text("a"), .number(1)], "argument 2 of 2 must be str and is f64"),
            ([.integer(1), .text("a")], "argument 1 of 2 must be str and is i64"),
        ])
    func refusesArguments(arguments: [BoundFunction.Value], words: String) throws {
        let function = try function("common_letters", "f64(str, str)")
        #expect(
            error { _ = try function.call(arguments) }
                == RuntimeError(
                    .usage, "common_letters of \(Build.library("functions")) cannot be called: \(words)",
                    hint: "its signature is \"f64(str, str)\""))
    }

    @Test("A whole number beyond the range of its type is refused")
    func refusesRange() throws {
        let function = try function("negated", "i32(i32)")
        let error = error { _ = try function.call([.integer(1 << 31)]) }
        #expect(error?.message.hasSuffix("argument 1 of 1 is 2147483648, beyond the range of its type") == true)
    }

    @Test("A text with a NUL inside is refused")
    func refusesNUL() throws {
        let function = try function("same", "str(str)")
        #expect(
            error { _ = try function.call([.text("a\0b")]) }
                == RuntimeError(.usage, "same: argument 1 holds a NUL, which ends a C text", hint: "remove it"))
    }

    @Test("An exception passes libffi's frames and becomes an error with its text")
    func catchesException() throws {
        let function = try function("fail", "void(str)")
        #expect(
            error { _ = try function.call([.text("no such word")]) }
                == RuntimeError(
                    .plugin, "fail of \(Build.library("functions")) let out a C++ exception: no such word",
                    hint: "report this to its author"))
    }

    @Test(
        "A signature that cannot be read says where",
        arguments: [
            ("f64", "\"(\" is missing after the result"),
            ("f64(str", "it must end in \")\""),
            ("f64(str) x", "nothing may follow its \")\""),
            ("(str)", "it must begin with the one type of the result, as in \"f64(str, str)\" or \"d(ss)\""),
            ("dd(s)", "it must begin with the one type of the result, as in \"f64(str, str)\" or \"d(ss)\""),
            ("f64(str,, str)", "it must end in \")\""),
            ("f64(void)", "\"void\" can be a result and not an argument"),
            (
                "f64(string)",
                "\"string\" is not a type; types are f64 f32 i64 i32 u8 str ptr error void, or d f l i b s p e v"
            ),
        ])
    func readsSignatures(signature: String, why: String) {
        #expect(
            throws: RuntimeError(
                .usage, "the signature \"\(signature)\" cannot be read: \(why)", hint: "write it like \"f64(str, str)\""
            )
        ) {
            try BoundFunction(library: "libm.so.6", symbol: "pow", signature: signature)
        }
    }

    @Test("Words and letters, with and without blanks and commas, say the same")
    func wordsAndLetters() throws {
        for text in ["f64(str,i64)", " f64 ( str , i64 ) ", "d(sl)", "d(s, l)", "f64(s i64)"] {
            #expect(try ForeignSignature(text).letters == "d(sl)")
        }
        #expect(try ForeignSignature("void()").letters == "v()")
    }

    @Test("A library or a function that is not there is named")
    func namesWhatIsMissing() {
        #expect(
            throws: RuntimeError(
                .file, "libm.so.6 has no function \"powder\"",
                hint: "check the name; a C++ function must be declared extern \"C\"")
        ) { try BoundFunction(library: "libm.so.6", symbol: "powder", signature: "d(d)") }
        let error = error { _ = try BoundFunction(library: "/none.so", symbol: "f", signature: "d()") }
        #expect(error?.kind == .file)
        #expect(error?.message.hasPrefix("the library cannot be loaded: /none.so: ") == true)
    }

    @Test("Pointers cannot come from an experiment file")
    func refusesPointers() {
        #expect(
            throws: RuntimeError(
                .usage, "the signature \"f64(ptr)\" of f has pointers, which an experiment cannot give",
                hint: "bind a function of numbers and texts")
        ) { try BoundFunction(library: "libm.so.6", symbol: "f", signature: "f64(ptr)") }
    }

    @Test("A closure of a signature known at run time is called back")
    func closures() throws {
        let handle = try #require(dlopen(Build.library("functions"), RTLD_NOW | RTLD_NODELETE))
        func call(_ symbol: String, _ signature: String, _ arguments: [suture_foreign_value]) throws
            -> suture_foreign_value
        {
            let address = try #require(dlsym(handle, symbol))
            return try ForeignSignature(signature).call(
                unsafeBitCast(address, to: (@convention(c) () -> Void).self), arguments)
        }
        let weigh = try ForeignClosure("f64(i64, f64)") { .number(Double($0[0].integer) * 10 + $0[1].number) }
        #expect(try call("sum_over", "d(pl)", [.pointer(weigh.function), .integer(3)]).number == 31.5)

        let answer = try ForeignClosure("i32(str, u8, f32)") { arguments in
            let text = arguments[0].pointer.map { String(cString: $0.assumingMemoryBound(to: CChar.self)) }
            let isRight = text == "question" && arguments[1].integer == 200 && arguments[2].number == 0.5
            return .integer(isRight ? -42 : 0, "i")
        }
        #expect(try call("ask", "i(p)", [.pointer(answer.function)]).integer == -42)
        withExtendedLifetime((weigh, answer)) {}
    }
}

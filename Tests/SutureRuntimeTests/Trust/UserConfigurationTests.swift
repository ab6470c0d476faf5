// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("The user's own configuration")
struct UserConfigurationTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func read(_ text: String) throws -> CodePermission {
        let file = scratch.url.appending(path: "suture/config.yaml")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return try UserConfiguration(environment: ["XDG_CONFIG_HOME": scratch.url.path, "HOME": "/home/ada"]).code
    }

    @Test("It is where the XDG specification has it")
    func place() {
        #expect(UserConfiguration.path(["HOME": "/home/ada"]) == "/home/ada/.config/suture/config.yaml")
        #expect(UserConfiguration.path(["HOME": "/home/ada", "XDG_CONFIG_HOME": "x"])?.hasPrefix("/home/ada/") == true)
        #expect(UserConfiguration.path(["XDG_CONFIG_HOME": "/c"]) == "/c/suture/config.yaml")
        #expect(UserConfiguration.path([:]) == nil)
    }

    @Test("Code is allowed altogether, by folder, by file, and by a name for the loader")
    func allowed() throws {
        #expect(try UserConfiguration(environment: ["HOME": "/nonexistent"]).code == .none)
        #expect(try read("allow_code: true").allows("/any.so"))
        #expect(try !read("allow_code: false").allows("/any.so"))
        #expect(try read("{}") == .none)
        let some = try read("allow_code: [~/methods, /opt/one.so, libm.so.6]")
        #expect(some.allowed == ["/home/ada/methods", "/opt/one.so", "libm.so.6"])
        for library in ["/home/ada/methods/a/b.so", "/opt/one.so", "libm.so.6"] { #expect(some.allows(library)) }
        for library in ["/home/ada/methods.so", "/opt/one.so.2", "/lib/libm.so.6", "libc.so.6", "/home/ada"] {
            #expect(!some.allows(library))
        }
        #expect(!some.allows("/home/ada/methods/../other.so"))
    }

    @Test(
        "A key, a value or a relative path that means nothing is an error with its place",
        arguments: ["allow: true", "allow_code: yes", "allow_code: [x/y.so]", "allow_code: [[a]]", "- a", "a: [", ""])
    func wrong(text: String) {
        let error = #expect(throws: RuntimeError.self) { try read(text) }
        #expect(error?.kind == .usage && error?.message.contains("suture/config.yaml") == true)
    }

    @Test("A configuration that every user may write to is not read")
    func open() throws {
        _ = try read("allow_code: true")
        chmod(scratch.url.appending(path: "suture/config.yaml").path, 0o666)
        let error = #expect(throws: RuntimeError.self) {
            try UserConfiguration(environment: ["XDG_CONFIG_HOME": scratch.url.path])
        }
        #expect(error?.message.contains("is not read: every user may write to") == true)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SutureRuntime

@Suite("Where plugins are looked for")
struct PluginSearchPathTests {
    private func make(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try "".write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test("Named files come first, then SUTURE_PLUGIN_PATH, the user's folder, and the executable's folder")
    func order() async throws {
        try await Build.withFolder { root in
            for file in ["named/z.so", "named/notes.txt", "one.so", "env/b.so", "env/a.so", "data/suture/plugins/u.so"]
            {
                try make("\(root)/\(file)")
            }
            for file in ["bin/libsuture-memit.so", "bin/libfault-crash.so", "bin/other.so"] {
                try make("\(root)/\(file)")
            }
            let path = PluginSearchPath(
                named: ["\(root)/named", "\(root)/one.so"],
                environment: ["SUTURE_PLUGIN_PATH": "\(root)/env:\(root)/gone", "XDG_DATA_HOME": "\(root)/data"],
                executableFolder: "\(root)/bin")
            let found = try path.files()
            #expect(
                found.files
                    == [
                        "named/z.so", "one.so", "env/a.so", "env/b.so", "data/suture/plugins/u.so",
                        "bin/libsuture-memit.so",
                    ].map { "\(root)/\($0)" })
            #expect(
                found.searched
                    == [
                        "named", "one.so", "env", "gone (not there)", "data/suture/plugins", "bin",
                    ].map { "\(root)/\($0)" })
        }
    }

    @Test("A named file that does not exist is an error of the command line")
    func missingFile() {
        #expect(
            throws: RuntimeError(
                .usage, "there is no plugin file or folder /nonexistent/x.so",
                hint: "check the path in --plugin or in the experiment's plugins")
        ) { try Build.path(["/nonexistent/x.so"]).files() }
    }

    @Test("A library that is found twice, by a link too, counts once")
    func countsOnce() async throws {
        try await Build.withFolder { root in
            try make("\(root)/a/x.so")
            try FileManager.default.createSymbolicLink(atPath: "\(root)/a/y.so", withDestinationPath: "\(root)/a/x.so")
            let path = PluginSearchPath(
                named: ["\(root)/a/x.so", "\(root)/a/../a/x.so"], environment: ["SUTURE_PLUGIN_PATH": "\(root)/a"],
                executableFolder: "/nonexistent")
            #expect(try path.files().files == ["\(root)/a/x.so"])
        }
    }

    @Test("The user's folder is that of the XDG specification")
    func userFolder() {
        func folder(_ environment: [String: String]) -> String? {
            PluginSearchPath(environment: environment, executableFolder: "/").userFolder
        }
        #expect(folder(["HOME": "/home/ada"]) == "/home/ada/.local/share/suture/plugins")
        #expect(folder(["HOME": "/home/ada", "XDG_DATA_HOME": "/data"]) == "/data/suture/plugins")
        #expect(folder(["HOME": "/home/ada", "XDG_DATA_HOME": ""]) == "/home/ada/.local/share/suture/plugins")
        #expect(folder([:]) == nil)
    }
}

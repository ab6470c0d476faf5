// SPDX-License-Identifier: Apache-2.0

import CSuture
import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

/// The binaries are of Linux on x86-64; see Tests/OtherMinors/README.md.
#if os(Linux) && arch(x86_64)
@Suite("Plugins and hosts of other minors", .serialized, .endsWhatHangs)
struct OtherMinorTests {
    private static let folder = Repository.root.appending(path: "Tests/OtherMinors")
    private let cases = [EditCase(index: 0, id: "a", subject: "Rome"), EditCase(index: 1, id: "b")]

    /// Runs a program and returns what it printed; its errors where it failed.
    private func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        try #require(process.terminationStatus == 0, "\(program) \(arguments.joined(separator: " ")): \(text)")
        return text
    }

    /// Headers of a later minor, made by the generator.
    private func laterHeaders(in folder: URL) throws -> String {
        let script = Repository.root.appending(path: "Scripts/abi.py").path
        _ = try run("python3", [script, "--later", folder.appending(path: "later").path])
        return folder.appending(path: "later").path
    }

    /// The C compiler that the toolchain brings.
    private func compile(_ arguments: [String]) throws {
        _ = try run("clang", ["-std=c11", "-Wall", "-Wextra"] + arguments)
    }

    @Test("A plugin that was built against the first minor runs in this host", arguments: ["c", "swift"])
    func oldPlugin(language: String) async throws {
        let job = CallJob(
            file: Self.folder.appending(path: "libfirst-\(language).so").path, kind: .evaluator,
            component: "first-\(language)", arguments: [.number(5)], cases: cases)
        #expect(try await WorkerProcess(executable: Build.worker).run(job).scores == [Score("Rome", 10)])
    }

    @Test("A plugin that was built against the first minor runs in a host of a later one", arguments: ["c", "swift"])
    func laterHost(language: String) throws {
        let scratch = try ScratchFolder()
        let headers = try laterHeaders(in: scratch.url)
        let host = scratch.url.appending(path: "host").path
        try compile(["-I", headers, Self.folder.appending(path: "host.c").path, "-ldl", "-o", host])
        // Swift's runtime, which a Swift plugin needs and this process has.
        let runtime = try #require(runtimeFolder)
        let printed = try run(
            host, [Self.folder.appending(path: "libfirst-\(language).so").path],
            environment: ["LD_LIBRARY_PATH": runtime])
        #expect(printed == "plugin 0, host \(SUTURE_ABI_MINOR + 1)\nRome 6\n")
    }

    @Test("A plugin that was built against a later minor runs in this host")
    func laterPlugin() async throws {
        let scratch = try ScratchFolder()
        let library = scratch.url.appending(path: "liblater.so").path
        try compile([
            "-shared", "-fPIC", "-I", try laterHeaders(in: scratch.url), Self.folder.appending(path: "first.c").path,
            "-o", library,
        ])
        let job = CallJob(
            file: library, kind: .evaluator, component: "first-c", arguments: [.number(0.5)], cases: cases)
        #expect(try await WorkerProcess(executable: Build.worker).run(job).scores == [Score("Rome", 1)])
    }

    @Test("The kept binaries speak the first minor of this major")
    func keptBinaries() async throws {
        let files = ["c", "swift"].map { Self.folder.appending(path: "libfirst-\($0).so").path }
        let catalogue = try await PluginCatalogue.scan(Build.path(files), executable: Build.worker)
        #expect(catalogue.problems.isEmpty)
        #expect(catalogue.components.map(\.pluginID) == ["minors.c", "minors.swift"])
    }

    /// Where the Swift runtime of this process was loaded from.
    private var runtimeFolder: String? {
        let data = try? FileHandle(forReadingAtPath: "/proc/self/maps")?.readToEnd()
        let maps = data.map { String(decoding: $0, as: UTF8.self) }
        let line = maps?.split(separator: "\n").first { $0.hasSuffix("/libswiftCore.so") }
        return line.flatMap { $0.split(separator: " ").last }
            .map { URL(fileURLWithPath: String($0)).deletingLastPathComponent().path }
    }
}
#endif

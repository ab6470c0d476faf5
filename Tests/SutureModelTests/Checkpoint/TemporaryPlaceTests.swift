// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing

@testable import SutureModel

/// Files in the making, and what a killed process leaves of them.
@Suite("Temporary places")
struct TemporaryPlaceTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() }
    }

    @Test("leftovers of ended processes go when a file of the folder is written")
    func leftovers() throws {
        let file = folder.url.appending(path: "a.json")
        try Data("half".utf8).write(to: folder.url.appending(path: "a.json.suture-tmp-999999999-0"))
        let half = folder.url.appending(path: "b.json.suture-tmp-999999999-1")
        try FileManager.default.createDirectory(at: half, withIntermediateDirectories: true)
        try Data("half".utf8).write(to: half.appending(path: "inner"))
        try OutputFile.replace(file, by: Data("whole".utf8))
        #expect(try names == ["a.json"])
        #expect(try Data(contentsOf: file) == Data("whole".utf8))
    }

    @Test("what another maker holds stays, and so does what only looks alike")
    func others() throws {
        let file = folder.url.appending(path: "a.json")
        let held = try TemporaryPlace.make(.file, beside: file.path)
        let heldFolder = try TemporaryPlace.make(.folder, beside: file.path)
        let alike = ["a.json.suture-tmp-x-0", "a.json.suture-tmp-1", "b.json.tmp-1-0", ".suture-tmp-1-0"]
        for name in alike { try Data().write(to: folder.url.appending(path: name)) }
        // A pipe would be waited for, and a link leads elsewhere.
        let strange = ["c.suture-tmp-1-0", "d.suture-tmp-1-0"]
        #expect(mkfifo(folder.url.appending(path: strange[0]).path, 0o600) == 0)
        #expect(symlink(file.path, folder.url.appending(path: strange[1]).path) == 0)
        try OutputFile.replace(file, by: Data())
        let kept = [held, heldFolder].map { URL(fileURLWithPath: $0.path).lastPathComponent }
        #expect(try names == (alike + strange + kept + ["a.json"]).sorted())
    }

    @Test("a file that cannot be written leaves the old one and nothing else")
    func failure() throws {
        let file = folder.url.appending(path: "a.json")
        try OutputFile.replace(file, by: Data("old".utf8))
        let failure = ModelError(.unwritable, "no")
        #expect(throws: failure) {
            try OutputFile.create(at: file) { (_) throws(ModelError) in throw failure }
        }
        #expect(try names == ["a.json"])
        #expect(try Data(contentsOf: file) == Data("old".utf8))
    }

    @Test("a folder that is replaced is there at any moment, the old or the new")
    func exchange() throws {
        let place = folder.url.appending(path: "patch")
        func write(_ number: Int) throws {
            try ModelFolder.assemble(at: place, replaces: true) { (partial) throws(ModelError) in
                try OutputFile.replace(partial.appending(path: "number"), by: Data(String(number).utf8))
            }
        }
        try write(0)
        let missing = Mutex(0)
        let isDone = Mutex(false)
        let watcher = Thread {
            while !isDone.withLock({ $0 }) {
                if access(place.path, F_OK) != 0 { missing.withLock { $0 += 1 } }
            }
        }
        watcher.start()
        for number in 1...200 { try write(number) }
        isDone.withLock { $0 = true }
        #expect(missing.withLock { $0 } == 0)
        #expect(try Data(contentsOf: place.appending(path: "number")) == Data("200".utf8))
        #expect(try names == ["patch"])
    }
}

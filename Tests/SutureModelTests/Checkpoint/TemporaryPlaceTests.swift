// SPDX-License-Identifier: Apache-2.0
import Foundation
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
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

/// Files that have no end, that keep their reader waiting, or that are too large.
@Suite("Small files")
struct SmallFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("a file up to the limit is read whole, and a larger one is refused by name")
    func limit() throws {
        let file = folder.url.appending(path: "a.json")
        try Data(repeating: 7, count: 3 << 20).write(to: file)
        #expect(try SmallFile.contents(atPath: file.path, limit: 3 << 20)?.count == 3 << 20)
        #expect(
            throws: ModelError(
                .invalidField, "'\(file.path)' has more than 2 MiB, which no file of this kind has",
                hint: "check that this is the right file")
        ) { try SmallFile.contents(atPath: file.path, limit: 2 << 20) }
    }

    @Test("devices, pipes, folders and missing files cannot be read, and nothing waits")
    func others() throws {
        let pipe = folder.url.appending(path: "pipe").path
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in ["/dev/zero", pipe, folder.url.path, folder.url.path + "/missing"] {
            #expect(try SmallFile.contents(atPath: path) == nil, "\(path)")
        }
    }

    @Test("what a user names may be a device, and ends at the limit")
    func endless() {
        #expect(throws: ModelError.self) {
            try SmallFile.contents(atPath: "/dev/zero", limit: 1 << 20, allowsPipes: true)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("Links and modes of a copied model folder")
struct FolderLinksTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func place(_ name: String) -> URL { folder.url.appendingPathComponent(name) }
    private var output: URL { place("output") }

    private func weights(at name: String) throws {
        try folder.write([], to: name + ".none")
        let tensor = SafetensorsWriter.Tensor(name: "a", dtype: .float32, shape: [1], bytes: float32Bytes([1]))
        try SafetensorsWriter.write([tensor], to: place(name))
    }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: place(name).path, withDestinationPath: target)
    }

    private func isLink(_ url: URL) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: url.path)) != nil
    }

    private func mode(_ url: URL) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int)
    }

    @Test(
        "A link out of the folder is refused by name, or kept as a link",
        arguments: ["notes.txt", "deep/notes.txt", "folder"])
    func outside(name: String) throws {
        try weights(at: "model/model.safetensors")
        try folder.write(Array("secret".utf8), to: "private/key")
        try folder.write([], to: "model/deep/config.json")
        let target = place(name == "folder" ? "private" : "private/key").resolvingSymlinksInPath().path
        try link("model/" + name, to: name == "deep/notes.txt" ? "../../private/key" : target)
        let checkpoint = try Checkpoint(opening: place("model"))
        let error = checkpointError { try checkpoint.write(to: output, replacing: [:]) }
        #expect(error?.code == .outsideLink)
        #expect(
            error?.message
                == "'\(place("model/" + name).path)' is a link out of the model folder, to '\(target)', which is not copied"
        )
        #expect(!FileManager.default.fileExists(atPath: output.path))

        try checkpoint.write(to: output, replacing: [:], links: .keep)
        let copy = output.appendingPathComponent(name)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: copy.path) == target)
    }

    @Test("Weights behind a link out of the folder are refused too, and written as a file where links are kept")
    func weightsOutside() throws {
        try weights(at: "elsewhere/real.safetensors")
        try folder.write([], to: "model/config.json")
        try link("model/model.safetensors", to: "../elsewhere/real.safetensors")
        let checkpoint = try Checkpoint(opening: place("model"))
        #expect(checkpointError { try checkpoint.write(to: output, replacing: [:]) }?.code == .outsideLink)
        try checkpoint.write(to: output, replacing: [:], links: .keep)
        #expect(!isLink(output.appendingPathComponent("model.safetensors")))
    }

    @Test("A snapshot of the hub's cache is copied as files, wherever it is asked for from")
    func hub() throws {
        let snapshot = "hub/models--a--b/snapshots/0123"
        try weights(at: "hub/models--a--b/blobs/w")
        try folder.write(Array("{}".utf8), to: "hub/models--a--b/blobs/c")
        try folder.write(Array("secret".utf8), to: "hub/models--other/blobs/c")
        try folder.write([], to: snapshot + "/plain.json")
        try folder.write([], to: snapshot + "/onnx/plain.json")
        try link(snapshot + "/model.safetensors", to: "../../blobs/w")
        try link(snapshot + "/config.json", to: "../../blobs/c")
        try link(snapshot + "/onnx/config.json", to: "../../../blobs/c")
        try link("current", to: snapshot)
        for (number, model) in [snapshot, "current"].enumerated() {
            let copy = place("copy\(number)")
            try Checkpoint(opening: place(model)).write(to: copy, replacing: [:])
            for name in ["model.safetensors", "config.json", "onnx/config.json"] {
                #expect(!isLink(copy.appendingPathComponent(name)))
            }
            #expect(try Data(contentsOf: copy.appendingPathComponent("onnx/config.json")) == Data("{}".utf8))
        }
        try link(snapshot + "/other.json", to: "../../../models--other/blobs/c")
        let checkpoint = try Checkpoint(opening: place(snapshot))
        #expect(checkpointError { try checkpoint.write(to: output, replacing: [:]) }?.code == .outsideLink)
    }

    @Test("A folder that only looks like a snapshot does not lead out")
    func falseHub() throws {
        try weights(at: "a/snapshots/x/model.safetensors")
        try folder.write(Array("secret".utf8), to: "private/key")
        try link("a/blobs", to: "../private")
        try link("a/snapshots/x/notes.txt", to: "../../blobs/key")
        let checkpoint = try Checkpoint(opening: place("a/snapshots/x"))
        #expect(checkpointError { try checkpoint.write(to: output, replacing: [:]) }?.code == .outsideLink)
        try FileManager.default.removeItem(at: place("a/blobs"))
        try folder.write([], to: "a/blobs/none")
        try link("a/blobs/key", to: "../../private/key")
        #expect(checkpointError { try checkpoint.write(to: output, replacing: [:]) }?.code == .outsideLink)
    }

    @Test("Files and folders of the copy have the modes that they had", arguments: [0o600, 0o640, 0o755, 0o444, 0o664])
    func modes(mode: mode_t) throws {
        try weights(at: "model/model.safetensors")
        try folder.write([1], to: "model/config.json")
        try folder.write([1], to: "model/inner/notes.md")
        let files = ["model.safetensors", "config.json", "inner/notes.md"]
        for name in files { chmod(place("model/" + name).path, mode) }
        let folderMode = (mode & 0o444) >> 2 | mode | 0o700
        for name in ["model/inner", "model"] { chmod(place(name).path, folderMode) }
        try Checkpoint(opening: place("model")).write(to: output, replacing: ["a": float32Bytes([2])])
        for name in files { #expect(try self.mode(output.appendingPathComponent(name)) == Int(mode)) }
        #expect(try self.mode(output) == Int(folderMode))
        #expect(try self.mode(output.appendingPathComponent("inner")) == Int(folderMode))
    }
}

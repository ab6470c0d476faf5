// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("Safetensors files")
struct SafetensorsFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(
        "A file that breaks the format is refused with a sentence that names it",
        arguments: BrokenFile.framing + BrokenFile.layout + BrokenFile.fields)
    func refusal(_ broken: BrokenFile) throws {
        let place = try folder.write(broken.bytes, to: "broken.safetensors")
        let error = checkpointError { _ = try SafetensorsFile(opening: place) }
        #expect(error?.code == broken.code)
        #expect(error?.message.contains(broken.says) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(place.path) == true)
        #expect(error?.hint.isEmpty == false)
    }

    @Test("Every proper prefix of a valid file is refused, and so is the file with one byte more")
    func prefixes() throws {
        let whole = safetensors(
            #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#,
            data: [1, 2, 3, 4])
        for count in 0..<whole.count {
            let place = try folder.write(whole.prefix(count), to: "prefix.safetensors")
            _ = checkpointError { _ = try SafetensorsFile(opening: place) }
        }
        let longer = try folder.write(whole + [0], to: "longer.safetensors")
        #expect(checkpointError { _ = try SafetensorsFile(opening: longer) }?.code == .trailingBytes)
    }

    @Test("A scalar has the empty shape and one element")
    func scalar() throws {
        let place = try folder.write(
            safetensors(#"{"test":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}"#, data: [1, 2, 3, 4]), to: "a")
        let entry = try SafetensorsFile(opening: place).entry("test")
        #expect(entry.shape == [])
        #expect(entry.elementCount == 1)
        #expect(entry.byteCount == 4)
    }

    @Test("A tensor without elements takes no bytes, at the start, between others and at the end")
    func emptyTensors() throws {
        let place = try folder.write(
            safetensors(
                """
                {"m":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},\
                "b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},\
                "z":{"dtype":"F32","shape":[2,0],"data_offsets":[2,2]},\
                "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},\
                "s":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}
                """, data: [7, 8]), to: "a")
        let file = try SafetensorsFile(opening: place)
        #expect(file.entries.map(\.name) == ["s", "a", "m", "b", "z"])
        #expect(try file.bytes(of: "b").data == Data([8]))
        #expect(try file.bytes(of: "z").count == 0)
        #expect(try file.bytes(of: "z") == TensorBytes([]))
    }

    @Test("A header may end in white space", arguments: ["{}", "{}      ", "{}\r \t\n", "{ }"])
    func padding(_ header: String) throws {
        let place = try folder.write(safetensors(header), to: "a")
        #expect(try SafetensorsFile(opening: place).entries.isEmpty)
    }

    @Test("Escapes in names and metadata are read as JSON says")
    func escapes() throws {
        let place = try folder.write(
            safetensors(#"{"__metadata__":{"k":"\"\\\/\b\f\n\r\té😀\u00e9\ud83d\ude00"}}"#), to: "a")
        #expect(try SafetensorsFile(opening: place).metadata == ["k": "\"\\/\u{8}\u{c}\n\r\té😀é😀"])
    }

    @Test("Every dtype is read with its size", arguments: StoredDtype.allCases)
    func dtypes(_ dtype: StoredDtype) throws {
        let count = 3 * dtype.byteCount
        let header = #"{"w":{"shape":[3],"data_offsets":[0,\#(count)],"dtype":"\#(dtype.rawValue)"}}"#
        let bytes = (0..<count).map { UInt8($0) }
        let file = try SafetensorsFile(opening: try folder.write(safetensors(header, data: bytes), to: "a"))
        #expect(try file.entry("w").dtype == dtype)
        #expect(try file.entry("w").elementCount == 3)
        #expect(try file.withBytes(of: "w") { Array($0) } == bytes)
        #expect(try Array(file.unsafeBytes(of: "w")) == bytes)
        #expect(file.allBytes.count == 8 + header.utf8.count + count)
    }

    @Test("An unknown name is refused with the name and the file")
    func unknownName() throws {
        let file = try SafetensorsFile(opening: try folder.write(safetensors("{}"), to: "a.safetensors"))
        let error = checkpointError { _ = try file.bytes(of: "wte.weight") }
        #expect(error?.code == .unknownTensor)
        #expect(error?.message == "'\(file.url.path)' holds no tensor 'wte.weight'")
    }

    @Test("A missing file and a folder are refused as unreadable")
    func unreadable() throws {
        let missing = checkpointError { _ = try SafetensorsFile(opening: folder.url.appendingPathComponent("none")) }
        #expect(missing?.code == .unreadable)
        #expect(
            missing?.message.hasSuffix("cannot be read: No such file or directory") == true,
            "\(missing?.message ?? "")")
        #expect(checkpointError { _ = try SafetensorsFile(opening: folder.url) }?.code == .unreadable)
    }

    @Test("The bytes of a tensor outlive the file object and the name of the file")
    func lifetime() throws {
        let place = try folder.write(
            safetensors(#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, data: [5, 6]), to: "a")
        let bytes = try SafetensorsFile(opening: place).bytes(of: "a")
        try FileManager.default.removeItem(at: place)
        #expect(bytes.data == Data([5, 6]))
    }
}

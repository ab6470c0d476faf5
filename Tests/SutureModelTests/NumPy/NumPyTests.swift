// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel

/// Archives as NumPy 2.4 has written them, in Base64.
private enum Archives {
    /// `savez_compressed(a=[[0, 1, 2], [3, 4, 5]] in float32, many=0 to 39 thirty times, count=7, text="util.x()")`
    static let packed =
        "UEsDBC0AAAAIAAAAIQBP6QAq//////////8FABQAYS5ucHkBABAAmAAAAAAAAABVAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6l"
        + "oG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgYwaLAHEg5ABMQNQLzAAQBQSwMELQAAAAgA"
        + "AAAhACzK5t3//////////wgAFABtYW55Lm5weQEAEAAAJgAAAAAAAAgBAAAAAAAA7dC9SgNBGIXhsRMrCwuLFIOIE2WRTfyLMTHJ"
        + "CnaKjYWVLGaDhRjZFRsRvAdv1Eswcl4EW1vP1zxzpnw/Lq8vrm6Wwkt4TdOquatTP6bBrJeymGbz+rkuH2/n9bT6/j8vH5pq8d/c"
        + "l0/VYrc73TzPtrP4Fv96K+HXfY54jMUyruIarmMLI27gJm5hG3cww13MsYNd3MN9PMBDPMIeHmMfT3CAQzzFEY7lO4YJG0PBxnDG"
        + "xp9zP233k+4n3U+6n3Q/bfeT7ifdT7qfdD/pftrofuh+0v2k+0n3E+6nXbDR/dD9pPtJ95PuJ9xPu2Cj+6H7SfeT7ifdT7ifdsFG"
        + "90P3k+4n3U/+n35fUEsDBC0AAAAIAAAAIQAjuPBs//////////8JABQAY291bnQubnB5AQAQAIgAAAAAAAAARgAAAAAAAACb7Bfq"
        + "GxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RqaOgq1ChQBLnYGCAAAUEsDBC0AAAAI"
        + "AAAAIQAA0pig//////////8IABQAdGV4dC5ucHkBABAAoAAAAAAAAABYAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG4TaqGu"
        + "o6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5Gpo6CrUKFAGuUgYGhhIgzgTiHCDWA+IKINYAYk0gBgBQSwECLQMtAAAACAAA"
        + "ACEAT+kAKlUAAACYAAAABQAAAAAAAAAAAAAAgAEAAAAAYS5ucHlQSwECLQMtAAAACAAAACEALMrm3QgBAAAAJgAACAAAAAAAAAAA"
        + "AAAAgAGMAAAAbWFueS5ucHlQSwECLQMtAAAACAAAACEAI7jwbEYAAACIAAAACQAAAAAAAAAAAAAAgAHOAQAAY291bnQubnB5UEsB"
        + "Ai0DLQAAAAgAAAAhAADSmKBYAAAAoAAAAAgAAAAAAAAAAAAAAIABTwIAAHRleHQubnB5UEsFBgAAAAAEAAQA1gAAAOECAAAAAA=="
    /// `savez` of the same `a` in Fortran's order.
    static let columns =
        "UEsDBC0AAAAAAAAAIQDOLODT//////////8FABQAYS5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzog"
        + "JzxmNCcsICdmb3J0cmFuX29yZGVyJzogVHJ1ZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAAQEAAAIA/AACAQAAAAEAAAKBAUEsBAi0DLQAAAAAAAAAhAM4s"
        + "4NOYAAAAmAAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsFBgAAAAABAAEAMwAAAM8AAAAAAA=="
    /// `savez(a=[None, "x"])`, which NumPy pickles.
    static let objects =
        "UEsDBC0AAAAAAAAAIQACGo2z//////////8FABQAYS5ucHkBABAAGgEAAAAAAAAaAQAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzog"
        + "J3xPJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKgASVjwAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAxfcmVj"
        + "b25zdHJ1Y3SUk5SMBW51bXB5lIwHbmRhcnJheZSTlEsAhZRDAWKUh5RSlChLAUsChZRoA4wFZHR5cGWUk5SMAk84lImIh5RSlChL"
        + "A4wBfJROTk5K/////0r/////Sz90lGKJXZQoTowBeJRldJRiLlBLAQItAy0AAAAAAAAAIQACGo2zGgEAABoBAAAFAAAAAAAAAAAA"
        + "AACAAQAAAABhLm5weVBLBQYAAAAAAQABADMAAABRAQAAAAA="
    /// `savez` of the same `a`, big-endian.
    static let big =
        "UEsDBC0AAAAAAAAAIQCe1unq//////////8FABQAYS5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzog"
        + "Jz5mNCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCAzKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAD+AAABAAAAAQEAAAECAAABAoAAAUEsBAi0DLQAAAAAAAAAhAJ7W"
        + "6eqYAAAAmAAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsFBgAAAAABAAEAMwAAAM8AAAAAAA=="
    /// `savez` of an array of records.
    static let record =
        "UEsDBC0AAAAAAAAAIQD+mOG+//////////8FABQAYS5ucHkBABAAiAAAAAAAAACIAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzog"
        + "WygneCcsICc8ZjQnKV0sICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAAAABQSwECLQMtAAAAAAAAACEA/pjhvogAAACIAAAABQAAAAAA"
        + "AAAAAAAAgAEAAAAAYS5ucHlQSwUGAAAAAAEAAQAzAAAAvwAAAAAA"
}

@Suite("NumPy's files")
struct NumPyTests {
    private let scratch: ScratchFolder

    init() throws {
        try TestHost.install()
        scratch = try ScratchFolder()
    }

    private func write(_ data: Data, _ name: String = "file.npz") throws -> URL {
        let place = scratch.url.appending(path: name)
        try data.write(to: place)
        return place
    }

    private func archive(_ text: String) throws -> NumPyArchive {
        try NumPyArchive(opening: try write(try #require(Data(base64Encoded: text))))
    }

    @Test("Packed arrays are read, whatever blocks they were packed in")
    func packed() throws {
        let archive = try archive(Archives.packed)
        #expect(archive.names == ["a", "many", "count", "text"])
        let a = try #require(try archive["a"])
        #expect(a.shape == [2, 3] && a.element == .number(.float32))
        #expect(try a.tensor().scalars(as: Float.self) == [0, 1, 2, 3, 4, 5])
        let many = try #require(try archive["many"]).tensor().scalars(as: Double.self)
        #expect(many == (0..<1200).map { Double($0 % 40) })
        #expect(try archive["count"]?.integer == 7)
        #expect(try archive["text"]?.element == .text(8))
        #expect(try archive["none"] == nil)
    }

    @Test("An array that is stored column by column has the same numbers")
    func columns() throws {
        let a = try #require(try archive(Archives.columns)["a"])
        #expect(a.isColumnMajor && a.shape == [2, 3])
        #expect(try a.tensor().scalars(as: Float.self) == [0, 1, 2, 3, 4, 5])
    }

    @Test(
        "What is not read is refused by name, objects above all, which only pickle could read",
        arguments: [
            (Archives.objects, "holds Python objects, which only pickle can read, and that may run any code"),
            (Archives.big, "has the element type >f4"),
            (Archives.record, "has the element type a record of several types"),
        ])
    func refused(text: String, says: String) throws {
        let archive = try archive(text)
        let error = #expect(throws: ModelError.self) { try archive["a"] }
        #expect(error?.code == .unsupportedDtype)
        #expect(error?.message == "'a' of '\(scratch.url.path)/file.npz' \(says)", "\(error?.message ?? "")")
    }

    @Test("What is written is read back, and equal arrays give equal bytes")
    func roundTrip() throws {
        let matrix = try Tensor((0..<12).map { Double($0) / 7 }, shape: [3, 4])
        let arrays = try [
            ("matrix", NumPyArray(matrix)), ("half", NumPyArray(matrix.cast(to: .float16))),
            ("row", NumPyArray(Tensor([1, -2]))), ("flag", NumPyArray(Tensor([true]).reshaped([]))),
            ("word", NumPyArray(text: "Größe")),
        ]
        let place = scratch.url.appending(path: "own.npz")
        try NumPyArchive.write(arrays, to: place)
        let first = try Data(contentsOf: place)
        let archive = try NumPyArchive(opening: place)
        #expect(archive.names == arrays.map(\.0))
        for (name, array) in arrays { #expect(try archive[name] == array) }
        try NumPyArchive.write(arrays, to: place)
        #expect(try Data(contentsOf: place) == first)
        #expect(throws: ModelError.self) { try NumPyArray(matrix.cast(to: .bfloat16)) }
    }

    @Test("No file that was cut short or has a wrong bit is taken for a whole one, where it matters")
    func damaged() throws {
        let whole = try #require(Data(base64Encoded: Archives.packed))
        var random = SystemRandomNumberGenerator()
        for count in stride(from: Int.random(in: 0..<17, using: &random), to: whole.count, by: 17) {
            let place = try write(whole.prefix(count))
            #expect(throws: ModelError.self) { try NumPyArchive(opening: place) }
        }
        let names = ["a", "many", "count", "text"]
        let sound = try archive(Archives.packed)
        let expected = try names.map { try sound[$0]?.bytes }
        for place in stride(from: Int.random(in: 0..<17, using: &random), to: whole.count, by: 17) {
            var data = whole
            data[place] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
            // Times and the like may differ; numbers may not.
            guard let archive = try? NumPyArchive(opening: try write(data)) else { continue }
            for (name, bytes) in zip(names, expected) {
                if let array = try? archive[name] { #expect(array.bytes == bytes, "byte \(place)") }
            }
        }
    }

    @Test("A member cannot claim to unpack to more than packed bytes can hold")
    func bomb() throws {
        var data = try #require(Data(base64Encoded: Archives.packed))
        // The size of the first entry of the directory.
        let entry = try #require(data.range(of: Data([0x50, 0x4b, 1, 2]))).lowerBound
        data.replaceSubrange(entry + 24..<entry + 28, with: [0, 0, 0, 0x7f])
        let place = try write(data)
        #expect(throws: ModelError.self) { try NumPyArchive(opening: place) }
    }
}

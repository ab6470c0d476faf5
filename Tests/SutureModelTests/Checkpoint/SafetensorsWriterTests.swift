// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("Writing safetensors files")
struct SafetensorsWriterTests {
    private let folder: TemporaryFolder
    private let place: URL

    init() throws {
        folder = try TemporaryFolder()
        place = folder.url.appendingPathComponent("model.safetensors")
    }

    /// A tensor of each dtype, an empty one and a scalar; bytes include the bit patterns of NaN and infinity.
    private static let everyDtype: [SafetensorsWriter.Tensor] =
        StoredDtype.allCases.map { dtype in
            let bytes = (0..<6 * dtype.byteCount).map { UInt8(truncatingIfNeeded: 0xff - 37 * $0) }
            return SafetensorsWriter.Tensor(
                name: "layer.\(dtype.rawValue)", dtype: dtype, shape: [2, 3], bytes: TensorBytes(bytes))
        } + [
            SafetensorsWriter.Tensor(name: "empty", dtype: .float16, shape: [0, 4], bytes: TensorBytes([])),
            SafetensorsWriter.Tensor(name: "scalar", dtype: .bfloat16, shape: [], bytes: TensorBytes([0x80, 0x3f])),
        ]

    @Test("What is written is read back with equal names, dtypes, shapes and bytes, in the given order")
    func roundTrip() throws {
        try SafetensorsWriter.write(Self.everyDtype, metadata: ["note": "a \"π\" \\ \u{1}"], to: place)
        let file = try SafetensorsFile(opening: place)
        #expect(file.metadata == ["format": "pt", "note": "a \"π\" \\ \u{1}"])
        #expect(file.entries.map(\.name) == Self.everyDtype.map(\.name))
        for tensor in Self.everyDtype {
            #expect(try file.entry(tensor.name).dtype == tensor.dtype)
            #expect(try file.entry(tensor.name).shape == tensor.shape)
            #expect(try file.bytes(of: tensor.name) == tensor.bytes)
        }
    }

    @Test("Equal input gives equal bytes, and leaves nothing beside the file")
    func deterministic() throws {
        let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key\($0)", "value") })
        let second = folder.url.appendingPathComponent("second.safetensors")
        try SafetensorsWriter.write(Self.everyDtype, metadata: metadata, to: place)
        try SafetensorsWriter.write(Self.everyDtype, metadata: metadata, to: second)
        #expect(try Data(contentsOf: place) == Data(contentsOf: second))
        #expect(folder.contents == ["model.safetensors", "second.safetensors"])
    }

    @Test("The tensors begin at a multiple of 8", arguments: 1...16)
    func alignment(_ length: Int) throws {
        let name = String(repeating: "n", count: length)
        let tensor = SafetensorsWriter.Tensor(name: name, dtype: .uint8, shape: [1], bytes: TensorBytes([9]))
        try SafetensorsWriter.write([tensor], to: place)
        #expect(try SafetensorsFile(opening: place).entry(name).byteRange.lowerBound % 8 == 0)
    }

    @Test("The bytes are those of the reference writer")
    func golden() throws {
        // Recorded with the Python package safetensors 0.8.0 (torch 2.13.0):
        //   safetensors.torch.save({"w.bf16": torch.tensor([[1.0, -2.5], [0.1, 65504.0]], dtype=torch.bfloat16),
        //       "b.f16": torch.tensor([0.5, -0.25, 3.140625], dtype=torch.float16), "s": torch.tensor(7),
        //       "e": torch.zeros(0, 3)}, metadata={"format": "pt", "note": 'a "quoted" \\ line\nπ'})
        let header = """
            {"__metadata__":{"format":"pt","note":"a \\"quoted\\" \\\\ line\\nπ"},\
            "s":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"e":{"dtype":"F32","shape":[0,3],"data_offsets":[8,8]},\
            "w.bf16":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]},\
            "b.f16":{"dtype":"F16","shape":[3],"data_offsets":[16,22]}}\("  ")
            """
        let scalar: [UInt8] = [7, 0, 0, 0, 0, 0, 0, 0]
        let weight: [UInt8] = [0x80, 0x3f, 0x20, 0xc0, 0xcd, 0x3d, 0x80, 0x47]
        let bias: [UInt8] = [0x00, 0x38, 0x00, 0xb4, 0x48, 0x42]
        try SafetensorsWriter.write(
            [
                .init(name: "s", dtype: .int64, shape: [], bytes: TensorBytes(scalar)),
                .init(name: "e", dtype: .float32, shape: [0, 3], bytes: TensorBytes([])),
                .init(name: "w.bf16", dtype: .bfloat16, shape: [2, 2], bytes: TensorBytes(weight)),
                .init(name: "b.f16", dtype: .float16, shape: [3], bytes: TensorBytes(bias)),
            ], metadata: ["note": "a \"quoted\" \\ line\nπ"], to: place)
        #expect(try Data(contentsOf: place) == Data(safetensors(header, data: scalar + weight + bias)))
    }

    @Test("Tensors that make no valid file are refused, and nothing is written")
    func refusals() throws {
        let one = SafetensorsWriter.Tensor(name: "a", dtype: .uint8, shape: [1], bytes: TensorBytes([1]))
        let reserved = SafetensorsWriter.Tensor(name: "__metadata__", dtype: .uint8, shape: [0], bytes: TensorBytes([]))
        let wrong = SafetensorsWriter.Tensor(name: "w", dtype: .float16, shape: [2, 3], bytes: TensorBytes([1]))
        let negative = SafetensorsWriter.Tensor(name: "w", dtype: .uint8, shape: [-1, -1], bytes: TensorBytes([1]))
        let huge = SafetensorsWriter.Tensor(name: "w", dtype: .int64, shape: [.max], bytes: TensorBytes([]))
        #expect(checkpointError { try SafetensorsWriter.write([one, one], to: place) }?.code == .duplicateName)
        #expect(checkpointError { try SafetensorsWriter.write([reserved], to: place) }?.code == .duplicateName)
        let error = checkpointError { try SafetensorsWriter.write([one, wrong], to: place) }
        #expect(error?.message == "the tensor 'w' has 1 bytes, but the shape [2, 3] in F16 takes 12 bytes")
        #expect(checkpointError { try SafetensorsWriter.write([negative], to: place) }?.code == .sizeMismatch)
        #expect(checkpointError { try SafetensorsWriter.write([huge], to: place) }?.code == .sizeMismatch)
        #expect(folder.contents.isEmpty)
    }

    @Test("A place in a missing folder is refused as unwritable")
    func missingFolder() throws {
        let place = folder.url.appendingPathComponent("none/model.safetensors")
        let error = checkpointError { try SafetensorsWriter.write([], to: place) }
        #expect(error?.code == .unwritable)
        #expect(error?.message.contains(place.path) == true)
    }

    // MARK: - Rewriting

    /// A source file whose header no writer of ours makes: spaces, other order, no metadata, odd size.
    private func unusualSource() throws -> SafetensorsFile {
        let header =
            #"{ "b" : {"data_offsets":[2,6],"dtype":"F32","shape":[1]}, "#
            + #""a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}   "#
        return try SafetensorsFile(
            opening: try folder.write(safetensors(header, data: [1, 2, 3, 4, 5, 6]), to: "source.safetensors"))
    }

    @Test("Rewriting changes the bytes of the named tensors and no other byte of the file")
    func rewrite() throws {
        let source = try unusualSource()
        try SafetensorsWriter.rewrite(source: source, replacing: ["b": TensorBytes([7, 8, 9, 10])], to: place)
        var expected = source.allBytes.data
        expected.replaceSubrange(expected.count - 4..<expected.count, with: [7, 8, 9, 10])
        #expect(try Data(contentsOf: place) == expected)
    }

    @Test("Replacing tensors and putting the original bytes back gives the original file")
    func revert() throws {
        let source = try unusualSource()
        let original = source.allBytes.data
        let edited = ["a": TensorBytes([0xff, 0xff]), "b": TensorBytes([0, 0, 0, 0])]
        try SafetensorsWriter.rewrite(source: source, replacing: edited, to: place)
        let kept = ["a": try source.bytes(of: "a"), "b": try source.bytes(of: "b")]
        try SafetensorsWriter.rewrite(source: try SafetensorsFile(opening: place), replacing: kept, to: place)
        #expect(try Data(contentsOf: place) == original)
    }

    @Test("A file may be rewritten at its own place while it is open")
    func inPlace() throws {
        let source = try unusualSource()
        try SafetensorsWriter.rewrite(source: source, replacing: ["a": TensorBytes([8, 9])], to: source.url)
        #expect(try source.bytes(of: "a") == TensorBytes([1, 2]))
        #expect(try SafetensorsFile(opening: source.url).bytes(of: "a") == TensorBytes([8, 9]))
        #expect(folder.contents == ["source.safetensors"])
    }

    @Test("A replacement of another size or an unknown name is refused, and nothing is written")
    func badReplacement() throws {
        let source = try unusualSource()
        let size = checkpointError {
            try SafetensorsWriter.rewrite(source: source, replacing: ["b": TensorBytes([1])], to: place)
        }
        #expect(size?.code == .sizeMismatch)
        #expect(size?.hint == "give a replacement of the same shape [1] and dtype F32")
        let name = checkpointError {
            try SafetensorsWriter.rewrite(source: source, replacing: ["c": TensorBytes([1])], to: place)
        }
        #expect(name?.code == .unknownTensor)
        #expect(folder.contents == ["source.safetensors"])
    }

    @Test("A cancelled task writes nothing")
    func cancellation() async throws {
        let place = place
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try SafetensorsWriter.write(Self.everyDtype, to: place)
        }
        let result = await task.result
        #expect(checkpointError { try result.get() }?.code == .cancelled)
        #expect(folder.contents.isEmpty)
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A safetensors file, mapped into memory and checked.
///
/// The file begins with the size of its header (8 bytes, little-endian), then the header (JSON), then the bytes of the
/// tensors without gaps. Opening reads the header alone, so its cost does not depend on the size of the tensors. The
/// rules are those of the format's reference reader, and stricter in two points: the header begins with `{` and holds
/// no name twice, as the format's description asks.
///
/// The file stays mapped until this object and every value that `bytes(of:)` gave are gone; see `MappedFile` for what
/// happens when another program changes it meanwhile. Safe to use from any thread.
public final class SafetensorsFile: Sendable {
    /// The largest header in bytes, a limit of the format.
    public static let maximumHeaderByteCount = 100_000_000

    /// Where the file was opened.
    public let url: URL
    /// The free-text entries of the header.
    public let metadata: [String: String]
    /// The tensors in the order of their bytes.
    public let entries: [TensorEntry]
    /// The tensors by name.
    public let tensors: [String: TensorEntry]

    /// Who may read, write and execute the file.
    package var mode: mode_t { file.mode }

    private let file: MappedFile
    private let dataStart: Int

    /// Opens and checks a file.
    ///
    /// - Throws: `unreadable` for a missing or special file; `truncated`, `trailingBytes`, `headerSize`,
    ///   `headerSyntax`, `duplicateName`, `unsupportedDtype`, `sizeMismatch` or `layout` for a file that breaks the
    ///   format.
    public init(opening url: URL) throws(ModelError) {
        self.url = url
        let file = try MappedFile(reading: url)
        self.file = file
        let path = url.path
        let size = file.bytes.count
        guard size >= 8 else {
            throw .damaged(.truncated, "'\(path)' has \(size) bytes, too few for the 8 bytes of the header's size")
        }
        let announced = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
        guard announced <= UInt64(Self.maximumHeaderByteCount) else {
            throw .damaged(
                .headerSize,
                "'\(path)' announces a header of \(announced) bytes; the format allows \(Self.maximumHeaderByteCount)")
        }
        let dataStart = 8 + Int(announced)
        guard dataStart <= size else {
            throw .damaged(
                .headerSize, "'\(path)' announces a header of \(announced) bytes, but only \(size - 8) bytes follow")
        }
        let header = try SafetensorsHeader(
            reading: UnsafeRawBufferPointer(rebasing: file.bytes[8..<dataStart]), path: path)
        entries = try Self.check(header.tensors, dataStart: dataStart, size: size, path: path)
        tensors = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
        metadata = header.metadata
        self.dataStart = dataStart
    }

    /// What the header says about a tensor.
    ///
    /// - Throws: `unknownTensor`.
    public func entry(_ name: String) throws(ModelError) -> TensorEntry {
        guard let entry = tensors[name] else { throw .unknownTensor(name, in: url) }
        return entry
    }

    /// The bytes of a tensor, not copied.
    ///
    /// - Throws: `unknownTensor`.
    public func bytes(of name: String) throws(ModelError) -> TensorBytes {
        TensorBytes(of: file, try entry(name).byteRange)
    }

    /// Calls `body` with the bytes of a tensor, which are valid during the call.
    ///
    /// - Throws: `unknownTensor`, and what `body` throws.
    public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try bytes(of: name).withUnsafeBytes(body)
    }

    /// All bytes of the file, not copied; for hashing.
    public var allBytes: TensorBytes { TensorBytes(of: file, 0..<file.bytes.count) }

    /// Size and header, the part of the file before the first tensor.
    var prefix: TensorBytes { TensorBytes(of: file, 0..<dataStart) }

    /// The bytes of a tensor for wrappers that share memory with it. Valid as long as this object lives, which the
    /// caller sees to; read-only, without any alignment promise.
    ///
    /// - Throws: `unknownTensor`.
    package func unsafeBytes(of name: String) throws(ModelError) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[try entry(name).byteRange])
    }

    /// Checks the tensors of a header against the file and puts them in the order of their bytes.
    private static func check(
        _ tensors: [SafetensorsHeader.Tensor], dataStart: Int, size: Int, path: String
    ) throws(ModelError) -> [TensorEntry] {
        // Equal offsets are those of empty tensors, which keep their header order.
        let ordered = tensors.enumerated().sorted { left, right in
            (left.element.offsets.begin, left.element.offsets.end, left.offset)
                < (right.element.offsets.begin, right.element.offsets.end, right.offset)
        }
        var checked: [(tensor: SafetensorsHeader.Tensor, dtype: StoredDtype)] = []
        var end = 0
        for (_, tensor) in ordered {
            let (begin, next) = tensor.offsets
            guard begin <= next else {
                throw .damaged(
                    .layout, "the tensor '\(tensor.name)' in '\(path)' ends at \(next), before its start at \(begin)")
            }
            guard begin == end else {
                let what = begin < end ? "overlaps the tensor before it" : "leaves a hole before it"
                throw .damaged(
                    .layout,
                    "the tensor '\(tensor.name)' in '\(path)' \(what): it starts at \(begin) in place of \(end)")
            }
            guard let dtype = StoredDtype(rawValue: tensor.dtype) else {
                let known = StoredDtype.allCases.map(\.rawValue).joined(separator: ", ")
                throw ModelError(
                    .unsupportedDtype,
                    "the tensor '\(tensor.name)' in '\(path)' has the dtype '\(tensor.dtype)', which is not read"
                        + (tensor.dtype.hasPrefix("F8") || tensor.dtype.hasPrefix("F4")
                            ? ": the model is quantised" : ""),
                    hint: "convert the model to one of \(known)")
            }
            guard let byteCount = TensorEntry.byteCount(dtype: dtype, shape: tensor.shape) else {
                throw .damaged(
                    .sizeMismatch,
                    "the shape \(tensor.shape) of the tensor '\(tensor.name)' in '\(path)' is too large")
            }
            guard byteCount == next - begin else {
                throw .damaged(
                    .sizeMismatch,
                    "the tensor '\(tensor.name)' in '\(path)' has the shape \(tensor.shape) in \(tensor.dtype), which "
                        + "is \(byteCount) bytes, but its data_offsets hold \(next - begin)")
            }
            end = next
            checked.append((tensor, dtype))
        }
        let (expected, overflow) = end.addingReportingOverflow(dataStart)
        guard !overflow, expected <= size else {
            throw .damaged(
                .truncated,
                "'\(path)' is cut short: its header asks for \(end) bytes of tensors, but \(size - dataStart) follow")
        }
        guard expected == size else {
            throw .damaged(
                .trailingBytes,
                "'\(path)' has \(size - expected) bytes too many: its header accounts for \(expected) of \(size)")
        }
        return checked.map { tensor, dtype in
            TensorEntry(
                name: tensor.name, dtype: dtype, shape: tensor.shape,
                byteRange: dataStart + tensor.offsets.begin..<dataStart + tensor.offsets.end)
        }
    }
}

extension ModelError {
    /// A file that breaks the format.
    fileprivate static func damaged(_ code: Code, _ message: String) -> ModelError {
        ModelError(
            code, message, hint: "the file is damaged or not a safetensors file; fetch it or write it again")
    }

    /// A name that `place` does not hold.
    static func unknownTensor(_ name: String, in place: URL) -> ModelError {
        ModelError(
            .unknownTensor, "'\(place.path)' holds no tensor '\(name)'",
            hint: "check the name; the names of a model depend on its architecture")
    }
}

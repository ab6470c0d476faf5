// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Writes safetensors files; equal input gives equal bytes.
///
/// Files appear at their place whole or not at all (see `OutputFile`). Nothing is converted: bytes are stored as given.
public enum SafetensorsWriter {
    /// One tensor to be written.
    public struct Tensor: Sendable {
        /// The name, distinct from all others and not `__metadata__`.
        public let name: String
        /// The element type.
        public let dtype: StoredDtype
        /// The shape, row-major; empty for a scalar.
        public let shape: [Int]
        /// The elements, little-endian and row-major.
        public let bytes: TensorBytes

        /// Makes a tensor from its parts; they are checked by `write`.
        public init(name: String, dtype: StoredDtype, shape: [Int], bytes: TensorBytes) {
            self.name = name
            self.dtype = dtype
            self.shape = shape
            self.bytes = bytes
        }

        fileprivate func check() throws(ModelError) {
            let byteCount = TensorEntry.byteCount(dtype: dtype, shape: shape)
            guard byteCount == bytes.count else {
                let needed = byteCount.map { "\($0) bytes" } ?? "an impossible number of bytes"
                throw ModelError(
                    .sizeMismatch,
                    "the tensor '\(name)' has \(bytes.count) bytes, but the shape \(shape) in \(dtype.rawValue) takes "
                        + needed,
                    hint: "give shape, dtype and bytes that belong together")
            }
        }
    }

    /// Writes `tensors` in the given order to `url`, replacing a file that is there.
    ///
    /// The header is the compact JSON that the format's reference writer makes: `__metadata__` first, with sorted keys,
    /// then the tensors. `__metadata__` holds `"format": "pt"`, which loaders of published models ask for, and
    /// `metadata`, which may replace it. The header is padded with spaces, so that the tensors begin at a multiple of
    /// 8. Give tensors of wide dtypes first so that readers find every tensor aligned.
    ///
    /// - Parameter mode: who may read, write and execute the file; nil: as the system has it for new files.
    /// - Throws: `duplicateName`, `sizeMismatch` or `invalidContent` for tensors that make no valid file; `unwritable`;
    ///   `cancelled`.
    public static func write(
        _ tensors: [Tensor], metadata: [String: String] = [:], to url: URL, mode: mode_t? = nil
    ) throws(ModelError) {
        for tensor in tensors { try tensor.check() }
        try write(
            tensors.map { Announcement(name: $0.name, dtype: $0.dtype, shape: $0.shape) }, metadata: metadata, to: url,
            mode: mode
        ) { tensors[$0].bytes }
    }

    /// What the header says of a tensor whose bytes are made when their turn comes.
    package struct Announcement: Sendable {
        var name: String
        var dtype: StoredDtype
        var shape: [Int]

        package init(name: String, dtype: StoredDtype, shape: [Int]) {
            self.name = name
            self.dtype = dtype
            self.shape = shape
        }
    }

    /// The same for tensors that are not in memory together.
    ///
    /// - Parameter bytes: makes the bytes of the tensor with that index; called once for each, in order.
    package static func write(
        _ announcements: [Announcement], metadata: [String: String] = [:], to url: URL, mode: mode_t? = nil,
        bytes: (Int) throws(ModelError) -> TensorBytes
    ) throws(ModelError) {
        let prefix = try prefix(announcements, metadata: metadata)
        try OutputFile.create(at: url, mode: mode) { (file) throws(ModelError) in
            try file.append(TensorBytes(prefix))
            for (index, announcement) in announcements.enumerated() {
                try checkCancellation()
                let tensor = Tensor(
                    name: announcement.name, dtype: announcement.dtype, shape: announcement.shape,
                    bytes: try bytes(index))
                try tensor.check()
                try file.append(tensor.bytes)
            }
        }
    }

    /// Writes `source` again to `url` with other bytes for some tensors.
    ///
    /// Mode, header, metadata and layout stay byte for byte those of `source`, and so do the tensors that `replacements` does
    /// not name. Hence replacing tensors and then replacing them again with the original bytes gives the original file.
    /// `url` may be the place of `source` itself: the open file keeps its old content.
    ///
    /// - Parameter replacements: bytes by tensor name, in the tensor's dtype and of the same length as before.
    /// - Throws: `unknownTensor`, `sizeMismatch`, `unwritable` or `cancelled`; the place is then as before.
    public static func rewrite(
        source: SafetensorsFile, replacing replacements: [String: TensorBytes], to url: URL
    ) throws(ModelError) {
        for (name, bytes) in replacements.sorted(by: { $0.key < $1.key }) {
            let entry = try source.entry(name)
            guard entry.byteCount == bytes.count else {
                throw ModelError(
                    .sizeMismatch,
                    "the replacement of the tensor '\(name)' has \(bytes.count) bytes; in '\(source.url.path)' it has "
                        + "\(entry.byteCount)",
                    hint: "give a replacement of the same shape \(entry.shape) and dtype \(entry.dtype.rawValue)")
            }
        }
        try OutputFile.create(at: url, mode: source.mode) { (file) throws(ModelError) in
            try file.append(source.prefix)
            for entry in source.entries {
                try checkCancellation()
                if let replacement = replacements[entry.name] {
                    try file.append(replacement)
                } else {
                    try file.append(try source.bytes(of: entry.name))
                }
            }
        }
    }

    /// Throws `cancelled` where the current task is cancelled.
    static func checkCancellation() throws(ModelError) {
        guard Task.isCancelled else { return }
        throw ModelError(
            .cancelled, "writing the checkpoint was cancelled; the output place is as before",
            hint: "start again when you want the output")
    }

    // MARK: - The header

    /// The size of the header and the header.
    private static func prefix(_ tensors: [Announcement], metadata: [String: String]) throws(ModelError) -> Data {
        let fields = metadata.merging(["format": "pt"]) { given, _ in given }
        let texts = fields.sorted { $0.key < $1.key }.map { JSONValue.Member(key: $0.key, value: .text($0.value)) }
        var members = [JSONValue.Member(key: "__metadata__", value: .object(texts))]
        var names: Set<String> = ["__metadata__"]
        var offset = 0
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw ModelError(
                    .duplicateName, "the tensor name '\(tensor.name)' is taken: it is given twice or reserved",
                    hint: "give every tensor a name of its own, other than __metadata__")
            }
            guard let byteCount = TensorEntry.byteCount(dtype: tensor.dtype, shape: tensor.shape) else {
                throw tooLarge("the shape \(tensor.shape) of the tensor '\(tensor.name)' is impossible")
            }
            let (end, overflow) = offset.addingReportingOverflow(byteCount)
            guard !overflow else { throw tooLarge("the tensors have more than \(Int.max) bytes together") }
            members.append(
                JSONValue.Member(
                    key: tensor.name,
                    value: .record([
                        ("dtype", .text(tensor.dtype.rawValue)), ("shape", .list(tensor.shape.map { .integer($0) })),
                        ("data_offsets", .list([.integer(offset), .integer(end)])),
                    ])))
            offset = end
        }
        var header = Data(JSONValue.object(members).written(isCompact: true).utf8)
        header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
        guard header.count <= SafetensorsFile.maximumHeaderByteCount else {
            throw tooLarge(
                "the header has \(header.count) bytes; the format allows \(SafetensorsFile.maximumHeaderByteCount)")
        }
        return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header
    }

    private static func tooLarge(_ message: String) -> ModelError {
        ModelError(.invalidContent, message, hint: "write fewer tensors to one file")
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The immutable bytes of one tensor, either a part of a mapped file or in memory.
///
/// Copying the value copies no bytes. A value that comes from a file keeps the file mapped as long as it lives.
/// Elements are little-endian and row-major; the first byte may lie at any address, so a reader of wider elements
/// uses unaligned loads or copies first.
public struct TensorBytes: Sendable, Hashable, ContiguousBytes {
    private enum Storage: Sendable {
        case mapped(MappedFile, Range<Int>)
        case memory(Data)
    }

    private let storage: Storage

    /// Bytes in memory, shared with `data`.
    public init(_ data: Data) {
        storage = .memory(data)
    }

    /// Bytes in memory. Copies them.
    public init(_ bytes: [UInt8]) {
        storage = .memory(Data(bytes))
    }

    /// The part `range` of a mapped file, which must lie inside it.
    init(of file: MappedFile, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= file.bytes.count)
        storage = .mapped(file, range)
    }

    /// The number of bytes.
    public var count: Int {
        switch storage {
        case .mapped(_, let range): range.count
        case .memory(let data): data.count
        }
    }

    /// A copy of the bytes.
    public var data: Data {
        switch storage {
        case .mapped: withUnsafeBytes { Data($0) }
        case .memory(let data): data
        }
    }

    /// Some of the bytes, which must be there. Bytes in memory are copied.
    func part(_ range: Range<Int>) -> TensorBytes {
        switch storage {
        case .mapped(let file, let whole):
            TensorBytes(of: file, whole.lowerBound + range.lowerBound..<whole.lowerBound + range.upperBound)
        case .memory: withUnsafeBytes { TensorBytes(Data($0[range])) }
        }
    }

    /// Calls `body` with the bytes, which are valid during the call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch storage {
        case .mapped(let file, let range):
            try withExtendedLifetime(file) {
                try body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
            }
        case .memory(let data):
            try data.withUnsafeBytes(body)
        }
    }

    /// Compares the bytes, wherever they are kept. Cost: linear.
    public static func == (left: TensorBytes, right: TensorBytes) -> Bool {
        left.withUnsafeBytes { a in
            right.withUnsafeBytes { b in
                guard a.count == b.count else { return false }
                guard let x = a.baseAddress, let y = b.baseAddress else { return true }
                return memcmp(x, y, a.count) == 0
            }
        }
    }

    /// Hashes all bytes. Cost: linear.
    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime

/// What a child process is reading, in memory that its parent sees: when the child dies, its input is still there.
final class SharedPage {
    private static let headerSize = 64
    private let base: UnsafeMutableRawPointer
    private let size: Int

    /// Maps the file of a page.
    ///
    /// - Parameter capacity: the largest input.
    init(_ path: String, capacity: Int) throws {
        size = Self.headerSize + capacity
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0, ftruncate(file, off_t(size)) == 0,
            let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), mapped != MAP_FAILED
        else { throw RuntimeError(.run, "'\(path)' cannot be mapped") }
        close(file)
        base = mapped
    }

    deinit { munmap(base, size) }

    /// Inputs that were begun, and those that were finished.
    private(set) var begun: Int {
        get { base.load(as: Int.self) }
        set { base.storeBytes(of: newValue, as: Int.self) }
    }
    private(set) var finished: Int {
        get { base.load(fromByteOffset: 8, as: Int.self) }
        set { base.storeBytes(of: newValue, toByteOffset: 8, as: Int.self) }
    }
    private var length: Int {
        get { base.load(fromByteOffset: 16, as: Int.self) }
        set { base.storeBytes(of: newValue, toByteOffset: 16, as: Int.self) }
    }
    /// The longest time of one input, in nanoseconds.
    private(set) var slowest: Int {
        get { base.load(fromByteOffset: 24, as: Int.self) }
        set { base.storeBytes(of: newValue, toByteOffset: 24, as: Int.self) }
    }
    /// Bytes that the child had before its first input; 0 until then.
    var memoryAtStart: Int {
        get { base.load(fromByteOffset: 32, as: Int.self) }
        set { base.storeBytes(of: newValue, toByteOffset: 32, as: Int.self) }
    }

    func begin(_ input: [UInt8]) {
        input.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress {
                (base + Self.headerSize).copyMemory(from: start, byteCount: bytes.count)
            }
        }
        length = input.count
        begun += 1
    }

    func end(nanoseconds: Int) {
        slowest = max(slowest, nanoseconds)
        finished += 1
    }

    /// For a child that takes over from one that died.
    func forgetUnfinished() {
        finished = begun
        memoryAtStart = 0
    }

    /// The input that is being read, or was read last.
    var input: [UInt8] { Array(UnsafeRawBufferPointer(start: base + Self.headerSize, count: length)) }
}

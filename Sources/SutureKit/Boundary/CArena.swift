// SPDX-License-Identifier: Apache-2.0

import CSuture

/// Memory for values on their way across the boundary. Everything lives as long as the arena; an arena that nobody drops
/// (a plugin's declarations) lives as long as the process.
package final class CArena {
    private var blocks: [UnsafeMutableRawPointer] = []

    package init() {}
    deinit { for block in blocks { block.deallocate() } }

    package func string(_ text: String) -> UnsafePointer<CChar> {
        let bytes = text.utf8CString
        return bytes.withUnsafeBufferPointer { source in
            let copy = allocate(CChar.self, source.count)
            for (i, byte) in source.enumerated() { copy[i] = byte }
            return UnsafePointer(copy)
        }
    }

    package func value<Value: BitwiseCopyable>(_ value: Value) -> UnsafePointer<Value> {
        let copy = allocate(Value.self, 1)
        copy.initialize(to: value)
        return UnsafePointer(copy)
    }

    /// A struct of the ABI: all zero but its size, then filled.
    package func make<Value: ForeignLayout>(
        _: Value.Type, _ fill: (inout Value) -> Void
    ) -> UnsafePointer<Value> {
        let made = allocate(Value.self, 1)
        UnsafeMutableRawPointer(made).initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<Value>.size)
        UnsafeMutableRawPointer(made).storeBytes(of: MemoryLayout<Value>.size, as: Int.self)
        fill(&made.pointee)
        return UnsafePointer(made)
    }

    /// NULL for an empty array.
    package func array<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element>? {
        guard !elements.isEmpty else { return nil }
        let copy = allocate(Element.self, elements.count)
        for (i, element) in elements.enumerated() { (copy + i).initialize(to: element) }
        return UnsafePointer(copy)
    }

    package func strings(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>>? { array(texts.map { string($0) }) }

    private func allocate<Element>(_: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: Swift.max(count * MemoryLayout<Element>.stride, 1), alignment: 16)
        blocks.append(block)
        return block.bindMemory(to: Element.self, capacity: count)
    }
}

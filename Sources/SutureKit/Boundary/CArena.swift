// SPDX-License-Identifier: Apache-2.0

import CSuture

/// Memory for values on their way across the boundary. Everything lives as long as the arena; an arena that nobody drops
/// (a plugin's declarations) lives as long as the process.
package final class CArena {
    private var blocks: [UnsafeMutableRawPointer] = []
    /// What is left of the last small block.
    private var free = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Small values share blocks of this many bytes.
    private static let blockSize = 1024

    package init() {}
    deinit { for block in blocks { block.deallocate() } }

    package func string(_ text: String) -> UnsafePointer<CChar> {
        var text = text
        return text.withUTF8 { source in
            let copy = allocate(CChar.self, source.count + 1)
            if let base = source.baseAddress {
                UnsafeMutableRawPointer(copy).copyMemory(from: base, byteCount: source.count)
            }
            copy[source.count] = 0
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

    /// Uninitialised memory, aligned for every type of the ABI.
    private func allocate<Element>(_: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
        let alignment = 16
        let size = (max(count * MemoryLayout<Element>.stride, 1) + alignment - 1) & ~(alignment - 1)
        let start: UnsafeMutableRawPointer
        if let place = free.baseAddress, size <= free.count {
            start = place
            free = UnsafeMutableRawBufferPointer(start: place + size, count: free.count - size)
        } else {
            let isLarge = size > CArena.blockSize / 4
            start = .allocate(byteCount: isLarge ? size : CArena.blockSize, alignment: alignment)
            blocks.append(start)
            if !isLarge {
                free = UnsafeMutableRawBufferPointer(start: start + size, count: CArena.blockSize - size)
            }
        }
        return start.bindMemory(to: Element.self, capacity: count)
    }
}

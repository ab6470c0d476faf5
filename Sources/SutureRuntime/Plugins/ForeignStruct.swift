// SPDX-License-Identifier: Apache-2.0

/// Reads a struct that a plugin made, field by field: it may be shorter than ours (an older minor) or longer (a newer one),
/// so it is never copied whole, and a pointer that should be set may be NULL.
///
/// Every such struct begins with its size.
struct ForeignStruct<Struct> {
    let base: UnsafeRawPointer

    init(_ pointer: UnsafePointer<Struct>) { base = UnsafeRawPointer(pointer) }

    /// The size that its maker wrote down.
    var size: Int { base.load(as: Int.self) }

    /// A number, or nil where the struct ends before it.
    func number<Field: BitwiseCopyable & Numeric>(_ field: KeyPath<Struct, Field>) -> Field? {
        guard let offset = offset(of: field, MemoryLayout<Field>.size) else { return nil }
        return base.load(fromByteOffset: offset, as: Field.self)
    }

    /// A pointer of any kind, or nil where the struct ends before it or it is NULL.
    func pointer(_ field: PartialKeyPath<Struct>) -> UnsafeRawPointer? {
        guard let offset = offset(of: field, MemoryLayout<UnsafeRawPointer?>.size) else { return nil }
        return base.load(fromByteOffset: offset, as: UnsafeRawPointer?.self)
    }

    /// A text, or nil where the struct ends before it or it is NULL.
    func text(_ field: PartialKeyPath<Struct>) -> String? {
        pointer(field).map { String(cString: $0.assumingMemoryBound(to: CChar.self)) }
    }

    /// A counted array of pointers; empty where the struct ends before it, nil where the array or an element is NULL.
    func pointers<Element>(
        _ field: PartialKeyPath<Struct>, count: KeyPath<Struct, Int64>, to _: Element.Type
    ) -> [UnsafePointer<Element>]? {
        guard let count = number(count), count > 0 else { return [] }
        guard let start = pointer(field) else { return nil }
        let elements = UnsafeBufferPointer(
            start: start.assumingMemoryBound(to: UnsafePointer<Element>?.self), count: Int(count))
        let found = elements.compactMap(\.self)
        return found.count == elements.count ? found : nil
    }

    private func offset(of field: PartialKeyPath<Struct>, _ fieldSize: Int) -> Int? {
        guard let offset = MemoryLayout<Struct>.offset(of: field), offset + fieldSize <= size else { return nil }
        return offset
    }
}

// SPDX-License-Identifier: Apache-2.0

import CSuture

/// What is known of a struct of the ABI; the conformances are generated from the headers.
package protocol ForeignLayout {
    /// As in the headers: "suture_score".
    static var abiName: String { get }
    /// The bytes of its fields of minor 0. No shorter one is valid.
    static var firstSize: Int { get }
    /// Its function pointers, in the order of the header.
    static var functions: [ForeignFunctionRow] { get }
}

extension ForeignLayout {
    package static var functions: [ForeignFunctionRow] { [] }
}

/// A function pointer of a table: its place, and the minor in which it appeared.
package struct ForeignFunctionRow: Sendable {
    package let name: String
    package let offset: Int
    package let minor: UInt32

    package init(_ name: String, offset: Int, minor: UInt32) {
        self.name = name
        self.offset = offset
        self.minor = minor
    }
}

/// A struct that the other side of the boundary made. It may be shorter than ours (an older minor) or longer (a newer one),
/// so it is read field by field and never copied whole.
///
/// The fields are generated extensions: a field of minor 0 is always there, a later one is 0 or nil where the struct ends
/// before it.
package struct Foreign<Struct: ForeignLayout> {
    package let pointer: UnsafePointer<Struct>

    /// Checks the size that the maker wrote down.
    ///
    /// - Parameter place: the function that was handed the struct: "suture_sink.score".
    /// - Throws: `invalidArgument` where it is NULL, or shorter than its fields of minor 0.
    package init(
        _ pointer: UnsafePointer<Struct>, in place: @autoclosure () -> String
    ) throws(SutureError) {
        self.pointer = pointer
        // C can pass NULL for a pointer that may not be NULL.
        guard UInt(bitPattern: pointer) != 0 else {
            throw SutureError(.invalidArgument, "\(place()): \(Struct.abiName) is NULL", hint: "give one")
        }
        guard size >= Struct.firstSize else { throw tooShort(place()) }
    }

    /// The size that its maker wrote down.
    package var size: Int { UnsafeRawPointer(pointer).load(as: Int.self) }

    package func load<Value>(_ offset: Int, as _: Value.Type) -> Value {
        UnsafeRawPointer(pointer).load(fromByteOffset: offset, as: Value.self)
    }

    package func load<Value>(_ offset: Int, as _: Value.Type, or missing: Value) -> Value {
        offset + MemoryLayout<Value>.size <= size ? load(offset, as: Value.self) : missing
    }

    /// Whether a function of the table is there and set.
    package func has(_ function: ForeignFunctionRow) -> Bool {
        load(function.offset, as: UnsafeRawPointer?.self, or: nil) != nil
    }

    /// The first of some functions that the table lacks or leaves NULL.
    package func firstMissing(of names: [String]) -> String? {
        names.first { name in Struct.functions.first { $0.name == name }.map(has) != true }
    }

    private func tooShort(_ place: String) -> SutureError {
        SutureError(
            .invalidArgument,
            "\(place): struct_size of \(Struct.abiName) is \(size), and its first fields take \(Struct.firstSize) bytes",
            hint: "set struct_size to sizeof(\(Struct.abiName))")
    }
}

/// A list of the ABI: `struct_size`, `count`, `items`. The conformances are generated from the headers.
package protocol ForeignList: ForeignLayout {
    associatedtype Item: ForeignLayout
    var count: Int64 { get set }
    var items: UnsafePointer<UnsafePointer<Item>>? { get set }
}

extension Foreign where Struct: ForeignList {
    /// The elements.
    ///
    /// - Throws: `invalidArgument` where the count is negative, or the array or an element is NULL or too short.
    package var elements: [Foreign<Struct.Item>] {
        get throws(SutureError) {
            try foreignElements(
                load(16, as: UnsafePointer<UnsafePointer<Struct.Item>?>?.self), load(8, as: Int64.self),
                in: Struct.abiName)
        }
    }
}

/// The elements of a counted array of pointers to structs.
///
/// - Throws: `invalidArgument` where the count is negative, or the array or an element is NULL or too short.
package func foreignElements<Item: ForeignLayout>(
    _ start: UnsafePointer<UnsafePointer<Item>?>?, _ count: Int64, in place: String
) throws(SutureError) -> [Foreign<Item>] {
    var elements: [Foreign<Item>] = []
    for element in try foreignArray(start, count, in: place) {
        guard let element else {
            throw SutureError(.invalidArgument, "\(place): an element is NULL", hint: "set all \(count) of them")
        }
        elements.append(try Foreign<Item>(element, in: place))
    }
    return elements
}

/// A counted array of plain values.
///
/// - Throws: `invalidArgument` where the count is negative, or positive and the array NULL.
package func foreignArray<Element>(
    _ start: UnsafePointer<Element>?, _ count: Int64, in place: String
) throws(SutureError) -> UnsafeBufferPointer<Element> {
    guard count >= 0, count == 0 || start != nil else {
        throw SutureError(
            .invalidArgument, "\(place): the array \(start == nil ? "is NULL" : "is there") and its count is \(count)",
            hint: "set both")
    }
    return UnsafeBufferPointer(start: start, count: Int(count))
}

/// A text of the other side.
///
/// - Throws: `invalidArgument` where it is NULL and must not be.
package func foreignText(
    _ text: UnsafePointer<CChar>?, _ field: @autoclosure () -> String
) throws(SutureError) -> String {
    guard let text else { throw SutureError(.invalidArgument, "\(field()) is NULL", hint: "set it") }
    return String(cString: text)
}

/// A name that the other side gave: of a score, a phase, a stage. Names are keys of files and heads of tables.
///
/// - Throws: `invalidArgument` where it is NULL or too long to be a name.
package func foreignName(
    _ name: UnsafePointer<CChar>?, _ field: @autoclosure () -> String
) throws(SutureError) -> String {
    let longest = 1000
    guard let name else { return try foreignText(name, field()) }
    for length in 0...longest where name[length] == 0 { return String(cString: name) }
    throw SutureError(
        .invalidArgument, "\(field()) has more than \(longest) bytes", hint: "give it a name, and log what is longer")
}

/// The texts of a counted array.
package func foreignTexts(
    _ start: UnsafePointer<UnsafePointer<CChar>?>?, _ count: Int64, in place: String
) throws(SutureError) -> [String] {
    try foreignArray(start, count, in: place).map { text throws(SutureError) in
        try foreignText(text, "an element of \(place)")
    }
}

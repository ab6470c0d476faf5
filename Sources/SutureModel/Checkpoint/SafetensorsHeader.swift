// SPDX-License-Identifier: Apache-2.0

/// The JSON header of a safetensors file, read strictly.
///
/// One object whose members are either `__metadata__` (an object of strings) or a tensor (`dtype`, `shape`,
/// `data_offsets`, each once, in any order). A name that appears twice is refused, and so is a size written as `1.0`.
struct SafetensorsHeader {
    /// A tensor as the header states it, before anything is checked against the file.
    struct Tensor {
        let name: String
        let dtype: String
        let shape: [Int]
        let offsets: (begin: Int, end: Int)
    }

    private(set) var metadata: [String: String] = [:]
    /// In header order.
    private(set) var tensors: [Tensor] = []

    private let path: String

    /// Reads the header `bytes`, which must stay valid during the call. `path` names the file in errors.
    init(reading bytes: UnsafeRawBufferPointer, path: String) throws(ModelError) {
        self.path = path
        guard bytes.first == UInt8(ascii: "{") else { throw syntax("does not begin with '{'") }
        for member in try members(bytes) {
            guard case .object(let fields) = member.value else {
                throw syntax("has \(member.value.phrase) for '\(member.key)' instead of an object")
            }
            if member.key == "__metadata__" {
                try readMetadata(fields)
            } else {
                try readTensor(member.key, fields)
            }
        }
    }

    /// The members of the whole header, whose names are distinct.
    private func members(_ bytes: UnsafeRawBufferPointer) throws(ModelError) -> [JSONValue.Member] {
        let value: JSONValue
        do throws(JSONFault) {
            value = try JSONReader.read(bytes)
        } catch {
            throw syntax(error.what.map { "is not JSON at byte \(error.offset): \($0)" } ?? "is cut off")
        }
        guard case .object(let members) = value else { throw syntax("is not an object") }
        var names: Set<String> = []
        for member in members where !names.insert(member.key).inserted {
            throw ModelError(
                .duplicateName, "the header of '\(path)' has the name '\(member.key)' twice",
                hint: "write the file again with distinct names, or fetch it again")
        }
        return members
    }

    private mutating func readMetadata(_ fields: [JSONValue.Member]) throws(ModelError) {
        for field in fields {
            guard let value = field.value.text else {
                throw syntax("has '__metadata__' with a value of '\(field.key)' that is not a string")
            }
            guard metadata.updateValue(value, forKey: field.key) == nil else {
                throw syntax("has '__metadata__' with the key '\(field.key)' twice")
            }
        }
    }

    private mutating func readTensor(_ name: String, _ fields: [JSONValue.Member]) throws(ModelError) {
        var dtype: String?
        var shape: [Int]?
        var offsets: [Int]?
        for field in fields {
            let isFirst: Bool
            switch field.key {
            case "dtype":
                isFirst = dtype == nil
                guard let text = field.value.text else {
                    throw syntax("has \(field.value.phrase) for the dtype of '\(name)' instead of a string")
                }
                dtype = text
            case "shape":
                isFirst = shape == nil
                shape = try integers(field.value, of: "the shape of '\(name)'")
            case "data_offsets":
                isFirst = offsets == nil
                offsets = try integers(field.value, of: "the data_offsets of '\(name)'")
            default:
                throw syntax("gives the tensor '\(name)' the unknown field '\(field.key)'")
            }
            guard isFirst else { throw syntax("gives the tensor '\(name)' the field '\(field.key)' twice") }
        }
        guard let dtype, let shape, let offsets else {
            let missing = dtype == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
            throw syntax("gives the tensor '\(name)' no '\(missing)'")
        }
        guard offsets.count == 2 else {
            throw syntax("gives the tensor '\(name)' \(offsets.count) data_offsets instead of two")
        }
        tensors.append(Tensor(name: name, dtype: dtype, shape: shape, offsets: (offsets[0], offsets[1])))
    }

    /// A list of whole numbers of 0 or more, without sign, fraction or exponent.
    private func integers(_ value: JSONValue, of what: String) throws(ModelError) -> [Int] {
        guard case .list(let items) = value else { throw syntax("has \(value.phrase) for \(what) instead of a list") }
        return try items.map { (item) throws(ModelError) in
            guard case .number(let digits) = item else {
                throw syntax("has \(item.phrase) in \(what) instead of a whole number")
            }
            guard !digits.hasPrefix("-") else { throw syntax("has a negative number in \(what)") }
            guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
                throw syntax("has \(digits) in \(what) instead of a whole number")
            }
            guard let number = Int(digits) else { throw syntax("has a number above \(Int.max) in \(what)") }
            return number
        }
    }

    private func syntax(_ what: String) -> ModelError {
        ModelError(
            .headerSyntax, "the header of '\(path)' \(what)",
            hint: "check that it is a safetensors file; if it is, it is damaged, so fetch it again")
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A vocabulary as scikit-learn has it and Python writes it: a JSON object that gives each term its place in the vector of
/// weights, such as `{"the": 0, "of": 1}`.
///
/// It may have millions of terms, so it is read one by one, by what little of JSON it needs; Foundation's reader would take
/// memory by the gigabyte, and keep one of two equal terms without a word.
struct TermPlaces {
    private let bytes: [UInt8]
    private var place = 0
    private let path: String

    /// - Throws: `notFound` for a file that cannot be read.
    init(_ file: FilePath) throws(SutureError) {
        try file.checkSize()
        guard let data = try? Data(contentsOf: URL(filePath: file.path)) else {
            throw SutureError(.notFound, "the vocabulary \(file.path) cannot be read", hint: "check the path")
        }
        bytes = [UInt8](data)
        path = file.path
    }

    /// The weight of each term.
    ///
    /// - Parameter weights: by place.
    /// - Throws: `invalidArgument` for what is no such object, or gives a term or a place twice; `outOfRange` for a place
    ///   without a weight, and for a weight without a term.
    mutating func weights(_ weights: [Double]) throws(SutureError) -> [ExactText: Double] {
        var terms: [ExactText: Double] = Dictionary(minimumCapacity: weights.count)
        var isTaken = Array(repeating: false, count: weights.count)
        try expect("{")
        while next != UInt8(ascii: "}") || !terms.isEmpty {
            let term = try text()
            try expect(":")
            let index = try number()
            guard weights.indices.contains(index) else {
                throw SutureError(
                    .outOfRange,
                    "the vocabulary \(path) has the term \"\(term)\" at \(index), and there are \(weights.count) weights",
                    hint: Self.hint)
            }
            guard !isTaken[index] else {
                throw error("has a second term, \"\(term)\", at \(index)", Self.hint)
            }
            isTaken[index] = true
            guard terms.updateValue(weights[index], forKey: ExactText(term)) == nil else {
                throw error("has the term \"\(term)\" twice", Self.hint)
            }
            guard next == UInt8(ascii: ",") else { break }
            try expect(",")
        }
        try expect("}")
        guard next == nil else { throw malformed() }
        guard terms.count == weights.count else {
            throw SutureError(
                .outOfRange, "the vocabulary \(path) has \(terms.count) terms, and there are \(weights.count) weights",
                hint: Self.hint)
        }
        return terms
    }

    private static let hint = "give the vocabulary and the weights of one vectorizer"

    // MARK: JSON

    /// The next byte that is no white space; nil at the end.
    private var next: UInt8? {
        mutating get {
            while place < bytes.count, bytes[place] <= 0x20, " \t\r\n".utf8.contains(bytes[place]) { place += 1 }
            return place < bytes.count ? bytes[place] : nil
        }
    }

    private mutating func expect(_ scalar: Unicode.Scalar) throws(SutureError) {
        guard next == UInt8(ascii: scalar) else { throw malformed() }
        place += 1
    }

    private mutating func number() throws(SutureError) -> Int {
        _ = next
        let digits = bytes[place...].prefix {
            $0 == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else { throw malformed() }
        place = digits.endIndex
        return number
    }

    private mutating func text() throws(SutureError) -> String {
        try expect("\"")
        var result: [UInt8] = []
        while true {
            let run = bytes[place...].prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            result += run
            place = run.endIndex
            guard place < bytes.count, bytes[place] == UInt8(ascii: "\\") else { break }
            result += try escaped().utf8
        }
        try expect("\"")
        guard let text = String(validating: result, as: UTF8.self) else { throw malformed() }
        return text
    }

    /// What a backslash and the characters after it stand for. Python writes every character outside of ASCII in this way.
    private mutating func escaped() throws(SutureError) -> String {
        let rest = bytes[place...].dropFirst()
        guard rest.first == UInt8(ascii: "u") else {
            let escapes: [UInt8: String] = [
                UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{8}",
                UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
            ]
            guard let escape = rest.first.flatMap({ escapes[$0] }) else { throw malformed() }
            place += 2
            return escape
        }
        // Beyond the first plane, two units in one sequence.
        var units: [UInt16] = []
        while place + 6 <= bytes.count, bytes[place...].starts(with: "\\u".utf8),
            let unit = UInt16(String(decoding: bytes[place + 2..<place + 6], as: UTF8.self), radix: 16)
        {
            place += 6
            units.append(unit)
        }
        guard let text = String(validating: units, as: UTF16.self), !text.isEmpty else { throw malformed() }
        return text
    }

    // MARK: Errors

    private func error(_ what: String, _ hint: String) -> SutureError {
        SutureError(.invalidArgument, "the vocabulary \(path) \(what)", hint: hint)
    }

    private func malformed() -> SutureError {
        error("is not a JSON object of terms and their places, as byte \(place) shows", "write {\"term\": 0, …}")
    }
}

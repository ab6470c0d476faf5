// SPDX-License-Identifier: Apache-2.0

/// Texts as Python sees them: sequences of code points.
enum PythonText {
    typealias Scalars = [Unicode.Scalar]

    /// `str.isspace` of one code point.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }

    static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// `str.strip`, `lstrip` and `rstrip`: of blanks, or of the code points given.
    static func strip(_ text: String, of given: String? = nil, left: Bool = true, right: Bool = true) -> String {
        let set = given.map { Set($0.unicodeScalars) }
        let goes: (Unicode.Scalar) -> Bool = { set?.contains($0) ?? isSpace($0) }
        var rest = Scalars(text.unicodeScalars)[...]
        if left { rest = rest.drop(while: goes) }
        if right { while let last = rest.last, goes(last) { rest.removeLast() } }
        return string(rest)
    }

    /// Where a text has a part, without overlaps; an empty part is between any two code points.
    static func places(of part: String, in text: String, limit: Int = .max) -> [Int] {
        let (whole, part) = (Scalars(text.unicodeScalars), Scalars(part.unicodeScalars))
        if part.isEmpty { return Array((0...whole.count).prefix(limit)) }
        var found: [Int] = []
        var place = 0
        while place + part.count <= whole.count, found.count < limit {
            if whole[place] == part[0], whole[place..<place + part.count].elementsEqual(part) {
                found.append(place)
                place += part.count
            } else {
                place += 1
            }
        }
        return found
    }

    /// `str.replace`.
    static func replace(_ text: String, _ old: String, _ new: String, limit: Int = .max) -> String {
        let whole = Scalars(text.unicodeScalars)
        var result = Scalars()
        var end = 0
        for place in places(of: old, in: text, limit: limit) {
            result += whole[end..<place]
            result += new.unicodeScalars
            end = place + old.unicodeScalars.count
        }
        return string(result + whole[end...])
    }

    /// `str.split(separator, limit)`; without a separator, at runs of blanks.
    static func split(_ text: String, _ separator: String?, limit: Int = .max) -> [String] {
        let whole = Scalars(text.unicodeScalars)
        guard let separator else { return splitAtBlanks(whole, limit) }
        var parts: [String] = []
        var end = 0
        for place in places(of: separator, in: text, limit: limit) {
            parts.append(string(whole[end..<place]))
            end = place + separator.unicodeScalars.count
        }
        return parts + [string(whole[end...])]
    }

    private static func splitAtBlanks(_ whole: Scalars, _ limit: Int) -> [String] {
        var parts: [String] = []
        var rest = whole.drop(while: isSpace)
        while !rest.isEmpty {
            guard parts.count < limit else {
                parts.append(strip(string(rest), left: false))
                break
            }
            let word = rest.prefix { !isSpace($0) }
            parts.append(string(word))
            rest = rest.dropFirst(word.count).drop(while: isSpace)
        }
        return parts
    }

    /// `str.splitlines()`.
    static func lines(_ text: String) -> [String] {
        let ends: Set<UInt32> = [0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029]
        var lines: [Scalars] = []
        var line = Scalars()
        var isOpen = false
        let scalars = Scalars(text.unicodeScalars)
        for (place, scalar) in scalars.enumerated() {
            if scalar == "\n", place > 0, scalars[place - 1] == "\r" { continue }
            guard ends.contains(scalar.value) else {
                line.append(scalar)
                isOpen = true
                continue
            }
            lines.append(line)
            (line, isOpen) = ([], false)
        }
        if isOpen { lines.append(line) }
        return lines.map { string($0) }
    }

    /// `str.title()`: each run of letters begins with a capital.
    static func title(_ text: String) -> String {
        var result = ""
        var follows = false
        for scalar in text.unicodeScalars {
            let isCased = scalar.properties.isCased
            let mapped = follows ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            result += isCased ? mapped : String(scalar)
            follows = isCased
        }
        return result
    }

    /// Jinja's `title`: each word begins with a capital. Unlike Python's, it takes "don't" for one word.
    static func words(_ text: String) -> String {
        var result = ""
        var follows = false
        for scalar in text.unicodeScalars {
            let isBetween = isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar)
            result += follows ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
            follows = !isBetween
        }
        return result
    }

    /// `str.capitalize()`.
    static func capitalize(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return first.properties.titlecaseMapping + string(text.unicodeScalars.dropFirst()).lowercased()
    }
}

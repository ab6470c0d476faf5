// SPDX-License-Identifier: Apache-2.0

/// The `pattern` of a split or replacement: a literal, or a regular expression in its fastest exact implementation.
enum TokenizerPattern: Sendable {
    case literal([UInt32])
    case known(KnownScanner)
    case regex(ScalarRegex)

    /// Reads `{"String": ..}` or `{"Regex": ..}`.
    init(_ node: TokenizerNode) throws(ModelError) {
        let pattern = try node.node("pattern")
        try pattern.allowOnly(["String", "Regex"])
        if let literal = try pattern.optionalString("String") {
            guard !literal.isEmpty else { throw node.unsupportedOption("has an empty pattern") }
            self = .literal(literal.unicodeScalars.map(\.value))
        } else {
            try self.init(regex: try pattern.string("Regex"), place: "\(node.file): \(node.path)")
        }
    }

    init(regex: String, place: String) throws(ModelError) {
        if let scanner = KnownScanner(pattern: regex) {
            self = .known(scanner)
        } else {
            self = .regex(try ScalarRegex(regex, place: place))
        }
    }

    /// The leftmost matches in `range`, none of which overlap or are empty.
    func matches(in scalars: [UInt32], _ range: Range<Int>) throws(ModelError) -> [Range<Int>] {
        var matches: [Range<Int>] = []
        switch self {
        case .literal(let literal):
            var start = range.lowerBound
            while start + literal.count <= range.upperBound {
                if scalars[start] == literal[0], scalars[start..<start + literal.count].elementsEqual(literal) {
                    matches.append(start..<start + literal.count)
                    start += literal.count
                } else {
                    start += 1
                }
            }
        case .known(let scanner):
            scanner.appendMatches(in: scalars, range, to: &matches)
        case .regex(let regex):
            try regex.appendMatches(in: scalars, range, to: &matches)
        }
        return matches
    }
}

// SPDX-License-Identifier: Apache-2.0

extension DisplayText {
    /// The longest sentence, in Unicode scalars: some lines of a terminal.
    package static let longestSentence = 1500

    /// A text as one clean line: without blanks at its ends, with signs for control characters and line feeds, and with an
    /// ellipsis in its middle where it is too long. Sentences quote names and values of other people's files, which may be
    /// anything.
    ///
    /// - Parameter longest: in Unicode scalars, at least 3.
    package static func sentence(_ text: String, longest: Int = longestSentence) -> String {
        let scalars = text.unicodeScalars
        let isBlank = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        guard let first = scalars.firstIndex(where: { !isBlank($0) }),
            let last = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        // Shortened before, so that a long text is not copied as signs, and after, because signs may be longer.
        let short = shortened(scalars[first...last], to: longest)
        return String(shortened(visible(String(short)).unicodeScalars[...], to: longest))
    }

    /// A text without its middle: two thirds of what is left are its beginning.
    private static func shortened(
        _ scalars: Substring.UnicodeScalarView, to longest: Int
    ) -> Substring.UnicodeScalarView {
        guard scalars.count > longest else { return scalars }
        let tail = (longest - 1) / 3
        var short = scalars.prefix(longest - 1 - tail)
        short.append("…")
        short.append(contentsOf: scalars.suffix(tail))
        return short
    }
}

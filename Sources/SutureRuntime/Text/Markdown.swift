// SPDX-License-Identifier: Apache-2.0

/// Text inside Markdown.
enum Markdown {
    /// A text that means itself in a line and in the cell of a table. Works scalar by scalar, as ``HTML`` does.
    static func escaped(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in DisplayText.visible(text).unicodeScalars {
            switch scalar {
            case "&": out.add("&amp;")
            case "<": out.add("&lt;")
            case ">": out.add("&gt;")
            case "\\", "|", "`", "[", "]", "*", "~", "$":
                out.append("\\")
                out.append(scalar)
            // Within a word it is no markup, and names of figures have many.
            case "_" where isOutsideWord(out): out.add("\\_")
            default: out.append(scalar)
            }
        }
        return String(out)
    }

    private static func isOutsideWord(_ text: String.UnicodeScalarView) -> Bool {
        guard let last = text.last else { return true }
        return !last.properties.isAlphabetic && !("0"..."9").contains(last)
    }
}

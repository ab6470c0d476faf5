// SPDX-License-Identifier: Apache-2.0

import Mustache

/// Text inside HTML and SVG.
enum HTML: MustacheContentType {
    /// The content type of templates.
    case page

    /// What templates name in `{{% CONTENT_TYPE: … }}`.
    static let contentType = "SUTURE_PAGE"

    func escapeText(_ text: String) -> String { HTML.escaped(text) }

    /// A text that means itself between tags and in quoted attributes.
    ///
    /// Works scalar by scalar, as browsers read: a `<` that carries a combining mark is one Character with it, and
    /// still opens a tag. Control characters and changes of direction are shown as signs.
    static func escaped(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in DisplayText.visible(text, keepsLines: true).unicodeScalars {
            switch scalar {
            case "&": out.add("&amp;")
            case "<": out.add("&lt;")
            case ">": out.add("&gt;")
            case "\"": out.add("&quot;")
            case "'": out.add("&#39;")
            default: out.append(scalar)
            }
        }
        return String(out)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Texts with slots: `{}` is a slot, `{{` and `}}` are the braces themselves, and any other brace stands for itself.
///
///     Template.fill("The capital of {} is", with: "France")          // The capital of France is
///     Template.fill("print('{{}}') prints {}", with: "two braces")   // print('{}') prints two braces
public enum Template {
    /// Puts `text` into the first slot. A template without a slot is its literal text.
    public static func fill(_ template: String, with text: String) -> String {
        guard let slot = parts(of: template) else { return literal(template) }
        return slot.prefix + text + slot.suffix
    }

    /// The literal text before and after the first slot; nil where there is none.
    public static func parts(of template: String) -> (prefix: String, suffix: String)? {
        let pieces = pieces(of: template)
        guard pieces.count > 1 else { return nil }
        return (pieces[0], pieces[1...].joined(separator: "{}"))
    }

    /// How many slots a template has.
    public static func slotCount(of template: String) -> Int { pieces(of: template).count - 1 }

    /// What a template says apart from its slots, each of which stays `{}`.
    package static func literal(_ template: String) -> String { pieces(of: template).joined(separator: "{}") }

    /// A template with one slot between two literal texts. Braces are doubled only where they would be read otherwise.
    package static func make(_ prefix: String, _ suffix: String) -> String {
        let plain = prefix + "{}" + suffix
        if let read = parts(of: plain), read.prefix.unicodeScalars.elementsEqual(prefix.unicodeScalars),
            read.suffix.unicodeScalars.elementsEqual(suffix.unicodeScalars), slotCount(of: plain) == 1
        {
            return plain
        }
        return escaped(prefix) + "{}" + escaped(suffix)
    }

    private static func escaped(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            scalars.append(scalar)
            if scalar == "{" || scalar == "}" { scalars.append(scalar) }
        }
        return String(scalars)
    }

    /// The literal texts between the slots: one more than there are slots.
    private static func pieces(of template: String) -> [String] {
        guard template.utf8.contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) else {
            return [template]
        }
        let scalars = Array(template.unicodeScalars)
        var pieces = [String.UnicodeScalarView()]
        var place = 0
        while place < scalars.count {
            let scalar = scalars[place]
            let next = place + 1 < scalars.count ? scalars[place + 1] : nil
            place += 1
            switch (scalar, next) {
            case ("{", "}"):
                pieces.append(String.UnicodeScalarView())
                place += 1
            case ("{", "{"), ("}", "}"):
                pieces[pieces.count - 1].append(scalar)
                place += 1
            default: pieces[pieces.count - 1].append(scalar)
            }
        }
        return pieces.map { String($0) }
    }
}

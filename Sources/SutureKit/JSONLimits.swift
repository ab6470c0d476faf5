// SPDX-License-Identifier: Apache-2.0

/// What Foundation's reader of JSON is given. It ends the process on some texts that nest 513 levels deep, and on some numbers
/// of more than three hundred digits, so whoever hands it the text of others asks here first.
package enum JSONLimits {
    /// Levels of lists and objects. No file of Suture comes near it.
    package static let deepest = 128
    /// Bytes of a number. The longest that is written for a Double has 24.
    package static let longestNumber = 100

    /// Whether lists and objects nest at most ``deepest`` levels and numbers have at most ``longestNumber`` bytes. A text with a
    /// NUL is not UTF-8 JSON, and is taken as one that is not.
    package static func holds(for json: some Sequence<UInt8>) -> Bool {
        var depth = 0
        var digits = 0
        var isText = false
        var isEscaped = false
        for byte in json {
            if byte == 0 { return false }
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                if depth > deepest { return false }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"),
                UInt8(ascii: "-"), UInt8(ascii: "+"):
                digits += 1
                if digits > longestNumber { return false }
                continue
            default: break
            }
            digits = 0
        }
        return true
    }
}

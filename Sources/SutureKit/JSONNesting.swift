// SPDX-License-Identifier: Apache-2.0

/// How deep JSON nests. Foundation's reader ends the process on some texts that nest 513 levels deep, so whoever hands it the
/// text of others asks here first.
package enum JSONNesting {
    /// No file of Suture comes near it.
    package static let deepest = 128

    /// Whether lists and objects nest at most ``deepest`` levels. A text with a NUL is not UTF-8 JSON, and is taken as deeper.
    package static func isShallow(_ json: some Sequence<UInt8>) -> Bool {
        var depth = 0
        var isText = false
        var isEscaped = false
        for byte in json {
            switch byte {
            case 0: return false
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\") where isText: isEscaped = true
            case UInt8(ascii: "\""): isText.toggle()
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if !isText { depth += 1 }
                if depth > deepest { return false }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): if !isText { depth -= 1 }
            default: break
            }
        }
        return true
    }
}

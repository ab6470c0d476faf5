// SPDX-License-Identifier: Apache-2.0

/// Looks texts up in texts, byte for byte, as a tokenizer sees them. The time is that of the two lengths together: what the
/// standard library's `contains` needs is their product, which a text of one letter repeated makes hours.
///
/// Source: Knuth, Morris and Pratt 1977.
enum TextSearch {
    /// The byte offsets at which a text that is not empty occurs in another, without overlaps.
    static func places(of needle: String, in text: String) -> [Int] {
        let needle = Array(needle.utf8)
        guard !needle.isEmpty else { return [] }
        let borders = borders(of: needle)
        var places: [Int] = []
        var matched = 0
        for (offset, byte) in text.utf8.enumerated() {
            while matched > 0, needle[matched] != byte { matched = borders[matched - 1] }
            if needle[matched] == byte { matched += 1 }
            if matched == needle.count {
                places.append(offset + 1 - needle.count)
                matched = 0
            }
        }
        return places
    }

    static func contains(_ needle: String, in text: String) -> Bool {
        needle.isEmpty || !places(of: needle, in: text).isEmpty
    }

    /// For each beginning of a text, the length of the longest shorter beginning that it ends with.
    private static func borders(of text: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: text.count)
        var length = 0
        for place in text.indices.dropFirst() {
            while length > 0, text[length] != text[place] { length = borders[length - 1] }
            if text[length] == text[place] { length += 1 }
            borders[place] = length
        }
        return borders
    }
}

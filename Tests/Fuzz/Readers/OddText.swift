// SPDX-License-Identifier: Apache-2.0

/// Numbers, words and bytes at which readers break.
enum OddText {
    static let jsonNumbers = [
        "0", "-0", "1", "-1", "2", "3", "7", "127", "128", "255", "256", "65535", "65536", "1000000", "2147483647",
        "2147483648", "4294967295", "4294967296", "9007199254740992", "9007199254740993", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "0.5", "1.0",
        "1e3", "1e308", "1e309", "-1e999", "1e-999", "5e-324", "1.7976931348623157e308", "0.1", "1e18", "1e19",
        String(repeating: "9", count: 400), "0." + String(repeating: "3", count: 400),
    ]

    static let numbers =
        jsonNumbers + [
            "NaN", "Infinity", "-Infinity", "inf", "nan", "00", "007", "+1", ".5", "5.", "0x10", "1_000", "",
        ]

    /// Texts that mean something to most readers, or to the terminal.
    private static let anywhere = [
        "\"", "'", "\\", "{}", "{{", "}}", "\n", "\r\n", "\t", "\u{0}", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{A0}",
        "\u{200B}", "\u{200D}", "\u{202E}", "\u{2028}", "\u{2066}", "\u{301}", "\u{FEFF}", "\u{FFFD}", "\u{FFFF}",
        "\u{1F1E9}", "\u{1F469}\u{200D}\u{1F467}", "\u{1F3FD}", "\u{AC00}\u{11A8}", "\u{10FFFF}", "é", "e\u{301}",
        "ß", "İ", "\u{2126}", "null", "true", "false", "../", "/", "~", "%s", "$(x)", "${a}", " ", "  ",
    ]

    /// What is not UTF-8: a lone continuation, an overlong slash, half a surrogate pair, a byte that never occurs, a text cut
    /// off.
    static let bytes: [[UInt8]] = [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xFF], [0xF0, 0x9F, 0x98], [0]]

    private static let json = [
        "{", "}", "[", "]", ",", ":", "[[]]", "{\"a\":1}", "\\u0000", "\\ud83d\\ude00", "\\ud800", "1e999", "-", "[1,",
    ]

    private static let text = [
        ": ", "- ", "# ", "&a ", "*a", "<<: *a", "!!str ", "!!int ", "| ", ">-", "---\n", "...\n", "? ", "[a, b]",
        "{a: 1}", "@", "`", "%YAML 1.2\n", "key: value\n", "=", ",", "+", "++",
    ]

    static func of(_ form: FuzzReader.Form) -> [String] {
        switch form {
        case .json, .lines, .safetensors: anywhere + json
        case .text, .binary: anywhere + text
        }
    }
}

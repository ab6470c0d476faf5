// SPDX-License-Identifier: Apache-2.0

/// The `decoder` of a tokenizer file, as a list of steps from tokens to text.
struct TokenDecoder: Sendable {
    private enum Step: Sendable {
        case byteLevel
        case byteFallback
        case fuse
        case metaspace(UInt32, dropsFirst: Bool)
        case replace(TokenizerPattern, [UInt32])
        case strip(UInt32, start: Int, stop: Int)
    }

    static let supportedTypes = ["ByteLevel", "Metaspace", "ByteFallback", "Fuse", "Replace", "Strip", "Sequence"]

    private var steps: [Step] = []
    /// Without a decoder the package puts a space between tokens.
    private let separator: String

    /// Reads a decoder; nil is none.
    init(_ node: TokenizerNode?) throws(ModelError) {
        separator = node == nil ? " " : ""
        if let node { try append(node) }
    }

    func decode(_ tokens: [String]) throws(ModelError) -> String {
        var tokens = tokens
        for step in steps {
            switch step {
            case .byteLevel:
                var bytes: [UInt8] = []
                for token in tokens { bytes.append(contentsOf: ByteAlphabet.bytes(of: token) ?? Array(token.utf8)) }
                tokens = [String(decoding: bytes, as: UTF8.self)]
            case .byteFallback:
                tokens = Self.joinBytes(tokens)
            case .fuse:
                tokens = [tokens.joined()]
            case .metaspace(let replacement, let dropsFirst):
                for index in tokens.indices {
                    tokens[index] = Self.string(
                        Self.scalars(tokens[index]).compactMap { scalar in
                            scalar != replacement ? scalar : index == 0 && dropsFirst ? nil : 0x20
                        })
                }
            case .replace(let pattern, let content):
                for index in tokens.indices {
                    let text = AlignedText(tokens[index])
                    let matches = try pattern.matches(in: text.scalars, 0..<text.count)
                    tokens[index] = Self.string(text.replacing(matches, with: content).scalars)
                }
            case .strip(let content, let start, let stop):
                for index in tokens.indices {
                    tokens[index] = Self.strip(tokens[index], content, start: start, stop: stop)
                }
            }
        }
        return tokens.joined(separator: separator)
    }

    private mutating func append(_ node: TokenizerNode) throws(ModelError) {
        let type = try node.string("type")
        switch type {
        case "Sequence":
            try node.allowOnly(["type", "decoders"])
            for step in try node.nodes("decoders") { try append(step) }
        case "ByteLevel":
            try node.allowOnly(["type", "add_prefix_space", "trim_offsets", "use_regex"])
            steps.append(.byteLevel)
        case "ByteFallback":
            try node.allowOnly(["type"])
            steps.append(.byteFallback)
        case "Fuse":
            try node.allowOnly(["type"])
            steps.append(.fuse)
        case "Metaspace":
            try node.allowOnly(["type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"])
            let scheme = try PreTokenizer.prependScheme(node)
            steps.append(.metaspace(try node.scalar("replacement"), dropsFirst: scheme != .never))
        case "Replace":
            try node.allowOnly(["type", "pattern", "content"])
            let content = try node.string("content").unicodeScalars.map(\.value)
            steps.append(.replace(try TokenizerPattern(node), content))
        case "Strip":
            try node.allowOnly(["type", "content", "start", "stop"])
            steps.append(
                .strip(try node.scalar("content"), start: try node.integer("start"), stop: try node.integer("stop")))
        default:
            throw node.unsupportedType(type, supported: Self.supportedTypes)
        }
    }

    /// Turns runs of tokens such as `<0xE2>` into text; a run that is not UTF-8 becomes one U+FFFD for each byte.
    private static func joinBytes(_ tokens: [String]) -> [String] {
        var result: [String] = []
        var bytes: [UInt8] = []
        func flush() {
            if bytes.isEmpty { return }
            if let text = String(exactly: bytes) {
                result.append(text)
            } else {
                result.append(contentsOf: repeatElement("\u{FFFD}", count: bytes.count))
            }
            bytes.removeAll()
        }
        for token in tokens {
            if let byte = fallbackByte(token) {
                bytes.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    private static func fallbackByte(_ token: String) -> UInt8? {
        guard token.utf8.count == 6 else { return nil }
        let units = Array(token.utf8)
        guard units.starts(with: "<0x".utf8), units[5] == UInt8(ascii: ">") else { return nil }
        let digits = units[3..<5].compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return digits.count == 2 ? UInt8(digits[0] * 16 + digits[1]) : nil
    }

    /// Removes at most `start` times `content` at the start, and at most `stop` times at the end.
    private static func strip(_ token: String, _ content: UInt32, start: Int, stop: Int) -> String {
        let scalars = scalars(token)
        let leading = scalars.prefix(start).prefix { $0 == content }.count
        let trailing = scalars.suffix(stop).reversed().prefix { $0 == content }.count
        return string(scalars[leading..<max(leading, scalars.count - trailing)])
    }

    private static func scalars(_ token: String) -> [UInt32] {
        token.unicodeScalars.map { $0.value }
    }

    private static func string(_ scalars: some Sequence<UInt32>) -> String {
        String(String.UnicodeScalarView(scalars.compactMap(Unicode.Scalar.init)))
    }
}

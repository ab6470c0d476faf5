// SPDX-License-Identifier: Apache-2.0

/// A grammar of sentences that state none of the facts: frames with slots, and a list of fillings for each slot.
struct NeutralGrammar: Sendable {
    private enum Piece: Sendable {
        case text(String)
        case slot(String)
    }

    private let frames: [[Piece]]
    private let fillings: [String: [String]]

    /// Reads `templates/neutral.grammar`: `sentence: frame` lines and `slot: filling|filling|…` lines.
    ///
    /// Errors: `grammar` for a line without a key and for a slot without a list.
    init(_ text: String) throws(MakerError) {
        var frames: [[Piece]] = []
        var fillings: [String: [String]] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let colon = line.firstRange(of: ": ") else {
                throw MakerError(.grammar, "neutral.grammar: `\(line)` has no key", hint: "Begin it with `sentence: `.")
            }
            let value = line[colon.upperBound...]
            if line[..<colon.lowerBound] == "sentence" {
                frames.append(Self.pieces(value))
            } else {
                fillings[String(line[..<colon.lowerBound])] = value.split(separator: "|").map(String.init)
            }
        }
        for case .slot(let slot) in frames.joined() where fillings[slot] == nil {
            throw MakerError(
                .grammar, "neutral.grammar: no list for `[\(slot)]`", hint: "Add a line `\(slot): …|…`.")
        }
        guard !frames.isEmpty else {
            throw MakerError(.grammar, "neutral.grammar has no frame", hint: "Add a line `sentence: …`.")
        }
        self.frames = frames
        self.fillings = fillings
    }

    /// One random sentence.
    func sentence(using generator: inout SeededGenerator) -> String {
        var words = ""
        for piece in generator.pick(frames) {
            switch piece {
            case .text(let text): words += text
            case .slot(let slot): words += generator.pick(fillings[slot] ?? [""])
            }
        }
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    /// One random sentence that is not among `held`.
    func sentence(using generator: inout SeededGenerator, outside held: Set<String>) -> String {
        while true {
            let sentence = sentence(using: &generator)
            if !held.contains(sentence) { return sentence }
        }
    }

    private static func pieces(_ frame: Substring) -> [Piece] {
        var pieces: [Piece] = []
        var rest = frame
        while let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") {
            pieces.append(.text(String(rest[..<open])))
            pieces.append(.slot(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        return pieces + [.text(String(rest))]
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A regular expression over Unicode scalars with the meaning it has in the `tokenizers` package.
///
/// Foundation's and Swift's engines differ from the package's in Unicode version, in case folding and in what they
/// count as one character. This one supports the constructs tokenizer files use, whose meaning is the same everywhere:
/// literals, `.`, classes with ranges, `\s \S \d \D \p{..} \P{..}` for general categories, groups, `(?i:..)` over ASCII
/// letters, `(?=..)`, `(?!..)`, `(?>..)`, `\A`, `\z`, alternatives, and greedy, lazy and possessive repetition. Everything else,
/// and every pattern that can match the empty text, is refused by name.
///
/// Matching backtracks, first alternative first; a text that needs more steps than ``stepLimit(_:)`` is an error. So a
/// tokenizer from somewhere else cannot hold a run up, neither by one match nor by many.
struct ScalarRegex: Sendable {
    /// The parsed pattern.
    indirect enum Node: Sendable {
        case empty
        case set(ScalarSet)
        case sequence([Node])
        case alternatives([Node])
        case repeated(Node, minimum: Int, maximum: Int?, Greed)
        case atomic(Node)
        case look(Node, isNegated: Bool)
        /// The beginning or the end of the text.
        case edge(isEnd: Bool)

        /// Whether it can match without consuming anything.
        var isNullable: Bool {
            switch self {
            case .empty, .look, .edge: true
            case .set: false
            case .sequence(let nodes): nodes.allSatisfy(\.isNullable)
            case .alternatives(let nodes): nodes.contains(where: \.isNullable)
            case .repeated(let node, let minimum, _, _): minimum == 0 || node.isNullable
            case .atomic(let node): node.isNullable
            }
        }
    }

    enum Greed: Sendable { case greedy, lazy, possessive }

    private enum Instruction: Sendable {
        case set(Int)
        /// A run of a set, as long as possible; gives back one scalar at a time unless possessive.
        case run(set: Int, minimum: Int, maximum: Int, isPossessive: Bool)
        /// Try the first address, on failure the second.
        case split(Int, Int)
        case jump(Int)
        /// Match the instructions that follow up to `end`, without consuming.
        case look(isNegated: Bool, end: Int)
        /// Match the instructions that follow up to `end`, and keep the first way that succeeds.
        case atomic(end: Int)
        case edge(isEnd: Bool)
        case match
    }

    /// A place to go on from after a failure. A run may shrink until it ends at `lowest`.
    private struct Retry {
        var address: Int
        var position: Int
        var lowest: Int
    }

    /// Counted repetitions are written out, so a short pattern can be a long program.
    static let largestProgram = 20_000

    /// Steps on a text of some scalars, all its matches together: far above what a reasonable pattern needs, and still a second
    /// or so.
    static func stepLimit(_ scalars: Int) -> Int { 20_000_000 + 1000 * scalars }

    let pattern: String
    private var instructions: [Instruction] = []
    private var sets: [ScalarSet] = []

    /// Compiles a pattern.
    ///
    /// - Parameter place: the words that name the pattern's place in the file, for messages.
    /// - Throws: ``ModelError`` with `unsupportedPattern`, naming the construct.
    init(_ pattern: String, place: String) throws(ModelError) {
        self.pattern = pattern
        var parser = ScalarRegexParser(pattern: pattern, place: place)
        let node = try parser.parse()
        if node.isNullable { throw parser.unsupported("a pattern that can match the empty text") }
        try emit(node, parser)
        try append(.match, parser)
    }

    /// Appends the leftmost matches in `range`, none of which overlap; the text outside `range` does not exist.
    func appendMatches(
        in scalars: [UInt32], _ range: Range<Int>, to matches: inout [Range<Int>]
    ) throws(ModelError) {
        var start = range.lowerBound
        var steps = Self.stepLimit(range.count)
        while start < range.upperBound {
            if let end = try match(0, scalars, start, range, &steps) {
                matches.append(start..<end)
                start = end
            } else {
                start += 1
            }
        }
    }

    private func match(
        _ address: Int, _ scalars: [UInt32], _ start: Int, _ range: Range<Int>, _ steps: inout Int
    ) throws(ModelError) -> Int? {
        let limit = range.upperBound
        var retries: [Retry] = []
        var next = address
        var position = start
        while true {
            steps -= 1
            if steps < 0 { throw tooSlow(limit) }
            var failed = false
            switch instructions[next] {
            case .match:
                return position
            case .set(let set):
                steps -= sets[set].cost
                if position < limit, sets[set].contains(scalars[position]) {
                    position += 1
                    next += 1
                } else {
                    failed = true
                }
            case .run(let set, let minimum, let maximum, let isPossessive):
                let furthest = maximum < limit - position ? position + maximum : limit
                var end = position
                while end < furthest, sets[set].contains(scalars[end]) { end += 1 }
                steps -= (end - position) * (1 + sets[set].cost)
                if end - position < minimum {
                    failed = true
                } else {
                    let lowest = position + minimum
                    next += 1
                    if end > lowest, !isPossessive {
                        retries.append(Retry(address: next, position: end - 1, lowest: lowest))
                    }
                    position = end
                }
            case .split(let first, let second):
                retries.append(Retry(address: second, position: position, lowest: position))
                next = first
            case .jump(let target):
                next = target
            case .edge(let isEnd):
                if position == (isEnd ? limit : range.lowerBound) { next += 1 } else { failed = true }
            case .look(let isNegated, let end):
                let found = try match(next + 1, scalars, position, range, &steps) != nil
                if found != isNegated { next = end } else { failed = true }
            case .atomic(let end):
                if let found = try match(next + 1, scalars, position, range, &steps) {
                    position = found
                    next = end
                } else {
                    failed = true
                }
            }
            if failed {
                guard let retry = retries.last else { return nil }
                next = retry.address
                position = retry.position
                if retry.position > retry.lowest {
                    retries[retries.count - 1].position -= 1
                } else {
                    retries.removeLast()
                }
            }
        }
    }

    // MARK: Compiling

    /// - Parameter parser: names the pattern where the program becomes too long.
    private mutating func append(_ instruction: Instruction, _ parser: ScalarRegexParser) throws(ModelError) {
        guard instructions.count < Self.largestProgram else {
            throw parser.unsupported("repetitions that are too long when they are written out")
        }
        instructions.append(instruction)
    }

    private mutating func emit(_ node: Node, _ parser: ScalarRegexParser) throws(ModelError) {
        switch node {
        case .empty:
            break
        case .set(let set):
            try append(.set(add(set)), parser)
        case .sequence(let nodes):
            for node in nodes { try emit(node, parser) }
        case .alternatives(let nodes):
            try emitAlternatives(nodes, parser)
        case .repeated(.set(let set), let minimum, let maximum, let greed) where greed != .lazy:
            let isPossessive = greed == .possessive
            try append(
                .run(set: add(set), minimum: minimum, maximum: maximum ?? .max, isPossessive: isPossessive), parser)
        case .repeated(let body, let minimum, let maximum, .possessive):
            try emit(.atomic(.repeated(body, minimum: minimum, maximum: maximum, .greedy)), parser)
        case .repeated(let body, let minimum, let maximum, let greed):
            // The body is never empty (the parser refuses that), so each copy counts against the limit.
            for _ in 0..<minimum { try emit(body, parser) }
            guard let maximum else {
                let start = instructions.count
                try emitOptional(body, greed, backTo: start, parser)
                return
            }
            for _ in minimum..<max(minimum, maximum) { try emitOptional(body, greed, parser) }
        case .atomic(let body):
            try emitEnclosed(body, parser) { .atomic(end: $0) }
        case .look(let body, let isNegated):
            try emitEnclosed(body, parser) { .look(isNegated: isNegated, end: $0) }
        case .edge(let isEnd):
            try append(.edge(isEnd: isEnd), parser)
        }
    }

    private mutating func emitAlternatives(_ nodes: [Node], _ parser: ScalarRegexParser) throws(ModelError) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                try emit(node, parser)
                break
            }
            let split = instructions.count
            try append(.match, parser)
            try emit(node, parser)
            jumps.append(instructions.count)
            try append(.match, parser)
            instructions[split] = .split(split + 1, instructions.count)
        }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }

    private mutating func emitOptional(
        _ body: Node, _ greed: Greed, backTo start: Int? = nil, _ parser: ScalarRegexParser
    ) throws(ModelError) {
        let split = instructions.count
        try append(.match, parser)
        try emit(body, parser)
        if let start { try append(.jump(start), parser) }
        let end = instructions.count
        instructions[split] = greed == .lazy ? .split(end, split + 1) : .split(split + 1, end)
    }

    private mutating func emitEnclosed(
        _ body: Node, _ parser: ScalarRegexParser, _ opening: (Int) -> Instruction
    ) throws(ModelError) {
        let start = instructions.count
        try append(.match, parser)
        try emit(body, parser)
        try append(.match, parser)
        instructions[start] = opening(instructions.count)
    }

    private mutating func add(_ set: ScalarSet) -> Int {
        sets.append(set)
        return sets.count - 1
    }

    private func tooSlow(_ count: Int) -> ModelError {
        ModelError(
            .patternTooSlow,
            "the tokenizer's pattern \"\(pattern)\" needs too many steps on a text of \(count) characters",
            hint: "encode the text in shorter parts")
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A regular expression that cannot run away: all ways to match are followed at once, scalar by scalar (Thompson's construction,
/// with the priorities of Perl as Pike has them). Cost of one search: text × instructions, whatever the pattern.
///
/// Syntax: literals, `.`, classes, `\d \w \s \b \B \A \z \Z ^ $`, `\p{…}` of a general category, groups, alternatives,
/// greedy and lazy repetition, and the flags `i`, `m` and `s`. What needs backtracking (back-references, look-around, atomic and
/// possessive groups) is refused by name. Scalars are compared one by one, as `word-list` compares them.
struct LinearRegex: Sendable {
    enum Instruction: Sendable {
        /// One scalar of a class.
        case scalar(Int)
        /// The first way is preferred.
        case split(Int, Int)
        case jump(Int)
        case assert(Assertion)
        case groupStart, groupEnd
        case match
    }

    enum Assertion: Sendable {
        case textStart, textEnd, lineStart, lineEnd, lastLineEnd, boundary, noBoundary
    }

    /// Ranges of scalars.
    struct Match {
        var whole: Range<Int>
        /// Nil where the group took no part.
        var group: Range<Int>?
    }

    /// Repetitions are written out, so a short pattern can be a long program.
    static let largestProgram = 20_000
    /// Steps on one text, all its matches together. A second's work; a page of text takes a thousandth of that.
    static let stepLimit = 50_000_000

    let pattern: String
    let groupCount: Int
    private var program: [Instruction] = []
    private var classes: [ScalarClass] = []
    /// The group whose place is noted.
    private let group: Int

    /// - Parameter group: whose place ``matches(in:)`` tells; 0 for none beside the whole.
    /// - Throws: `invalidArgument`, naming the pattern and what cannot be read in it.
    init(_ pattern: String, group: Int = 0, ignoringCase: Bool = false) throws(SutureError) {
        self.pattern = pattern
        self.group = group
        var parser = LinearRegexParser(pattern, ignoringCase: ignoringCase)
        let node = try parser.parse()
        groupCount = parser.groupCount
        try emit(node)
        try append(.match)
    }

    // MARK: Compiling

    private mutating func append(_ instruction: Instruction) throws(SutureError) {
        guard program.count < Self.largestProgram else {
            throw SutureError(
                .invalidArgument, "the pattern \"\(pattern)\" is too long with its repetitions written out",
                hint: "use smaller counts in { }")
        }
        program.append(instruction)
    }

    private mutating func emit(_ node: LinearRegexParser.Node) throws(SutureError) {
        switch node {
        case .scalar(let set):
            classes.append(set)
            try append(.scalar(classes.count - 1))
        case .assertion(let assertion): try append(.assert(assertion))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .alternatives(let nodes): try emitAlternatives(nodes[...])
        case .group(let body, let number):
            let isNoted = number == group && group > 0
            if isNoted { try append(.groupStart) }
            try emit(body)
            if isNoted { try append(.groupEnd) }
        case .repeated(let body, let minimum, let maximum, let isLazy):
            for _ in 0..<minimum {
                let start = program.count
                try emit(body)
                // What is nothing once is nothing a thousand times, of which others may take a thousand each.
                if program.count == start { break }
            }
            if let maximum {
                for _ in minimum..<maximum { try emitOptional(body, isLazy) }
            } else {
                let start = program.count
                try emitOptional(body, isLazy, backTo: start)
            }
        }
    }

    private mutating func emitAlternatives(_ nodes: ArraySlice<LinearRegexParser.Node>) throws(SutureError) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                try emit(node)
                break
            }
            let split = program.count
            try append(.match)
            try emit(node)
            jumps.append(program.count)
            try append(.match)
            program[split] = .split(split + 1, program.count)
        }
        for jump in jumps { program[jump] = .jump(program.count) }
    }

    private mutating func emitOptional(
        _ body: LinearRegexParser.Node, _ isLazy: Bool, backTo start: Int? = nil
    ) throws(SutureError) {
        let split = program.count
        try append(.match)
        try emit(body)
        if let start { try append(.jump(start)) }
        program[split] = isLazy ? .split(program.count, split + 1) : .split(split + 1, program.count)
    }

    // MARK: Matching

    /// Where a thread is in the program, and where its match and its group began.
    private struct Thread {
        var address: Int
        var start: Int
        var groupStart = -1
        var groupEnd = -1
    }

    /// The threads at one place of the text, best first, each address once.
    private struct Threads {
        var list: [Thread] = []
        private var seen: [Int]
        private var generation = 0

        init(_ count: Int) { seen = Array(repeating: 0, count: count) }

        mutating func clear() {
            list.removeAll(keepingCapacity: true)
            generation += 1
        }

        mutating func note(_ address: Int) -> Bool {
            guard seen[address] != generation else { return false }
            seen[address] = generation
            return true
        }
    }

    /// The leftmost matches, none of which overlap.
    ///
    /// - Throws: `outOfRange`, naming the pattern, where they take more steps than the limit.
    func matches(
        in text: [Unicode.Scalar], stepLimit: Int = LinearRegex.stepLimit
    ) throws(SutureError) -> [Match] {
        var matches: [Match] = []
        var (current, next) = (Threads(program.count), Threads(program.count))
        var stack: [Thread] = []
        var steps = stepLimit
        var place = 0
        while place <= text.count,
            let match = try first(in: text, from: place, &current, &next, &stack, &steps, stepLimit)
        {
            matches.append(match)
            place = max(match.whole.upperBound, match.whole.isEmpty ? match.whole.lowerBound + 1 : 0)
        }
        return matches
    }

    private func first(
        in text: [Unicode.Scalar], from start: Int, _ current: inout Threads, _ next: inout Threads,
        _ stack: inout [Thread], _ steps: inout Int, _ stepLimit: Int
    ) throws(SutureError) -> Match? {
        var found: Match?
        current.clear()
        for place in start...text.count {
            // A match that begins further right counts less than every one that has begun.
            if found == nil {
                follow(Thread(address: 0, start: place), at: place, text, into: &current, &stack, &steps)
            }
            guard !current.list.isEmpty else {
                guard found == nil else { break }
                current.clear()
                continue
            }
            next.clear()
            steps -= current.list.count
            guard steps >= 0 else { throw tooManySteps(stepLimit, text.count) }
            threads: for thread in current.list {
                switch program[thread.address] {
                case .scalar(let set):
                    steps -= classes[set].cost
                    guard place < text.count, classes[set].contains(text[place]) else { continue }
                    var thread = thread
                    thread.address += 1
                    follow(thread, at: place + 1, text, into: &next, &stack, &steps)
                default:
                    let group = thread.groupEnd >= 0 ? thread.groupStart..<thread.groupEnd : nil
                    found = Match(whole: thread.start..<place, group: group)
                    // Those after it are worse.
                    break threads
                }
            }
            swap(&current, &next)
        }
        return found
    }

    /// Adds a thread, or those that it becomes until each needs a scalar or has matched.
    private func follow(
        _ thread: Thread, at place: Int, _ text: [Unicode.Scalar], into threads: inout Threads, _ stack: inout [Thread],
        _ steps: inout Int
    ) {
        stack.append(thread)
        while var thread = stack.popLast() {
            guard threads.note(thread.address) else { continue }
            steps -= 1
            switch program[thread.address] {
            case .scalar, .match: threads.list.append(thread)
            case .jump(let target):
                thread.address = target
                stack.append(thread)
            case .split(let first, let second):
                thread.address = second
                stack.append(thread)
                thread.address = first
                stack.append(thread)
            case .assert(let assertion):
                guard Self.holds(assertion, at: place, text) else { continue }
                thread.address += 1
                stack.append(thread)
            case .groupStart:
                thread.groupStart = place
                thread.groupEnd = -1
                thread.address += 1
                stack.append(thread)
            case .groupEnd:
                thread.groupEnd = place
                thread.address += 1
                stack.append(thread)
            }
        }
    }

    private static func holds(_ assertion: Assertion, at place: Int, _ text: [Unicode.Scalar]) -> Bool {
        func isWord(_ index: Int) -> Bool { text.indices.contains(index) && ScalarClass.isWord(text[index]) }
        return switch assertion {
        case .textStart: place == 0
        case .textEnd: place == text.count
        case .lineStart: place == 0 || text[place - 1] == "\n"
        case .lineEnd: place == text.count || text[place] == "\n"
        case .lastLineEnd: place == text.count || (place == text.count - 1 && text[place] == "\n")
        case .boundary: isWord(place - 1) != isWord(place)
        case .noBoundary: isWord(place - 1) == isWord(place)
        }
    }

    private func tooManySteps(_ stepLimit: Int, _ count: Int) -> SutureError {
        SutureError(
            .outOfRange,
            "the pattern \"\(pattern)\" needs more than \(stepLimit) steps on a text of \(count) characters",
            hint: "write it so that a match that has begun need not read on to the end of the text")
    }
}

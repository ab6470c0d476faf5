// SPDX-License-Identifier: Apache-2.0

// Teacher forcing: the predictions of known tokens, each read after the right tokens before it and never after the
// model's own.

/// A prediction to read from a row of tokens.
public struct TokenRead: Sendable, Hashable {
    /// The position from which the token is predicted: that of the token before it.
    public var position: Int
    /// The token that is expected there.
    public var target: Int

    /// A read of the token that follows a position.
    public init(position: Int, target: Int) {
        self.position = position
        self.target = target
    }
}

/// A row of tokens to run, with the predictions to read from it.
public struct ForcedRow: Sendable, Hashable {
    /// What is run.
    public var tokens: [Int]
    /// What is read, in any order.
    public var reads: [TokenRead]

    /// A row with chosen reads.
    public init(tokens: [Int], reads: [TokenRead]) {
        self.tokens = tokens
        self.reads = reads
    }

    /// A prompt and the tokens that are expected after it. The last of them is read but need not be run.
    public init(prompt: [Int], target: [Int]) {
        self.init(
            tokens: prompt + target.dropLast(),
            reads: target.enumerated().map { TokenRead(position: prompt.count - 1 + $0.offset, target: $0.element) })
    }

    /// A text of its own: every token but the first is predicted from those before it.
    public init(text: [Int]) {
        self.init(
            tokens: text,
            reads: text.dropFirst().enumerated().map { TokenRead(position: $0.offset, target: $0.element) })
    }
}

extension Model {
    /// A training example, or a query, as a row: the tokens of its text are predicted, those of its prompt are not. Without a
    /// prompt every token but the first is predicted.
    ///
    /// - Parameter maxLength: tokens that are kept; a longer row is cut at its end. The model's context bounds it, too.
    /// - Throws: `invalidArgument` for a text of which nothing is left to predict.
    public func forcedRow(_ example: MarkedText, maxLength: Int = .max) throws(SutureError) -> ForcedRow {
        let longest = info.contextLength > 0 ? min(maxLength, info.contextLength) : maxLength
        var row: ForcedRow
        if example.prompt.isEmpty {
            row = ForcedRow(text: Array(try encode(example.text).prefix(longest)))
        } else {
            let joined = try tokens(of: example.prompt, followedBy: example.text)
            row = ForcedRow(prompt: joined.prompt, target: joined.following)
            row.tokens = Array(row.tokens.prefix(longest))
            row.reads.removeAll { $0.position >= longest }
        }
        guard !row.reads.isEmpty else {
            let start = (example.prompt + example.text).prefix(40)
            throw SutureError(
                .invalidArgument,
                "there is no token to predict in the first \(row.tokens.count) of the example \"\(start)…\"",
                hint: "leave the example out, or raise max_length")
        }
        return row
    }
}

/// Some rows as one batch, with everything that a pass over them needs. Made once, it serves any number of passes.
///
///     for batch in try rows.batches(tokenBudget: 8192) {
///         let logits = try model.logits(Forward(batch.tokens, logits: .at(batch.reads)))
///         batch.store(try batch.losses(logits), in: &losses)
///     }
public struct ForcedBatch: Sendable {
    /// Which of the rows it holds, by their place in the list that it was made of.
    public let places: [Int]
    /// The rows' tokens.
    public let tokens: TokenBatch
    /// Where predictions are read, row by row, in the order of each row's reads.
    public let reads: TokenPositions
    /// The tokens that are expected at the reads.
    public let targets: IntegerVector

    /// Rows as one batch.
    ///
    /// - Parameter places: the rows' places in a longer list; without: in this one.
    /// - Throws: `invalidArgument` without rows, or for a row without tokens.
    public init(_ rows: [ForcedRow], places: [Int]? = nil) throws(SutureError) {
        self.places = places ?? Array(rows.indices)
        tokens = try TokenBatch(rows.map(\.tokens))
        reads = TokenPositions(
            rows.enumerated().flatMap { i, row in
                row.reads.map { TokenIndex(row: i, position: $0.position) }
            })
        targets = IntegerVector(rows.flatMap { $0.reads.map(\.target) })
    }

    /// −log p of the targets in nats, `[read]`, float32. Gradients flow into the logits.
    ///
    /// - Parameter logits: `[read, vocabulary]`, in any floating-point type.
    public func losses(_ logits: Tensor) throws(SutureError) -> Tensor {
        try logits.cast(to: .float32).crossEntropy(targets.tensor.cast(device: logits.device), reduction: .none)
    }

    /// The most likely token at each read.
    ///
    /// - Parameter logits: `[read, vocabulary]`, in any floating-point type.
    public func choices(_ logits: Tensor) throws(SutureError) -> [Int] { try logits.argmax().scalars(as: Int.self) }

    /// Puts one value per read into the lists of the rows that the reads belong to.
    ///
    /// - Parameters:
    ///   - values: in the order of ``reads``.
    ///   - lists: one list for every row of the list that the batch was made of. The values are appended.
    public func store<Value>(_ values: [Value], in lists: inout [[Value]]) {
        for (read, value) in zip(reads, values) { lists[places[read.row]].append(value) }
    }
}

extension [ForcedRow] {
    /// The rows in batches of at most `tokenBudget` tokens, padding counted; a longer row is alone.
    ///
    /// Rows of similar length share a batch. Every row is in one batch. The batches are independent of each other, and
    /// the budget changes speed and memory, not results.
    public func batches(tokenBudget: Int) throws(SutureError) -> [ForcedBatch] {
        var batches: [ForcedBatch] = []
        for places in TokenBatch.batches(ofLengths: map(\.tokens.count), budget: tokenBudget) {
            batches.append(try ForcedBatch(places.map { self[$0] }, places: places))
        }
        return batches
    }
}

/// What a model says at the reads of one row.
public struct ForcedReading: Sendable, Hashable {
    /// −log p of each target in nats, from float32 logits; empty where it was not requested.
    public var losses: [Double]
    /// The most likely token at each read; empty where it was not requested.
    public var choices: [Int]

    /// A reading of these values, each in the order of the row's reads.
    public init(losses: [Double] = [], choices: [Int] = []) {
        self.losses = losses
        self.choices = choices
    }

    /// Which of the two are wanted. Each costs one look at all logits.
    public struct Parts: OptionSet, Sendable, Hashable {
        /// One bit for each part.
        public let rawValue: UInt8
        /// The parts of these bits; other bits mean nothing.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// ``ForcedReading/losses``
        public static let losses = Parts(rawValue: 1)
        /// ``ForcedReading/choices``
        public static let choices = Parts(rawValue: 2)
        /// Both.
        public static let all: Parts = [.losses, .choices]
    }
}

extension Model {
    /// What the model says at every read of every row, in their order. Records nothing for gradients.
    ///
    /// - Parameters:
    ///   - parts: what is computed.
    ///   - tokenBudget: tokens of a batch, padding counted. Changes speed and memory, not results.
    ///   - willRun: called before each batch with the number of rows that are done.
    /// - Throws: what ``forward(_:)`` throws, and what `willRun` throws.
    public func read(
        _ rows: [ForcedRow], _ parts: ForcedReading.Parts = .all, tokenBudget: Int,
        willRun: (Int) throws -> Void = { _ in }
    ) throws -> [ForcedReading] {
        var losses = rows.map { _ in [Double]() }
        var choices = rows.map { _ in [Int]() }
        var done = 0
        try withoutGradients {
            for places in TokenBatch.batches(ofLengths: rows.map(\.tokens.count), budget: tokenBudget) {
                try willRun(done)
                let batch = try ForcedBatch(places.map { rows[$0] }, places: places)
                done += places.count
                guard !batch.reads.isEmpty else { continue }
                let logits = try logits(Forward(batch.tokens, logits: .at(batch.reads)))
                if parts.contains(.losses) { batch.store(try batch.losses(logits).scalars(), in: &losses) }
                if parts.contains(.choices) { batch.store(try batch.choices(logits), in: &choices) }
            }
        }
        return zip(losses, choices).map { ForcedReading(losses: $0, choices: $1) }
    }
}

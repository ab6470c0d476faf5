// SPDX-License-Identifier: Apache-2.0

import CSuture

/// Token rows of different lengths as one right-padded batch.
public struct TokenBatch: Sendable {
    /// int64 `[batch, position]`
    public var tokens: Tensor
    /// Real tokens of each row.
    public var lengths: IntegerVector

    /// A batch that is padded already.
    ///
    /// - Parameters:
    ///   - tokens: int64 `[batch, position]`
    ///   - lengths: real tokens of each row, at least 1 and at most the width of the batch.
    public init(tokens: Tensor, lengths: IntegerVector) {
        self.tokens = tokens
        self.lengths = lengths
    }

    /// Pads rows on the right with token 0; padding never changes a result.
    ///
    /// - Throws: `invalidArgument` without rows, or for a row without tokens.
    public init(_ rows: [[Int]], device: Device = .cpu) throws(SutureError) {
        let width = rows.map(\.count).max() ?? 0
        guard width > 0, rows.allSatisfy({ !$0.isEmpty }) else {
            throw SutureError(
                .invalidArgument, "a batch needs at least one row, and every row at least one token",
                hint: "check for empty texts")
        }
        let padded = rows.flatMap { $0 + [Int](repeating: 0, count: width - $0.count) }
        self.init(
            tokens: try Tensor(padded, shape: [rows.count, width], device: device),
            lengths: IntegerVector(rows.map(\.count)))
    }
}

/// Copy the value at a site out of a pass.
public struct Capture: Sendable {
    /// Where the value is read.
    public var site: Site
    /// Which tokens: the capture is `[n, width]`. Nil: everything, `[batch, position, width]`.
    public var positions: TokenPositions?

    /// The value at some tokens, or everywhere. Give ``TokenPositions`` where the pass is run more than once.
    public init(_ site: Site, at positions: TokenPositions? = nil) {
        self.site = site
        self.positions = positions
    }

    /// The value at some tokens.
    public init(_ site: Site, at positions: [TokenIndex]) { self.init(site, at: TokenPositions(positions)) }
}

/// Change the value at a site during a pass. One that touches nothing is an error, not a silence.
public struct Intervention {
    /// What becomes of the value at the site. `n` is the number of chosen tokens, `width` that of the site.
    public enum Action {
        /// Added: broadcast to `[n, width]`, or to the whole site. Gradients flow through it.
        case add(Tensor)
        /// Put in place: broadcast to `[n, width]`, or to the whole site. Gradients flow through it.
        case replace(Tensor)
        /// Multiplied by a number.
        case scale(Double)
        /// Multiplied by 0.
        case zero
        /// Standard normal numbers times `deviation`, from a seed.
        case noise(deviation: Double, seed: Int)
        /// The value that another row of the same batch has at that position.
        case copyRow(Int)
        /// Whatever the closure returns for the whole site `[batch, position, width]`.
        case closure((Tensor) throws -> Tensor)
    }

    /// Where the value is changed.
    public var site: Site
    /// Which tokens; nil: everywhere.
    public var positions: TokenPositions?
    /// Only these components of the width (neurons, say); nil: all.
    public var units: IntegerVector?
    /// What becomes of the value.
    public var action: Action

    /// A change at some tokens, or everywhere. Give ``TokenPositions`` where the pass is run more than once.
    public init(
        _ site: Site, at positions: TokenPositions? = nil, units: IntegerVector? = nil, _ action: Action
    ) {
        self.site = site
        self.positions = positions
        self.units = units
        self.action = action
    }

    /// A change at some tokens.
    public init(_ site: Site, at positions: [TokenIndex], units: IntegerVector? = nil, _ action: Action) {
        self.init(site, at: TokenPositions(positions), units: units, action)
    }
}

/// One pass through the model, or through part of it.
public struct Forward {
    /// What a pass starts from.
    public enum Input: Sendable {
        /// Token ids; the pass starts at block 0.
        case tokens(TokenBatch)
        /// `[batch, position, dModel]` as ``Site/residualIn(_:)`` of the first layer of ``layers``, with the number of
        /// real tokens of each row.
        case residual(Tensor, lengths: IntegerVector)
    }

    /// Which logits to compute. Request only those that you read; the output layer is expensive where the vocabulary is
    /// large.
    public enum Logits: Sendable {
        /// No logits.
        case none
        /// `[batch, position, vocabulary]`
        case all
        /// `[n, vocabulary]`, at chosen tokens; written ``at(_:)``.
        case chosen(TokenPositions)
        /// `[batch, vocabulary]`, at each row's last real position.
        case last

        /// `[n, vocabulary]`, at chosen tokens. Give ``TokenPositions`` where the pass is run more than once.
        public static func at(_ positions: TokenPositions) -> Logits { .chosen(positions) }

        /// `[n, vocabulary]`, at chosen tokens.
        public static func at(_ positions: [TokenIndex]) -> Logits { .chosen(TokenPositions(positions)) }
    }

    /// What the pass starts from.
    public var input: Input
    /// Blocks to run; nil: all from the start. An empty range at the end runs the final norm and the head alone. A range
    /// that ends before the last block gives no logits.
    public var layers: Range<Int>?
    /// Keys and values of what precedes these tokens, for every layer that is run.
    public var past: KeyValueCache?
    /// Return keys and values of past and these tokens.
    public var keepsCache = false
    /// Values to return, in the order of ``ForwardOutput/captures``.
    public var captures: [Capture] = []
    /// Changes on the way, made before the captures of the same site.
    public var interventions: [Intervention] = []
    /// Which logits to compute.
    public var logits: Logits = .all

    /// A pass from tokens or from a residual, through all blocks or through some.
    public init(_ input: Input, layers: Range<Int>? = nil, logits: Logits = .all) {
        self.input = input
        self.layers = layers
        self.logits = logits
    }

    /// A pass from tokens through the whole model.
    public init(_ batch: TokenBatch, logits: Logits = .all) { self.init(.tokens(batch), logits: logits) }
}

/// What a pass gave.
public struct ForwardOutput: Sendable {
    /// float32 or wider, with the shape that ``Forward/Logits`` says; nil where none were requested, or where the
    /// pass ends before the last block. ``requireLogits()`` returns them or throws.
    public var logits: Tensor?
    /// Nil unless ``Forward/keepsCache`` was set. ``requireCache()`` returns it or throws.
    public var cache: KeyValueCache?
    /// In the order of ``Forward/captures``; float32 or wider, whatever the model is computed in.
    public var captures: [Tensor]

    /// The results of a pass. For the host and for tests.
    public init(logits: Tensor?, cache: KeyValueCache?, captures: [Tensor]) {
        self.logits = logits
        self.cache = cache
        self.captures = captures
    }
}

/// Keys and values of tokens that were already run, per row. Immutable.
public final class KeyValueCache: Sendable {
    // The host counts handles atomically, and a cache does not change.
    nonisolated(unsafe) let handle: OpaquePointer
    private let release: @convention(c) (OpaquePointer) -> Void

    init(owning handle: OpaquePointer, release: @escaping @convention(c) (OpaquePointer) -> Void) {
        self.handle = handle
        self.release = release
    }

    deinit { release(handle) }

    /// The cache of chosen rows (repeats allowed; nil: as they are), of which only the first `lengths[i]` tokens count.
    ///
    /// - Throws: `outOfRange` for rows and tokens that do not exist.
    public func selecting(rows: IntegerVector?, lengths: IntegerVector?) throws(SutureError) -> KeyValueCache {
        let table = try Host.models()
        let rowTensor = try rows?.tensor
        let lengthTensor = try lengths?.tensor
        var out: OpaquePointer?
        try Host.check(
            withExtendedLifetime((rowTensor, lengthTensor)) {
                table.pointee.cache_select(handle, rowTensor?.handle, lengthTensor?.handle, &out)
            })
        guard let out else { throw SutureError(.internal, "the host returned no cache and no error") }
        return KeyValueCache(owning: out, release: table.pointee.cache_release)
    }

    /// The cache of chosen rows, of which only the first `lengths[i]` tokens count.
    public func selecting(rows: [Int]? = nil, lengths: [Int]? = nil) throws(SutureError) -> KeyValueCache {
        try selecting(rows: rows.map { IntegerVector($0) }, lengths: lengths.map { IntegerVector($0) })
    }
}

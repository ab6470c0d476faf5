// SPDX-License-Identifier: Apache-2.0

import CSuture

/// Token rows of different lengths as one right-padded batch.
public struct TokenBatch: Sendable {
    /// int64 `[batch, position]`
    public var tokens: Tensor
    /// Real tokens of each row.
    public var lengths: [Int]

    public init(tokens: Tensor, lengths: [Int]) {
        self.tokens = tokens
        self.lengths = lengths
    }

    /// Pads rows on the right with token 0; padding never changes a result.
    public init(_ rows: [[Int]], device: Device = .cpu) throws(SutureError) {
        let width = rows.map(\.count).max() ?? 0
        guard width > 0, rows.allSatisfy({ !$0.isEmpty }) else {
            throw SutureError(
                .invalidArgument, "a batch needs at least one row, and every row at least one token",
                hint: "check for empty texts")
        }
        let padded = rows.flatMap { $0 + [Int](repeating: 0, count: width - $0.count) }
        self.init(tokens: try Tensor(padded, shape: [rows.count, width], device: device), lengths: rows.map(\.count))
    }
}

/// Copy the value at a site out of a pass.
public struct Capture: Sendable {
    public var site: Site
    /// Which tokens: the capture is `[n, width]`. Nil: everything, `[batch, position, width]`.
    public var positions: [TokenIndex]?

    public init(_ site: Site, at positions: [TokenIndex]? = nil) {
        self.site = site
        self.positions = positions
    }
}

/// Change the value at a site during a pass. One that touches nothing is an error, not a silence.
public struct Intervention {
    public enum Action {
        /// Added: broadcast to `[n, width]`, or to the whole site. Gradients flow through it.
        case add(Tensor)
        /// Put in place.
        case replace(Tensor)
        case scale(Double)
        case zero
        /// Standard normal numbers times `deviation`, from a seed.
        case noise(deviation: Double, seed: Int)
        /// The value that another row of the same batch has at that position.
        case copyRow(Int)
        /// Whatever the closure returns for the whole site `[batch, position, width]`.
        case closure((Tensor) throws -> Tensor)
    }

    public var site: Site
    /// Which tokens; nil: everywhere.
    public var positions: [TokenIndex]?
    /// Only these components of the width (neurons, say); nil: all.
    public var units: [Int]?
    public var action: Action

    public init(_ site: Site, at positions: [TokenIndex]? = nil, units: [Int]? = nil, _ action: Action) {
        self.site = site
        self.positions = positions
        self.units = units
        self.action = action
    }
}

/// One pass through the model, or through part of it.
public struct Forward {
    public enum Input: Sendable {
        case tokens(TokenBatch)
        /// `[batch, position, dModel]` as ``Site/residualIn(_:)`` of the first layer of ``layers``.
        case residual(Tensor, lengths: [Int])
    }

    /// Which logits to compute: the head is the dearest part where the vocabulary is large.
    public enum Logits: Sendable {
        case none
        /// `[batch, position, vocabulary]`
        case all
        /// `[n, vocabulary]`
        case at([TokenIndex])
        /// `[batch, vocabulary]` at each row's last real position
        case last
    }

    public var input: Input
    /// Blocks to run; nil: all from the start. An empty range at the end runs the final norm and the head alone. A range
    /// that ends before the last block gives no logits.
    public var layers: Range<Int>?
    /// Keys and values of what precedes these tokens, for every layer that is run.
    public var past: KeyValueCache?
    /// Return keys and values of past and these tokens.
    public var keepsCache = false
    public var captures: [Capture] = []
    public var interventions: [Intervention] = []
    public var logits: Logits = .all

    public init(_ input: Input, layers: Range<Int>? = nil, logits: Logits = .all) {
        self.input = input
        self.layers = layers
        self.logits = logits
    }

    public init(_ batch: TokenBatch, logits: Logits = .all) { self.init(.tokens(batch), logits: logits) }
}

/// What a pass gave.
public struct ForwardOutput: Sendable {
    public var logits: Tensor?
    public var cache: KeyValueCache?
    /// In the order of ``Forward/captures``.
    public var captures: [Tensor]

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
    public func selecting(rows: [Int]? = nil, lengths: [Int]? = nil) throws(SutureError) -> KeyValueCache {
        let table = try Host.models()
        let rowTensor = try rows.map { r throws(SutureError) in try Tensor(r) }
        let lengthTensor = try lengths.map { l throws(SutureError) in try Tensor(l) }
        var out: OpaquePointer?
        try Host.check(
            withExtendedLifetime((rowTensor, lengthTensor)) {
                table.pointee.cache_select(handle, rowTensor?.handle, lengthTensor?.handle, &out)
            })
        guard let out else { throw SutureError(.internal, "the host returned no cache and no error") }
        return KeyValueCache(owning: out, release: table.pointee.cache_release)
    }
}

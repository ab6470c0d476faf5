// SPDX-License-Identifier: Apache-2.0

import CSuture

/// What a component may use while it is called. Valid during that call, on the thread of the call.
public struct Session {
    let handle: OpaquePointer
    private let call: Foreign<suture_call>
    private let sink: Foreign<suture_sink>

    /// Wraps what the ABI hands over in a call. For native components and tests; Swift components receive a session.
    ///
    /// - Throws: `invalidArgument` where the call or the sink is too short to be read.
    public init(
        borrowing handle: OpaquePointer, call: UnsafePointer<suture_call>, sink: UnsafePointer<suture_sink>
    ) throws(SutureError) {
        self.handle = handle
        self.call = try Foreign(call, in: "suture_plugin.call")
        self.sink = try Foreign(sink, in: "suture_plugin.call")
    }

    /// What is asked of the component.
    func componentCall() throws(SutureError) -> ComponentCall { try ComponentCall(call) }

    /// The model to measure or to edit, with every patch that is in force.
    public var model: Model {
        get throws(SutureError) {
            guard let model = call.model else {
                throw SutureError(
                    .failedPrecondition, "this call came without a model", hint: "report this to the host's authors")
            }
            return try Model(borrowing: model)
        }
    }

    /// The model as it lies on disk.
    public var original: Model {
        get throws(SutureError) { try Model(borrowing: try Host.sessions().pointee.original(handle)) }
    }

    /// The seed of the run.
    public var seed: Int {
        get throws(SutureError) { Int(try Host.sessions().pointee.seed(handle)) }
    }

    /// Which evaluation this is: "before", "after" …; empty outside evaluation.
    public var stage: String {
        get throws(SutureError) { call.stage.map { String(cString: $0) } ?? "" }
    }

    /// Says how far a phase is ("keys", "values", "solve"); its seconds are recorded under that name.
    ///
    /// - Throws: `cancelled` when the run must end. Let it through.
    public func progress(_ phase: String, _ done: Int = 0, of total: Int = 0) throws(SutureError) {
        try Host.check(try Host.sessions().pointee.progress(handle, phase, Int64(done), Int64(total)))
    }

    /// Second moments E[x xᵀ] of a site's values over the run's statistics text, on the original model.
    ///
    /// One pass serves all layers asked for together; results are cached on disk. Uncentred; float64
    /// `[width, width]`. Cost: one truncated forward pass over the text when nothing is cached.
    public func secondMoments(of kind: Site.Kind, layers: [Int]) throws(SutureError) -> [SecondMoment] {
        let table = try Host.sessions()
        var out = [OpaquePointer?](repeating: nil, count: layers.count)
        var tokens = [Int64](repeating: 0, count: layers.count)
        let error = layers.map(Int32.init).withUnsafeBufferPointer { layers in
            out.withUnsafeMutableBufferPointer { out in
                tokens.withUnsafeMutableBufferPointer { tokens -> OpaquePointer? in
                    guard let first = layers.baseAddress, let out = out.baseAddress, let tokens = tokens.baseAddress
                    else { return nil }
                    return table.pointee.second_moments(
                        handle, kind.rawValue, first, Int64(layers.count), out, tokens)
                }
            }
        }
        try Host.check(error)
        var moments: [SecondMoment] = []
        for (i, handle) in out.enumerated() {
            guard let handle else { throw SutureError(.internal, "the host returned too few second moments") }
            moments.append(SecondMoment(matrix: try Tensor(owning: handle), tokenCount: Int(tokens[i])))
        }
        return moments
    }

    /// A tensor kept by ``store(_:_:)`` in this run, before it was interrupted perhaps.
    public func stored(_ key: String) throws(SutureError) -> Tensor? {
        var out: OpaquePointer?
        try Host.check(try Host.sessions().pointee.store_get(handle, key, &out))
        guard let out else { return nil }
        return try Tensor(owning: out)
    }

    /// Keeps work that is worth keeping when the run is killed. Dropped when the run is done.
    public func store(_ key: String, _ tensor: Tensor) throws(SutureError) {
        try Host.check(try Host.sessions().pointee.store_put(handle, key, tensor.handle))
    }

    /// What ``carry(_:_:)`` kept when an earlier group of cases was edited, where groups are edited one upon the other.
    /// Nil at the start, and wherever weights are restored between groups.
    public func carried(_ key: String) throws(SutureError) -> Tensor? {
        var out: OpaquePointer?
        try Host.check(try Host.sessions().pointee.carried(handle, key, &out))
        guard let out else { return nil }
        return try Tensor(owning: out)
    }

    /// Keeps what the edits of later groups have to know of this one: keys that they must not disturb, say.
    public func carry(_ key: String, _ tensor: Tensor) throws(SutureError) {
        try Host.check(try Host.sessions().pointee.carry(handle, key, tensor.handle))
    }

    /// Writes a line to the run's log.
    public func log(_ level: Host.LogLevel, _ message: String) { Host.log(level, message) }

    // MARK: What a patcher says of its own work

    /// Notes a number about a case (or about the run). The mean of each name becomes a figure of the method, under the
    /// stage that is reported next, or "after".
    public func record(_ score: Score) throws(SutureError) { try emit([score]) }

    /// Lets the run's evaluators measure an intermediate result, and notes the norms of its changes.
    ///
    /// - Parameters:
    ///   - stage: "pass-2".
    ///   - patch: everything so far, relative to ``model``.
    /// - Throws: what refuses an edit refuses this one: numbers that are not finite, a change that changes nothing.
    public func report(stage: String, _ patch: Patch) throws(SutureError) {
        let arena = CArena()
        let table = try Host.sessions()
        let error = withExtendedLifetime((arena, patch)) {
            table.pointee.report(handle, stage, patch.deltas.c(in: arena, as: suture_deltas.self))
        }
        try Host.check(error)
    }

    // MARK: Results (the protocol of each kind calls these with what a component returned)

    func emit(_ locations: [Location]) throws(SutureError) { try sink.hand(locations) }
    func emit(_ deltas: [Delta]) throws(SutureError) { try sink.hand(deltas) }
    func emit(_ scores: [Score]) throws(SutureError) { try sink.hand(scores) }
    func emit(_ metrics: [Metric]) throws(SutureError) { try sink.hand(metrics) }
    func emit(_ marks: [Mark]) throws(SutureError) { try sink.hand(marks) }
    func emit(_ tensors: [NamedTensor]) throws(SutureError) { try sink.hand(tensors) }
}

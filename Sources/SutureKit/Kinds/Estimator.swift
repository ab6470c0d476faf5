// SPDX-License-Identifier: Apache-2.0

import CSuture

/// Answers "which training examples made the model say this?".
///
/// The influence of an example on a query is how much likelier training on the example makes the query. It is larger than
/// 0 where the example promotes the query, and smaller where it counteracts.
///
/// The host reads the training examples and gives them in blocks, so an estimator never holds them all. First it fits: in
/// pass 1, 2, … it hands out sums over each block, under the names that ``sumNames(inPass:in:)`` gives. The host adds the
/// sums of all blocks exactly, whatever their order, and keeps them on disk. From then on ``Session/stored(_:)`` returns
/// them under their names, in later passes and when examples are traced. What is computed from sums once, such as
/// eigenvectors, can be kept by ``Session/store(_:_:)``.
///
/// Then it traces: ``prepare(_:in:)`` is called once for some queries, and ``influence(of:on:in:)`` for each block.
public protocol Estimator: Component {
    /// What tracing needs of the queries: their gradients, say.
    associatedtype Queries

    /// Holds the queries between blocks: `let memory = QueryMemory<…>()`.
    var memory: QueryMemory<Queries> { get }

    /// The names of the sums of a pass, from 1; none where there is no such pass. A name has to tell everything that the sum
    /// depends on beside the model and the examples: sums are kept under it, for other settings of this plugin too.
    func sumNames(inPass pass: Int, in session: Session) throws -> [String]

    /// The sums over a block of examples that a pass needs, under its names. The host adds them in steps of 2⁻³⁶, up to
    /// 2⁵¹: scale numbers that are small.
    func sums(over examples: [MarkedText], inPass pass: Int, in session: Session) throws -> [NamedTensor]

    /// Makes some queries ready. They are what followed a prompt; the loss is that of these tokens.
    func prepare(_ queries: [MarkedText], in session: Session) throws -> Queries

    /// The influence of each example of a block on each query, `[queries, examples]`.
    func influence(of examples: [MarkedText], on queries: Queries, in session: Session) throws -> Tensor

    /// The same by the tokens of the examples, `[queries, examples, longest]`, where the sum over the tokens is the influence.
    /// The row of an example is that of ``Model/forcedRow(_:maxLength:)``; what lies behind the last is 0.
    ///
    /// - Returns: nil where the estimator does not see tokens.
    func tokenInfluence(of examples: [MarkedText], on queries: Queries, in session: Session) throws -> Tensor?
}

/// The queries of an estimator, between one block of examples and the next.
public final class QueryMemory<Queries> {
    fileprivate var held: (texts: [MarkedText], queries: Queries)?

    /// Holds nothing yet.
    public init() {}
}

extension Estimator {
    /// ``ComponentKind/estimator``
    public static var kind: ComponentKind { .estimator }

    /// No pass.
    public func sumNames(inPass pass: Int, in session: Session) throws -> [String] { [] }
    /// None.
    public func sums(over examples: [MarkedText], inPass pass: Int, in session: Session) throws -> [NamedTensor] { [] }
    /// Nil.
    public func tokenInfluence(
        of examples: [MarkedText], on queries: Queries, in session: Session
    ) throws -> Tensor? { nil }

    /// Fits or traces one block of examples, and hands out the sums or the influence.
    ///
    /// - Throws: `internal` where a pass does not hand out the sums that it has named.
    public func perform(_ call: ComponentCall, in session: Session) throws {
        switch call.operation {
        case .fit:
            let pass = try FitPass(call.stage)
            let names = try sumNames(inPass: pass.number, in: session)
            guard !call.examples.isEmpty, !names.isEmpty else {
                return try session.emit(try names.map { NamedTensor($0, try Tensor.zeros([1])) })
            }
            let sums = try sums(over: call.examples, inPass: pass.number, in: session)
            guard Set(sums.map(\.name)) == Set(names), sums.count == names.count else {
                throw SutureError(
                    .internal, "\(Self.descriptor.id) handed out other sums in pass \(pass.number) than it had named",
                    hint: "report this to its author")
            }
            try session.emit(sums)
        default:
            if call.startsAnew || memory.held?.texts != call.texts {
                memory.held = nil
                memory.held = (call.texts, try prepare(call.texts, in: session))
                // What preparing said it does is over.
                if !call.examples.isEmpty { try session.progress(EstimatorCall.phase) }
            }
            guard let queries = memory.held?.queries, !call.examples.isEmpty else { return }
            if call.stage == EstimatorCall.tokenStage {
                let found = try tokenInfluence(of: call.examples, on: queries, in: session)
                if let found { try session.emit([NamedTensor(EstimatorCall.tokens, found)]) }
            } else {
                let found = try influence(of: call.examples, on: queries, in: session)
                try session.emit([NamedTensor(EstimatorCall.scores, found)])
            }
        }
    }
}

/// What host and estimators call things.
package enum EstimatorCall {
    /// What is going on while examples are traced.
    package static let phase = "trace"
    /// The stage of a trace that asks for single tokens.
    package static let tokenStage = "tokens"
    /// The tensor that a trace hands out.
    package static let scores = "scores"
    /// The tensor that a trace of single tokens hands out.
    package static let tokens = "tokens"
}

/// A pass over the examples in which an estimator is fitted, as the stage of a call: "pass-1".
package struct FitPass {
    package var number: Int
    private static let prefix = "pass-"

    package init(number: Int) { self.number = number }

    init(_ stage: String) throws(SutureError) {
        guard stage.hasPrefix(Self.prefix), let number = Int(stage.dropFirst(Self.prefix.count)), number > 0 else {
            throw SutureError(
                .invalidArgument, "an estimator was asked to fit in the stage \"\(stage)\"", hint: "write pass-1")
        }
        self.number = number
    }

    package var stage: String { Self.prefix + String(number) }
}

extension Session {
    /// The number of training examples of the run.
    ///
    /// - Throws: `failedPrecondition` where the experiment names no training file; what is wrong with the file.
    public var trainingCount: Int {
        get throws(SutureError) {
            let table = try Host.sessions()
            try Host.require(suture_session_api.Later.training_count, of: table)
            var count: Int64 = 0
            try Host.check(table.pointee.training_count(handle, &count))
            return Int(count)
        }
    }

    /// Some of the run's training examples, in the order of their indices. Cost: a seek in the file for each.
    public func trainingExamples(_ indices: [Int]) throws(SutureError) -> [MarkedText] {
        let table = try Host.sessions()
        try Host.require(suture_session_api.Later.training_examples, of: table)
        let received = Received()
        let error = indices.map(Int64.init).withUnsafeBufferPointer { indices -> OpaquePointer? in
            guard let first = indices.baseAddress else { return nil }
            return table.pointee.training_examples(
                handle, first, Int64(indices.count), Unmanaged.passUnretained(received).toOpaque(), Received.receive)
        }
        try Host.check(withExtendedLifetime(received) { error })
        return received.examples
    }

    /// The weights in another folder as a model: a checkpoint of the training that made the run's model, say. It has the parameters
    /// of ``original``.
    ///
    /// Cost: reads all weights the first time; the host keeps them loaded for as long as the process lives.
    ///
    /// - Parameter folder: the text of a setting with the unit ``ParameterDeclaration/folderUnit``.
    /// - Throws: what is wrong with the folder; `invalidArgument` for a model of other dimensions.
    public func checkpoint(_ folder: String) throws(SutureError) -> Model {
        let table = try Host.sessions()
        try Host.require(suture_session_api.Later.checkpoint, of: table)
        var out: OpaquePointer?
        try Host.check(table.pointee.checkpoint(handle, folder, &out))
        guard let out else { throw SutureError(.internal, "the host returned no model and no error") }
        return try Model(owning: out)
    }

    /// The influence of every training example of the run on some queries, float32 `[queries, examples]`, on a model.
    ///
    /// Cost: that of the estimator, for all examples; what it fits is kept for other runs.
    ///
    /// - Throws: what the estimator throws, and what is wrong with the training file.
    public func influence(
        on queries: [MarkedText], with component: ComponentReference, model: Model? = nil
    ) throws(SutureError) -> Tensor {
        let table = try Host.sessions()
        try Host.require(suture_session_api.Later.influence, of: table)
        let arena = CArena()
        var out: OpaquePointer?
        let error = withExtendedLifetime((arena, model)) {
            table.pointee.influence(
                handle, component.slot, model?.handle, queries.c(in: arena, as: suture_texts.self), &out)
        }
        try Host.check(error)
        guard let out else { throw SutureError(.internal, "the host returned no influence and no error") }
        return try Tensor(owning: out)
    }
}

/// Examples that the host hands out one by one.
private final class Received {
    var examples: [MarkedText] = []

    static let receive: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<suture_marked_text>) -> OpaquePointer? =
        { context, example in
            Host.returningError {
                guard let context else { throw SutureError(.internal, "an example came without its context") }
                let received = Unmanaged<Received>.fromOpaque(context).takeUnretainedValue()
                received.examples.append(try MarkedText(Foreign(example, in: "suture_session_api.training_examples")))
            }
        }
}

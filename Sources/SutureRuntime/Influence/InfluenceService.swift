// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The training examples of a run, and what they made a model say: fits an estimator where that has not happened yet, and
/// traces all examples, a block at a time.
final class InfluenceService {
    static let folderName = "influence"
    /// Examples of one call.
    static let blockSize = 64

    private var read: TrainingFile?
    private let settings: Experiment.Training
    /// The model whose digest is known, and the digest.
    private let model: LanguageModel
    private let modelDigest: String
    private let cache: URL
    private let checkInputs: () throws -> Void
    private let progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void

    /// - Parameters:
    ///   - modelDigest: of everything that the numbers of `model` depend on.
    ///   - cache: where sums are kept for other runs.
    init(
        _ settings: Experiment.Training, model: LanguageModel, modelDigest: String,
        cache: URL = StatisticsService.cacheFolder, checkInputs: @escaping () throws -> Void,
        progress: @escaping (String, Int, Int) throws -> Void
    ) {
        self.settings = settings
        (self.model, self.modelDigest) = (model, modelDigest)
        self.cache = cache.appending(path: Self.folderName)
        self.checkInputs = checkInputs
        self.progress = progress
    }

    /// The examples. The file is looked through when it is asked for first.
    func training() throws(RuntimeError) -> TrainingFile {
        if let read { return read }
        let training = try TrainingFile(settings.path, limit: settings.limit)
        try SpecialTokens.check(training, model.tokenizer)
        read = training
        return training
    }

    /// Calls an estimator in a session whose store is the given one.
    typealias Perform = (ComponentCall, LanguageModel, TensorStore) throws -> ComponentResults

    /// What a trace is of.
    struct Subject {
        var estimator: LoadedComponent
        var model: LanguageModel
        var queries: [MarkedText]
        var perform: Perform
    }

    /// Lets an estimator look at the model, so that settings that do not fit it are refused before anything long starts.
    func check(_ subject: Subject) throws {
        let call = ComponentCall(.fit, stage: FitPass(number: 1).stage)
        _ = try subject.perform(call, subject.model, store(of: subject).store)
    }

    /// Writes the influence of every example on every query to a file, or goes on with one.
    ///
    /// - Parameter shard: the examples that the file is for.
    /// - Throws: `usage` without queries; what the estimator throws.
    func trace(_ subject: Subject, to url: URL, shard: Shard = .whole) throws {
        guard !subject.queries.isEmpty else {
            throw RuntimeError(
                .usage, "there is no query to trace", hint: "give cases with answers, or an annotator that finds some")
        }
        let training = try training()
        let range = shard.range(of: training.count, blockSize: Self.blockSize)
        let store = try fit(subject)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let file = try ScoreFile(
            url, examples: range.count, queries: subject.queries.count, blockSize: Self.blockSize,
            metadata: metadata(of: subject, store, shard))
        var isFirst = true
        while file.rowCount < range.count {
            try progress("trace", file.rowCount, range.count)
            let start = range.lowerBound + file.rowCount
            let examples = try training.block(start..<min(start + Self.blockSize, range.upperBound))
            try file.append(scores(of: examples, subject, store, isFirst: isFirst))
            if isFirst {
                Host.log(
                    .info,
                    "peak memory after the first block of \(examples.count) examples: \(Figures.size(Processor.peakMemory))"
                )
            }
            isFirst = false
        }
        try progress("trace", range.count, range.count)
        try checkInputs()
        try file.finish()
    }

    /// Puts the scores of all shards together, in their order, as one process writes them.
    ///
    /// - Throws: `usage` where they are not of this subject.
    func join(_ shards: [URL], of subject: Subject, to url: URL) throws {
        let store = try store(of: subject).store
        let file = try ScoreFile(
            url, examples: training().count, queries: subject.queries.count,
            metadata: metadata(of: subject, store, .whole))
        if file.rowCount > 0 { try file.clear() }
        for (number, shard) in shards.enumerated() {
            try progress("merge", number, shards.count)
            let own = Shard.all(shards.count)[number]
            guard try SafetensorsFile(opening: shard).metadata == metadata(of: subject, store, own) else {
                throw RuntimeError(
                    .usage, "the scores in '\(shard.path)' are of other queries than those of the experiment",
                    hint: "merge the shards of one experiment")
            }
            try file.append(contentsOf: shard)
        }
        guard file.rowCount == file.exampleCount else { throw TensorFile.isDamaged(url) }
        try file.finish()
    }

    /// What scores belong to. It is in their file.
    private func metadata(of subject: Subject, _ store: TensorStore, _ shard: Shard) throws -> [String: String] {
        let key = Digest.of(
            Data(
                ([store.folder.lastPathComponent] + subject.queries.flatMap { [$0.prompt, $0.text] })
                    .joined(separator: "\0").utf8))
        var found = [
            "key": key, "training": try training().digest, "estimator": subject.estimator.description.id,
        ]
        if !shard.isWhole { found["shard"] = shard.description }
        return found
    }

    /// The same in memory, `[queries, examples]`.
    func trace(_ subject: Subject, in folder: URL) throws -> Tensor {
        let url = folder.appending(path: "scores.safetensors")
        try trace(subject, to: url)
        let file = try SafetensorsFile(opening: url)
        let bytes = try file.bytes(of: ScoreFile.tensorName)
        let shape = [try training().count, subject.queries.count]
        let scores = try bytes.withUnsafeBytes { try Tensor(bytes: $0, shape: shape, dtype: .float32) }
        return try scores.transposed().contiguous()
    }

    /// The influence by the tokens of some examples, `[queries, examples, longest]`; nil where the estimator sees none.
    func tokens(_ examples: [MarkedText], _ subject: Subject) throws -> Tensor? {
        let call = ComponentCall(
            .trace, stage: EstimatorCall.tokenStage, texts: subject.queries, examples: examples, startsAnew: true)
        return try subject.perform(call, subject.model, fit(subject)).tensors.first { $0.name == EstimatorCall.tokens }?
            .tensor
    }

    /// What the estimator has fitted.
    private func fit(_ subject: Subject) throws -> TensorStore {
        let (store, count) = try store(of: subject)
        try factorFit(subject, store, count).run()
        return store
    }

    /// Fits a shard of each pass, as far as the other shards are there.
    ///
    /// - Returns: the pass that waits for others; nil where all is fitted.
    func fit(_ subject: Subject, shard: Shard) throws -> FactorFit.Pending? {
        let (store, count) = try store(of: subject)
        return try factorFit(subject, store, count).run(shard)
    }

    private func factorFit(_ subject: Subject, _ store: TensorStore, _ count: Int) throws -> FactorFit {
        FactorFit(
            training: try training(), count: count, store: store,
            ask: { try subject.perform($0, subject.model, store).tensors }, progress: progress)
    }

    /// Where the factors are kept, and how many examples they are over.
    private func store(of subject: Subject) throws -> (store: TensorStore, count: Int) {
        let digest = subject.model === model ? modelDigest : try Self.digest(of: subject.model)
        let training = try training()
        let count = min(settings.fit, training.count)
        let key = FactorFit.key(
            plugin: subject.estimator.description.digest, model: digest, training: training, count: count,
            dtype: subject.model.dtype)
        return (TensorStore(folder: cache.appending(path: key)), count)
    }

    private func scores(
        of examples: [TrainingFile.Example], _ subject: Subject, _ store: TensorStore, isFirst: Bool
    ) throws -> Tensor {
        // What was prepared of these queries may be of another model.
        let call = ComponentCall(
            .trace, texts: subject.queries, examples: examples.map(\.text), startsAnew: isFirst)
        let id = subject.estimator.description.id
        let found = try subject.perform(call, subject.model, store).tensors
        guard let scores = found.first(where: { $0.name == EstimatorCall.scores })?.tensor else {
            throw RuntimeError(
                .plugin, "\(id) handed out no tensor \"\(EstimatorCall.scores)\"", hint: "report this to its author")
        }
        guard scores.shape == [subject.queries.count, examples.count] else {
            throw RuntimeError(
                .plugin,
                "\(id) handed out scores of the shape \(scores.shape) for \(subject.queries.count) queries and \(examples.count) examples",
                hint: "report this to its author")
        }
        guard try scores.isAllFinite() else {
            throw RuntimeError(
                .run,
                "\(id): the influence of the examples in lines \(examples[0].line) to \(examples[examples.count - 1].line) is not finite",
                hint: "load the model in float32, or leave these examples out")
        }
        return try scores.cast(to: .float32, device: .cpu)
    }

    /// Of the weights of a model that lies on no disk: one with patches over it.
    private static func digest(of model: LanguageModel) throws -> String {
        let handle = ModelTable.handle(model)
        defer { ModelTable.release(handle) }
        let seen = try Model(borrowing: handle)
        var sum = Digest.Sum()
        for name in try seen.parameterNames(matching: ["all"]) {
            sum.add(name)
            try seen.parameter(name).bytes().withUnsafeBytes { sum.add($0) }
        }
        return sum.text
    }
}

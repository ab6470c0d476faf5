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
    let settings: Experiment.Training
    /// Chooses the candidates of `settings`.
    let prefilter: LoadedComponent?
    let seed: Int
    /// The model whose digest is known, and the digest.
    private let model: LanguageModel
    private let modelDigest: String
    private let surroundings: String
    private let cache: URL
    private let checkInputs: () throws -> Void
    private let progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void

    /// - Parameters:
    ///   - modelDigest: of everything that the numbers of `model` depend on.
    ///   - seed: of the candidates at random.
    ///   - surroundings: what else the influence may depend on, ``ResolvedExperiment/traceSurroundings``.
    ///   - cache: where sums are kept for other runs.
    init(
        _ settings: Experiment.Training, prefilter: LoadedComponent? = nil, seed: Int = 0, model: LanguageModel,
        modelDigest: String, surroundings: String = "",
        cache: URL = StatisticsService.cacheFolder, checkInputs: @escaping () throws -> Void,
        progress: @escaping (String, Int, Int) throws -> Void
    ) {
        (self.settings, self.prefilter, self.seed) = (settings, prefilter, seed)
        (self.model, self.modelDigest, self.surroundings) = (model, modelDigest, surroundings)
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
        /// Chooses the examples that are traced; nil: all are.
        var prefilter: Prefilter?

        /// The choice itself as a trace: of all examples.
        var choosing: Subject? {
            guard let prefilter else { return nil }
            return Subject(estimator: prefilter.estimator, model: model, queries: queries, perform: prefilter.perform)
        }
    }

    /// An estimator that chooses what others trace.
    struct Prefilter {
        var estimator: LoadedComponent
        var perform: Perform
    }

    /// Lets an estimator look at the model, so that settings that do not fit it are refused before anything long starts.
    func check(_ subject: Subject) throws {
        let call = ComponentCall(.fit, stage: FitPass(number: 1).stage)
        _ = try subject.perform(call, subject.model, store(of: subject).store)
        if let choosing = subject.choosing { try check(choosing) }
    }

    /// Writes the influence of every example on every query to a file, or goes on with one.
    ///
    /// - Parameter shard: the examples that the file is for.
    /// - Throws: `usage` without queries; what the estimator throws.
    func trace(_ subject: Subject, to url: URL, shard: Shard = .whole, phase: String = "trace") throws {
        guard !subject.queries.isEmpty else {
            throw RuntimeError(
                .usage, "there is no query to trace", hint: "give cases with answers, or an annotator that finds some")
        }
        let training = try training()
        let range = shard.range(of: training.count, blockSize: Self.blockSize)
        let chosen = try candidates(for: subject)
        let store = try fit(subject)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let file = try ScoreFile(
            url, examples: range.count, queries: subject.queries.count, blockSize: Self.blockSize,
            metadata: metadata(of: subject, store, shard))
        var isFirst = true
        while file.rowCount < range.count {
            try progress(phase, file.rowCount, range.count)
            let start = range.lowerBound + file.rowCount
            let block = start..<min(start + Self.blockSize, range.upperBound)
            let places = InfluenceCandidates.places(chosen, in: block)
            try file.append(scores(of: block, places, subject, store, isFirst: isFirst))
            guard !places.isEmpty else { continue }
            if isFirst { Self.sayMemory(after: places.count) }
            isFirst = false
        }
        try progress(phase, range.count, range.count)
        try checkInputs()
        try file.finish()
    }

    private static func sayMemory(after count: Int) {
        Host.log(
            .info, "peak memory after the first block of \(count) examples: \(Figures.size(Processor.peakMemory))")
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
        if let choosing = subject.choosing { found["candidates"] = try candidatesKey(choosing) }
        return found
    }

    /// The same in memory, `[queries, examples]`. The scores stay in the cache, under all that they depend on: runs that share a
    /// trace do it once, and one that was killed goes on.
    func trace(_ subject: Subject) throws -> Tensor {
        try kept(scoresKey(of: subject), of: subject, phase: "trace") { url in
            let bytes = try SafetensorsFile(opening: url).bytes(of: ScoreFile.tensorName)
            let shape = [try training().count, subject.queries.count]
            let scores = try bytes.withUnsafeBytes { try Tensor(bytes: $0, shape: shape, dtype: .float32) }
            return try scores.transposed().contiguous()
        }
    }

    /// What follows from the scores of a trace: from the cache, or traced by one process at a time, and kept there.
    ///
    /// - Parameters:
    ///   - phase: of the trace.
    ///   - make: gets the file of the scores, which goes away afterwards.
    func kept(
        _ key: String, of subject: Subject, phase: String, make: (_ scores: URL) throws -> Tensor
    ) throws -> Tensor {
        let store = try store(of: subject).store
        let name = String(key.prefix(32))
        try FileManager.default.createDirectory(at: store.folder, withIntermediateDirectories: true)
        return try store.locked(".\(name).lock") {
            try progress("wait for another process that traces", 0, 0)
        } work: {
            if let known = known(key, in: store) { return known }
            let url = store.folder.appending(path: "\(name).scores")
            if !FileManager.default.fileExists(atPath: url.path) { try trace(subject, to: url, phase: phase) }
            let made = try make(url)
            try store.put(key, made)
            try? FileManager.default.removeItem(at: url)
            return made
        }
    }

    /// A tensor of the cache; nil where there is none. A file that is damaged is as none, and a warning says so.
    private func known(_ key: String, in store: TensorStore) -> Tensor? {
        do {
            let known = try store.get(key)
            if known != nil { Host.log(.info, "the influence on these queries is in the cache") }
            return known
        } catch {
            Host.log(.warning, "queries are traced again: \(RuntimeError(error).message)")
            return nil
        }
    }

    func scoresKey(of subject: Subject) throws -> String {
        let chosen = try subject.choosing.map { try candidatesKey($0) } ?? ""
        let settings = try JSON.encode(subject.estimator.arguments)
        return Digest.of(
            Data(
                ([
                    "influence-scores/1", modelDigest, surroundings, try training().digest,
                    subject.estimator.description.id,
                    String(decoding: settings, as: UTF8.self), chosen,
                ] + subject.queries.flatMap { [$0.prompt, $0.text] }).joined(separator: "\0").utf8))
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

    /// The influence of a block of examples, `[queries, examples]`: 0 but for those at some places of the block.
    private func scores(
        of block: Range<Int>, _ places: [Int], _ subject: Subject, _ store: TensorStore, isFirst: Bool
    ) throws -> Tensor {
        let nothing = try Tensor.zeros([subject.queries.count, block.count])
        guard !places.isEmpty else { return nothing }
        let examples = try training().block(block)
        let found = try scores(of: places.map { examples[$0] }, subject, store, isFirst: isFirst)
        guard places.count < block.count else { return found }
        return try nothing.indexAdded(1, Tensor(places, shape: [places.count]), found)
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

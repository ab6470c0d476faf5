// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel
import TestSupport

/// Makes sessions that are alike: nothing stored, the same models, statistics and components. Keeps them as long as it
/// lives.
final class SessionMaker {
    private let original: LanguageModel
    private let edit: Patch
    private let components: [String: any Component]
    private let statistics: TestSession
    private var moments: [String: SecondMoment] = [:]
    private var made: [TestSession] = []

    /// - Parameters:
    ///   - isEdited: whether a patch is in force, so that the model to measure or edit differs from the original.
    ///   - components: what fills the settings of the component under test, by parameter name.
    init(
        _ family: TinyModel.Family = .gpt2, dtype: DType = .float32, isEdited: Bool = false,
        components: [String: any Component] = [:]
    ) throws {
        original = try TinyModel.load(family, dtype: dtype)
        statistics = TestSession(original)
        self.components = components
        guard isEdited else {
            edit = Patch()
            return
        }
        let name = try statistics.model.weightName(reading: .neurons(2))
        let noise = try RandomNumbers(seed: 5).normal([TinyModel.dModel, TinyModel.dMLP], deviation: 0.5)
        edit = Patch([Delta(name, .dense(noise))])
    }

    /// A new session, in the stage "after".
    func make() throws -> Session {
        let session = TestSession(original)
        try session.apply(edit)
        session.stage = "after"
        session.components = components
        session.training = SessionMaker.training
        session.influence = { _, queries in
            let examples = session.training.count
            let values = (0..<queries.count * examples).map { Double(($0 * 37) % 101) - 50 }
            return try Tensor(values, shape: [queries.count, examples]).cast(to: .float32)
        }
        session.secondMoment = { [unowned self] in try moment($0, $1) }
        made.append(session)
        return try session.session
    }

    /// Training examples that differ from each other.
    private static let training = ["Mount Etna", "The Eiffel tower", "Rome", "Paris"].flatMap { subject in
        ["lies in", "is the capital of", "plays", "is a", "was"].map { verb in
            MarkedText(prompt: "\(subject) \(verb)", text: " \(subject) Rome Paris")
        }
    }

    private func moment(_ kind: Site.Kind, _ layer: Int) throws -> SecondMoment {
        let key = "\(kind.name) \(layer)"
        if let moment = moments[key] { return moment }
        try statistics.takeStatistics(statisticsTexts)
        let moment = try statistics.secondMoment(kind, layer)
        moments[key] = moment
        return moment
    }
}

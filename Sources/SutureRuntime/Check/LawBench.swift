// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureLaws
import SutureModel

/// Checks the laws of a loaded component on a small model. In the worker, on one thread.
final class LawBench {
    private let original: LanguageModel
    /// With a patch in force, so that the model to measure or edit differs from the original.
    private let edited: LanguageModel
    private let progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void
    private var moments: [Site: SecondMoment] = [:]
    /// Components borrow them as long as the check lasts.
    private var sessions: [RunSession] = []

    /// - Parameter progress: hears how far a component is. Throws `cancelled` when the check must end.
    init(_ family: TinyModel.Family, progress: @escaping (String, Int, Int) throws -> Void) throws {
        original = try TinyModel.load(family)
        self.progress = progress
        // The patch is of a weight that a method may well edit: the output of an MLP.
        let handle = ModelTable.handle(original)
        defer { ModelTable.release(handle) }
        let name = try Model(borrowing: handle).weightName(reading: .neurons(2))
        let noise = try RandomNumbers(seed: 5).normal([TinyModel.dModel, TinyModel.dMLP], deviation: 0.5)
        edited = try original.applying([Delta(name, .dense(noise))])
    }

    /// Cases with every field, about what the model knows where it knows enough.
    private func cases() throws -> [EditCase] {
        let handle = ModelTable.handle(edited)
        defer { ModelTable.release(handle) }
        let count = TinyCases.complete.count
        let known = try TinyCases.known(to: Model(borrowing: handle), among: TinyCases.makeComplete(40)).prefix(count)
        return known.count == count ? Array(known) : TinyCases.complete
    }

    /// Two layers, where most patchers write; a locator finds better ones for those that need others.
    private static let locations = [1, 2].map {
        Location(.neurons($0), role: .subjectLast, score: 1, isSelected: true)
    }

    /// What became of each law of a component.
    ///
    /// - Parameter locator: finds the locations of a patcher; nil: two layers are given to it.
    /// - Throws: what the locator throws. An error of the component itself is a broken law.
    func results(of component: LoadedComponent, locator: LoadedComponent?) throws -> [LawResult] {
        let cases = try cases()
        let description = component.description
        var locations = LawBench.locations
        if let locator {
            let components = components
            locations = try components.perform(
                ComponentCall(.locate, cases: cases), by: locator, on: edited, components.services(of: locator)
            ).locations
        }
        let file = description.file
        let laws = Laws(
            ofKind: description.kind,
            describedBy: {
                guard let found = DescribeJob.describe(file).components.first(where: { $0.isSame(as: description) })
                else {
                    throw SutureError(.notFound, "asked again, the library does not declare it")
                }
                return Laws.Declaration(found.descriptor, found.parameters)
            },
            cases: cases, locations: locations, texts: TinyCases.texts, session: { try self.session(of: component) })
        return laws.results()
    }

    /// A session whose one setting is the component under test. Each is alike: nothing is stored or carried.
    private func session(of component: LoadedComponent) throws -> Session {
        let components = components
        var services = RunServices(progress: components.progress, secondMoments: components.secondMoments)
        services.call = { _, call, model in
            try components.perform(call, by: component, on: model, components.services(of: component))
        }
        let session = RunSession(
            of: component.description.id, ComponentCall(.patch, stage: "after"), model: edited, original: original,
            seed: 0, services: services)
        sessions.append(session)
        return try session.session
    }

    private var components: ComponentServices {
        ComponentServices(
            original: original, seed: 0, progress: progress,
            secondMoments: { [unowned self] kind, layers in try layers.map { try moment(kind, $0) } })
    }

    private func moment(_ kind: Site.Kind, _ layer: Int) throws -> SecondMoment {
        let site = Site(kind, layer: layer)
        if let moment = moments[site] { return moment }
        let settings = Experiment.Statistics(
            path: "of the check", limit: nil, maxTokens: nil, maxLength: TinyModel.contextLength, batchTokens: 1024,
            dtype: .float64)
        let pass = SecondMomentPass(model: original, settings: settings, progress: { _, _ in })
        let moment = try pass.run(kind, layers: [layer], lines: TinyCases.statisticsTexts)[0]
        moments[site] = moment
        return moment
    }
}

extension ComponentDescription {
    /// As a component of this process describes itself.
    fileprivate var descriptor: ComponentDescriptor {
        ComponentDescriptor(id: id, version: version, summary: summary, requires: requires)
    }

    fileprivate func isSame(as other: ComponentDescription) -> Bool { id == other.id && kind == other.kind }
}

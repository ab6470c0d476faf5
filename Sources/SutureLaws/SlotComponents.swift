// SPDX-License-Identifier: Apache-2.0

import SutureKit

// Components that hand every call on to the one that fills a setting of the session. So the laws, which know components
// of this process, check a component of a loaded library, too: the host calls it as it calls the settings of any other.

extension Laws {
    /// The setting that the component under test fills.
    package static let slot = ComponentReference(slot: "component")

    /// A stand-in for a component of a loaded library.
    static func standIn(for kind: ComponentKind, _ session: @escaping () throws -> Session) -> any Component {
        switch kind {
        case .locator: SlotLocator()
        case .patcher: SlotPatcher()
        case .evaluator: SlotEvaluator(session: session)
        case .annotator: SlotAnnotator()
        case .judge: SlotJudge()
        case .estimator: SlotEstimator()
        }
    }
}

private let slotDescriptor = ComponentDescriptor(id: "slot", summary: "Hands every call on.")

private struct SlotLocator: Locator {
    static var descriptor: ComponentDescriptor { slotDescriptor }
    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        try session.call(Laws.slot, ComponentCall(.locate, cases: cases), on: nil).locations
    }
}

private struct SlotPatcher: Patcher {
    static var descriptor: ComponentDescriptor { slotDescriptor }
    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        Patch(try session.call(Laws.slot, ComponentCall(.patch, cases: cases, locations: locations), on: nil).deltas)
    }
}

private struct SlotEvaluator: Evaluator {
    static var descriptor: ComponentDescriptor { slotDescriptor }
    /// For summaries, which come without a session.
    var session: () throws -> Session = {
        throw SutureError(.failedPrecondition, "there is no session to summarize in")
    }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        try session.call(Laws.slot, ComponentCall(.evaluate, stage: session.stage, cases: cases), on: nil).scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        let session = try session()
        return try session.call(Laws.slot, ComponentCall(.summarize, stage: session.stage, scores: scores), on: nil)
            .metrics
    }
}

private struct SlotAnnotator: Annotator {
    static var descriptor: ComponentDescriptor { slotDescriptor }
    func annotate(_ texts: [MarkedText], in session: Session) throws -> [[Range<Int>]] {
        var marks = [[Range<Int>]](repeating: [], count: texts.count)
        for mark in try session.call(Laws.slot, ComponentCall(.annotate, texts: texts), on: nil).marks {
            guard marks.indices.contains(mark.text) else {
                throw SutureError(.outOfRange, "it marked text \(mark.text), and there are \(texts.count)")
            }
            marks[mark.text].append(mark.bytes)
        }
        return marks
    }
}

private struct SlotJudge: Judge {
    static var descriptor: ComponentDescriptor { slotDescriptor }
    func judge(_ texts: [MarkedText], in session: Session) throws -> [Double] {
        try session.judge(texts, with: Laws.slot)
    }
}

private struct SlotEstimator: Estimator {
    static var descriptor: ComponentDescriptor { slotDescriptor }
    let memory = QueryMemory<[MarkedText]>()

    func sumNames(inPass pass: Int, in session: Session) throws -> [String] {
        try session.call(Laws.slot, ComponentCall(.fit, stage: FitPass(number: pass).stage), on: nil).tensors.map(
            \.name)
    }

    func prepare(_ queries: [MarkedText], in session: Session) throws -> [MarkedText] { queries }

    func influence(of examples: [MarkedText], on queries: [MarkedText], in session: Session) throws -> Tensor {
        let call = ComponentCall(.trace, texts: queries, examples: examples, startsAnew: true)
        guard let found = try session.call(Laws.slot, call, on: nil).tensors.first else {
            throw SutureError(.dataLoss, "it handed out nothing")
        }
        return found.tensor
    }
}

// SPDX-License-Identifier: Apache-2.0

import CSuture
import SutureKit

let plugin = PluginExport(
    id: "fault.swift", version: "0.1.0",
    components: [
        Marker.self, Filler.self, Meter.self, Thrower.self, Trapper.self, Refuser.self, Finder.self, Twice.self,
        Counter.self, Picky.self, Extender.self,
    ])

@c @implementation
public func suture_plugin_entry(_ major: UInt32, _ minor: UInt32) -> UnsafePointer<suture_plugin>? {
    plugin.entry(hostMajor: major)
}

/// Selects the layers that it is told.
struct Marker: Locator {
    static let descriptor = ComponentDescriptor(id: "marker", summary: "Selects layers.", requires: [.prompt])
    @Parameter("layers", in: .nonNegative, help: "Layers to select.") var layers = [1, 2]

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        cases.flatMap { item in
            layers.map { Location(.neurons($0), caseIndex: item.index, score: Double($0) / 2, isSelected: true) }
        }
    }
}

/// Changes one weight by an outer product of what it is told.
struct Filler: Patcher {
    static let descriptor = ComponentDescriptor(id: "filler", version: "2.0.0", summary: "Fills a matrix.")
    @Parameter("parameter", help: "The weight.") var parameter: String
    @Parameter("left", help: "Column.") var left = [1.0, 2]
    @Parameter("right", help: "Row.") var right = [1.0, 0.5, 0.25]
    @Parameter("scale", in: .positive, unit: "ratio", help: "Factor.") var scale: Double?
    @Parameter("groups", help: "Texts that are not used.") var groups = [["a"], [], ["b", "c"]]

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard groups == [["a"], [], ["b", "c"]] else {
            throw SutureError(.invalidArgument, "groups arrived as \(groups)")
        }
        try session.progress("fill", 1, of: 1)
        let factor = scale ?? 1
        let left = try Tensor(self.left.map { $0 * factor }, shape: [self.left.count, 1])
        let right = try Tensor(self.right, shape: [1, self.right.count])
        session.log(.info, "filled \(parameter)")
        return Patch([Delta(parameter, .lowRank(left: left, right: right))])
    }
}

/// Scores each case by the length of its prompt.
struct Meter: Evaluator {
    static let descriptor = ComponentDescriptor(id: "meter", summary: "Measures prompts.")

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        try cases.map { Score("length", Double($0.prompt.count) + Double(try session.seed), caseIndex: $0.index) }
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        [Metric.mean(of: "length", in: scores, unit: "letters", direction: .none, protocol: "count")].compactMap(\.self)
    }
}

struct Odd: Error, CustomStringConvertible {
    var description: String { "an error of the plugin's own" }
}

struct Thrower: Patcher {
    static let descriptor = ComponentDescriptor(id: "thrower", summary: "Throws.")
    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch { throw Odd() }
}

struct Trapper: Patcher {
    static let descriptor = ComponentDescriptor(id: "trapper", summary: "Reads beyond an array.")
    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        _ = cases[cases.count]
        return Patch()
    }
}

/// Refuses settings that contradict each other.
struct Refuser: Patcher {
    static let descriptor = ComponentDescriptor(id: "refuser", summary: "Refuses its settings.")
    @Parameter("first", help: "Must be below second.") var first = 2
    @Parameter("second", help: "Must be above first.") var second = 1

    func validate() throws {
        guard first < second else {
            throw SutureError(
                .invalidArgument, "refuser: `first` must be below `second`, got \(first) and \(second)",
                hint: "swap them")
        }
    }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch { Patch() }
}

/// Marks every place of a text.
struct Finder: Annotator {
    static let descriptor = ComponentDescriptor(id: "finder", summary: "Marks a text.")
    @Parameter("text", help: "What to mark.") var text = "a"

    func annotate(_ texts: [MarkedText], in session: Session) throws -> [[Range<Int>]] {
        let wanted = Array(text.utf8)
        return texts.map { item in
            let bytes = Array(item.text.utf8)
            guard bytes.count >= wanted.count else { return [] }
            return (0...bytes.count - wanted.count).filter { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
                .map { $0..<$0 + wanted.count }
        }
    }
}

/// Calls another patcher twice, the second time on the model that the first call left.
struct Twice: Patcher {
    static let descriptor = ComponentDescriptor(id: "twice", summary: "Calls another patcher twice.")
    @Parameter("base", kind: .patcher, help: "The other.") var base: ComponentReference
    @Parameter("annotator", kind: .annotator, needsOtherwise: .generations, help: "Counts in prompts.")
    var annotator: ComponentReference?
    @Parameter("anew", help: "Each call carries what was there at the start.") var startsAnew = false

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        var total = Patch()
        for pass in 1...2 {
            let model = try session.model.applying(total)
            let made = try session.patch(
                cases, at: locations, with: base, on: model, state: startsAnew ? .anew : .continued)
            total.deltas += made.patch.deltas
            for score in made.scores { try session.record(Score("base_\(score.name)", score.value)) }
            if pass == 1 { try session.report(stage: "pass-1", total) }
        }
        if let annotator {
            let marks = try session.annotate(cases.map { MarkedText(text: $0.filledPrompt) }, with: annotator)
            for (item, found) in zip(cases, marks) {
                try session.record(Score("marks", Double(found.count), caseIndex: item.index))
            }
        }
        return total
    }
}

/// Adds one to a weight for each call that it knows of, this one included, and says how many those are.
struct Counter: Patcher {
    static let descriptor = ComponentDescriptor(id: "counter", summary: "Counts its calls in a weight.")
    @Parameter("parameter", help: "The weight.") var parameter: String

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        let calls = try (session.carried("calls")?.item() ?? 0) + 1
        try session.carry("calls", Tensor([calls]))
        guard try session.stored("calls") == nil else {
            throw SutureError(.internal, "a call found the store of another")
        }
        try session.store("calls", Tensor([calls]))
        try session.record(Score("calls", calls))
        let shape = try session.model.parameter(parameter).shape
        return Patch([Delta(parameter, .dense(try Tensor.ones(shape) * calls))])
    }
}

/// Edits one case and leaves the others alone.
struct Picky: Patcher {
    static let descriptor = ComponentDescriptor(id: "picky", summary: "Edits one case.")
    @Parameter("parameter", help: "The weight.") var parameter: String
    @Parameter("only", help: "Index of the case.") var only = 0

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard cases.contains(where: { $0.index == only }) else { return Patch() }
        return Patch([Delta(parameter, .dense(try Tensor.ones(session.model.parameter(parameter).shape)))])
    }
}

/// Hands out what is no change of a weight.
struct Extender: Patcher {
    static let descriptor = ComponentDescriptor(id: "extender", summary: "Adds a vector at a site.")

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        let vector = PatchExtension(
            id: "org.example.vector/1", tensors: [("vector", try Tensor([1.0, 2]))], settings: "{\"layer\": 3}")
        return Patch([Delta("", .extension(vector))])
    }
}

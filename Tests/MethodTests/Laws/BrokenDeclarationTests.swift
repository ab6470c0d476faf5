// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureLaws
import Synchronization
import TestSupport
import Testing

/// A judge whose declaration alone is of interest.
private protocol Declaring: Judge {}

extension Declaring {
    static var descriptor: ComponentDescriptor { ComponentDescriptor(id: "test", summary: "For tests.") }
    func judge(_ texts: [MarkedText], in _: Session) throws -> [Double] { texts.map { _ in 1 } }
}

private let calls = Atomic(0)

/// Different each time that it is asked for.
private var nextNumber: Int { calls.add(1, ordering: .relaxed).newValue }

private struct Misnamed: Declaring {
    static let descriptor = ComponentDescriptor(id: "Two words", version: "1.0", summary: "For\ntests.")
}
private struct Silent: Declaring {
    static let descriptor = ComponentDescriptor(id: "silent", summary: "")
}
private struct Changing: Declaring {
    static var descriptor: ComponentDescriptor {
        ComponentDescriptor(id: "changing", summary: "For tests \(nextNumber).")
    }
}
private struct Moody: Declaring {
    @Parameter("number", help: "h") var number = nextNumber
}
private struct Twins: Declaring {
    @Parameter("number", help: "h") var number = 1
    @Parameter("number", help: "h") var other = 1
}
private struct Spaced: Declaring { @Parameter("a number", help: "h") var number = 1 }
private struct Helpless: Declaring { @Parameter("number", help: "") var number = 1 }
private let nothing: ParameterRange = {
    var range = ParameterRange.closed(1...1)
    range.excludesMinimum = true
    return range
}()
private struct Impossible: Declaring { @Parameter("number", in: nothing, help: "h") var number = 1 }
private struct Endless: Declaring { @Parameter("number", help: "h") var number = Double.infinity }
private struct Outside: Declaring { @Parameter("number", in: .positive, help: "h") var number = 0 }
private struct PartlyOutside: Declaring {
    @Parameter("numbers", in: .closed(0...1), help: "h") var numbers = [0.5, 1.5]
}
private struct Repeated: Declaring { @Parameter("text", choices: ["a", "a"], help: "h") var text = "a" }
private struct Unlisted: Declaring { @Parameter("text", choices: ["a", "b"], help: "h") var text = "c" }
private struct PartlyUnlisted: Declaring {
    @Parameter("texts", choices: ["a", "b, \"c"], help: "h") var texts = ["b, \"c", "a", "ab"]
}
private struct NoLayer: Declaring { @Parameter("text", unit: "layer", help: "h") var text = "a" }
private struct NoSite: Declaring { @Parameter("number", unit: "site", help: "h") var number = 1 }
/// Everything that is allowed.
private struct Sound: Declaring {
    @Parameter("L2", in: .nonNegative, help: "h") var number = 0.0
    @Parameter("counts", in: .positive, help: "h") var counts = [1, 2]
    @Parameter("none", help: "h") var none: Double?
    @Parameter("given", help: "h") var given: String
    @Parameter("texts", choices: ["a", "b, \"c"], help: "h") var texts = ["b, \"c", "a"]
    @Parameter("empty", in: .positive, help: "h") var empty: [Int] = []
    @Parameter("layer", in: .nonNegative, unit: "layer", help: "h") var layer: Int?
    @Parameter("sites", help: "h") var sites = [Site.Kind.gate]
    @Parameter("judge", kind: .judge, help: "h") var judge: ComponentReference?
}

@Suite("Broken laws of declarations")
struct BrokenDeclarationTests {
    private func broken(_ component: any Component) throws -> [String] {
        let sessions = try SessionMaker()
        return Laws(of: component, texts: LawSubject.texts, session: sessions.make).broken()
    }

    @Test("A component has an id of lower-case words, a version, and a summary of one line, the same each time")
    func descriptors() throws {
        #expect(
            try broken(Misnamed()) == [
                "Two words: its id must be words of lower-case letters and digits, joined by hyphens",
                "Two words: its version \"1.0\" is not three numbers with dots between them",
                "Two words: its summary has more than one line",
            ])
        #expect(try broken(Silent()) == ["silent: it has no summary"])
        #expect(try broken(Changing()) == ["changing: asked twice, it describes itself differently"])
    }

    @Test("Parameters have names of their own, help, ranges and defaults that make sense, the same each time")
    func parameters() throws {
        #expect(try broken(Moody()) == ["test: asked twice, it declares different parameters"])
        #expect(try broken(Twins()) == ["test: it declares the parameter \"number\" twice"])
        let faults: [(any Component, String)] = [
            (Spaced(), "\"a number\" must be named by words of letters and digits, joined by underscores"),
            (Helpless(), "\"number\" has no help"),
            (Impossible(), "\"number\" allows no number"),
            (Endless(), "\"number\" has a default that is not finite"),
            (Outside(), "\"number\" has 0 in its default, which its range does not allow"),
            (PartlyOutside(), "\"numbers\" has 1.5 in its default, which its range does not allow"),
            (Repeated(), "\"text\" lists a choice twice"),
            (Unlisted(), "\"text\" has a default that is not one of its choices"),
            (PartlyUnlisted(), "\"texts\" has a default that is not one of its choices"),
            (NoLayer(), "\"text\" has the unit of layers and is no whole number"),
            (NoSite(), "\"number\" has the unit of sites and is no text"),
        ]
        for (component, sentence) in faults {
            #expect(try broken(component) == ["test: the parameter \(sentence)"])
        }
        #expect(try broken(Sound()) == [])
    }
}

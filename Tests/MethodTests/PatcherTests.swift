// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import AlphaEdit
@testable import MEMIT
@testable import PMET
@testable import ValueEditing

@Suite("Patching a tiny model")
struct PatcherTests {
    private static let templates = [["{}"], ["Rome is a capital. {}", "The tower. {}"]]

    private func memit() -> MEMIT {
        let memit = MEMIT()
        memit.contexts.given = PatcherTests.templates
        memit.values.learningRate = 0.2
        memit.values.weightDecay = 0
        memit.values.clampFactor = 3
        memit.updateWeight = 0.05
        return memit
    }

    private func pmet() -> PMET {
        let pmet = PMET()
        pmet.contexts.given = PatcherTests.templates
        pmet.values.steps = 15
        pmet.values.learningRate = 0.2
        pmet.values.weightDecay = 0
        pmet.values.clampFactor = 3
        pmet.updateWeight = 0.05
        return pmet
    }

    private func alphaEdit() -> AlphaEdit {
        let alphaEdit = AlphaEdit()
        alphaEdit.contexts.given = PatcherTests.templates
        alphaEdit.values.steps = 15
        alphaEdit.values.learningRate = 0.2
        alphaEdit.values.weightDecay = 0
        alphaEdit.values.clampFactor = 3
        alphaEdit.traceShare = 0.3
        alphaEdit.ridge = 0.01
        return alphaEdit
    }

    private func session(_ family: TinyModel.Family) throws -> TestSession {
        let session = try TestSession(TinyModel.load(family))
        try session.takeStatistics(statisticsTexts)
        return session
    }

    /// Mean −log p of the new objects' first tokens after their prompts.
    private func loss(_ cases: [EditCase], _ model: Model) throws -> Double {
        let losses = try cases.map { editCase -> Double in
            let (prompt, target) = try model.encode(prompt: editCase.filledPrompt, target: editCase.targetNew)
            let logits = try #require(try model.forward(Forward(TokenBatch([prompt]), logits: .last)).logits)
            return try -logits.logSoftmax()[0][target[0]].item()
        }
        return losses.reduce(0, +) / Double(losses.count)
    }

    private func layers(_ layers: [Int]) -> [Location] {
        layers.map { Location(.neurons($0), role: .subjectLast, score: 1, isSelected: true) }
    }

    @Test("MEMIT brings the new objects closer, writing only the selected layers", arguments: TinyModel.Family.allCases)
    func memitWrites(family: TinyModel.Family) throws {
        let session = try session(family)
        let cases = TinyCases.make(3)
        let before = try loss(cases, session.model)
        let patch = try memit().patch(cases, at: layers([0, 1, 2]), in: session.session)
        let names = try (0..<3).map { try session.model.weightName(reading: .neurons($0)) }
        #expect(patch.deltas.map(\.parameter) == names)
        try session.apply(patch)
        #expect(try loss(cases, session.model) < before)
    }

    @Test("MEMIT's result does not depend on the token budget")
    func memitBatching() throws {
        let session = try session(.gpt2)
        let cases = TinyCases.make(4)
        let whole = try memit().patch(cases, at: layers([1, 2]), in: session.session)
        session.store = [:]
        let small = memit()
        small.values.tokenBudget = 1
        let parts = try small.patch(cases, at: layers([1, 2]), in: session.session)
        for (a, b) in zip(whole.deltas, parts.deltas) {
            let (a, b) = (try a.dense(shape: [16, 64]), try b.dense(shape: [16, 64]))
            #expect(try distance(a, b) < 1e-2 * a.abs().max().item())
        }
    }

    @Test(
        "PMET and AlphaEdit bring the values closer to their targets, writing only the selected layers",
        arguments: TinyModel.Family.allCases)
    func successorsWrite(family: TinyModel.Family) throws {
        let pairs: [(any Patcher, Site)] = [(pmet(), .mlpOutput(2)), (alphaEdit(), .residualOut(2))]
        for (patcher, site) in pairs {
            let session = try session(family)
            let cases = TinyCases.make(3)
            let prompts = try cases.map {
                try ContextTemplates(groups: [["{}"]]).lookups(of: $0, .subjectLast, session.model)[0]
                    .tokensThroughLookup
            }
            let patch = try patcher.patch(cases, at: layers([0, 1, 2]), in: session.session)
            let names = try (0..<3).map { try session.model.weightName(reading: .neurons($0)) }
            #expect(patch.deltas.map(\.parameter) == names)
            let targets = try #require(session.store.values.first)[0].sliced(1, 0..<16)
            func way() throws -> Double {
                let current = try session.model.values(of: site, atEndOf: prompts, tokenBudget: 1000)
                return try (targets - current).norm(1).mean().item()
            }
            let before = try way()
            try session.apply(patch)
            #expect(try way() < 0.8 * before)
        }
    }

    @Test("PMET's and AlphaEdit's results do not depend on the token budget")
    func successorsBatching() throws {
        let (pmetParts, alphaParts) = (pmet(), alphaEdit())
        pmetParts.values.tokenBudget = 1
        alphaParts.values.tokenBudget = 1
        let pairs: [(any Patcher, any Patcher)] = [(pmet(), pmetParts), (alphaEdit(), alphaParts)]
        let session = try session(.gpt2)
        let cases = TinyCases.make(4)
        func patch(_ patcher: any Patcher) throws -> [Tensor] {
            session.store = [:]
            session.carried = [:]
            return try patcher.patch(cases, at: layers([1, 2]), in: session.session).deltas
                .map { try $0.dense(shape: [16, 64]) }
        }
        for (whole, parts) in pairs {
            for (a, b) in zip(try patch(whole), try patch(parts)) {
                #expect(try distance(a, b) < 1e-2 * a.abs().max().item())
            }
        }
    }

    @Test("PMET spreads the way of the MLP's output by the square roots of the layers that are left")
    func pmetSpread() throws {
        let session = try session(.gpt2)
        let cases = TinyCases.make(2)
        let patch = try pmet().patch(cases, at: layers([1, 2]), in: session.session)
        let values = try #require(session.store.values.first)[0].sliced(1, 0..<16)
        // Word for word: keys and outputs by plain passes, the explicit inverse.
        let templates = ContextTemplates(groups: PatcherTests.templates)
        var model = try session.model
        for (place, layer) in [1, 2].enumerated() {
            var keys: [Tensor] = []
            var ways: [Tensor] = []
            for (i, editCase) in cases.enumerated() {
                let rows = try templates.lookups(of: editCase, .subjectLast, model).map(\.tokensThroughLookup)
                func last(_ site: Site, _ row: [Int]) throws -> Tensor {
                    var pass = Forward(try TokenBatch([row]), logits: .none)
                    pass.captures = [Capture(site, at: [TokenIndex(row: 0, position: row.count - 1)])]
                    return try model.forward(pass).captures[0][0].cast(to: .float64)
                }
                let read = try rows.map { try last(.neurons(layer), $0) }
                keys.append(try 0.5 * read[0] + 0.25 * read[1] + 0.25 * read[2])
                ways.append(try values[i].cast(to: .float64) - last(.mlpOutput(2), rows[0]))
            }
            let k = try Tensor.stacked(keys, 1)
            let r = try Tensor.stacked(ways, 1) / (place == 0 ? 2.squareRoot() : 1)
            let moment = try session.secondMoment(.neurons, layer).matrix
            let change = try r.matmul(k.transposed()).matmul((0.05 * moment + k.matmul(k.transposed())).inverse())
            let written = try patch.deltas[place].dense(shape: [16, 64])
            #expect(try distance(written, change) < 1e-3 * change.abs().max().item())
            model = try model.applying(Patch([patch.deltas[place]]))
        }
    }

    @Test("Every method records how likely the new objects are: before, with the value, with the weights written")
    func records() throws {
        let rome = ROME()
        rome.contexts.given = PatcherTests.templates
        rome.values.learningRate = 0.2
        let templates = ContextTemplates(groups: PatcherTests.templates)
        func plain(_ editCase: EditCase, _ model: Model) throws -> Double {
            let target = try model.encode(prompt: editCase.filledPrompt, target: editCase.targetNew).target
            let losses = try templates.all.map { context -> Double in
                let prompt = try model.encode(Template.fill(context, with: editCase.filledPrompt))
                let pass = Forward(try TokenBatch([prompt + target.dropLast()]))
                let logits = try #require(model.forward(pass).logits)[0]
                return try logits[prompt.count - 1..<prompt.count + target.count - 1]
                    .crossEntropy(Tensor(target)).item()
            }
            return losses.reduce(0, +) / Double(losses.count)
        }
        for patcher in [memit(), pmet(), alphaEdit(), rome] as [any Patcher] {
            let session = try session(.gpt2)
            // ROME's later cases start on the model that the earlier ones left.
            let cases = TinyCases.make(patcher is ROME ? 1 : 3)
            let before = try session.model
            try session.apply(
                try patcher.patch(cases, at: layers(patcher is ROME ? [1] : [1, 2]), in: session.session))
            for editCase in cases {
                func score(_ name: String) throws -> Double {
                    try #require(session.scores.first { $0.name == name && $0.caseIndex == editCase.index }).value
                }
                #expect(try abs(score("rewrite_nll_initial") - plain(editCase, before)) < 1e-3)
                #expect(try abs(score("rewrite_nll_written") - plain(editCase, session.model)) < 1e-3)
                #expect(try score("rewrite_nll_value") < score("rewrite_nll_initial"))
            }
        }
    }

    @Test("AlphaEdit, and MEMIT where it is asked to, leave the keys of earlier groups where they are")
    func carriedKeys() throws {
        let cases = TinyCases.make(4)
        let carrying = memit()
        carrying.carriesKeys = true
        carrying.updateWeight = 1e-4
        for patcher in [alphaEdit(), carrying] as [any Patcher] {
            let session = try session(.gpt2)
            try session.apply(try patcher.patch(Array(cases[..<2]), at: layers([1]), in: session.session))
            let kept = try #require(session.carried["keys/blocks.1.neurons"])
            #expect(kept.shape == [2, 64])
            /// How far the second group moves what the first group's keys give.
            func movement(carried: [String: Tensor]) throws -> Double {
                session.store = [:]
                session.carried = carried
                let patch = try patcher.patch(Array(cases[2...]), at: layers([1]), in: session.session)
                let change = try patch.deltas[0].dense(shape: [16, 64]).cast(to: .float64)
                return try change.matmul(kept.transposed()).norm().item()
            }
            let free = try movement(carried: [:])
            #expect(try movement(carried: ["keys/blocks.1.neurons": kept]) < 0.5 * free)
            #expect(session.carried["keys/blocks.1.neurons"]?.shape == [4, 64])
        }
    }

    @Test("More keys than neurons are carried as few rows with the same products")
    func compressedKeys() throws {
        try TestHost.install()
        let rows = try RandomNumbers(seed: 2).normal([40, 12], dtype: .float64)
        let few = try PreviousKeys.compressed(rows)
        #expect(few.shape == [12, 12])
        #expect(try distance(few.transposed().matmul(few), rows.transposed().matmul(rows)) < 1e-10)
        #expect(try PreviousKeys.compressed(rows[0..<3]).shape == [3, 12])
    }

    @Test(
        "ROME makes the edited layer give the value that was optimised",
        arguments: TinyModel.Family.allCases, ROME.Key.allCases)
    func romeWrites(family: TinyModel.Family, key: ROME.Key) throws {
        let session = try session(family)
        let editCase = TinyCases.make(1)[0]
        let rome = ROME()
        rome.contexts.given = PatcherTests.templates
        rome.values.learningRate = 0.2
        rome.values.weightDecay = 0
        rome.keyChoice = key
        let before = try session.model
        let patch = try rome.patch([editCase], at: layers([1]), in: session.session)
        // What is kept of a chunk is `[site, case, dModel + 2]`.
        let target = try #require(session.store.values.first)[0].sliced(1, 0..<16)
        try session.apply(patch)

        // The first MLP input of layer 1 is unchanged, so its output moves by the write alone.
        let templates = ContextTemplates(groups: PatcherTests.templates)
        let rows = try templates.lookups(of: editCase, .subjectLast, before).map(\.tokensThroughLookup)
        let read = key == .average ? rows : [rows[0]]
        func output(_ model: Model) throws -> Tensor {
            try model.values(of: .mlpOutput(1), atEndOf: read, tokenBudget: 1000).mean(0)
        }
        #expect(try distance(output(session.model), target[0]) < 1e-3)
        #expect(try loss([editCase], session.model) < loss([editCase], before))
    }

    @Test("ROME writes several facts one after the other, as separate runs on the edited model would")
    func romeSequence() throws {
        let cases = TinyCases.make(3)
        func rome() -> ROME {
            let rome = ROME()
            rome.contexts.given = PatcherTests.templates
            rome.values.learningRate = 0.2
            return rome
        }
        let together = try session(.gpt2)
        try together.apply(try rome().patch(cases, at: layers([1]), in: together.session))
        let apart = try session(.gpt2)
        for editCase in cases {
            apart.store = [:]
            try apart.apply(try rome().patch([editCase], at: layers([1]), in: apart.session))
        }
        let name = try together.model.weightName(reading: .neurons(1))
        #expect(try distance(together.model.parameter(name), apart.model.parameter(name)) < 1e-4)
    }

    @Test("Layers come from the setting or the locator; two answers are an error")
    func layerChoice() throws {
        let session = try session(.gpt2)
        let cases = TinyCases.make(2)
        let memit = memit()
        #expect(
            throws: SutureError(
                .invalidArgument, "memit has no layer to write: the locator selected no neurons for case 100",
                hint: "set layers, or use a locator that selects the site neurons, such as fixed-layers")
        ) {
            try memit.patch(cases, at: [], in: session.session)
        }
        memit.layers = [1]
        #expect(
            throws: SutureError(
                .invalidArgument, "memit has the setting layers [1], but the locator selected [2]",
                hint: "remove one of the two")
        ) {
            try memit.patch(cases, at: layers([2]), in: session.session)
        }
        memit.layers = [4]
        #expect(
            throws: SutureError(
                .outOfRange, "memit cannot write layers [4]: the model has 4", hint: "layers count from 0")
        ) {
            try memit.patch(cases, at: [], in: session.session)
        }
        memit.layers = nil
        let differing = [0, 1].map { Location(.neurons($0), caseIndex: $0, score: 1, isSelected: true) }
        #expect(
            throws: SutureError(
                .invalidArgument,
                "memit writes all cases at once, but layers [0] are selected for case 100 and [1] for case 101",
                hint: "use a locator that selects the same layers for every case, or set layers")
        ) {
            try memit.patch(cases, at: differing, in: session.session)
        }
    }
}

@Suite("Context templates")
struct ContextTemplateTests {
    @Test("Samples are lines with one slot at the end, the same for the same seed")
    func samples() throws {
        let session = try TestSession(TinyModel.load())
        let settings = ContextTemplateSettings(lengths: [10, 5, 6, 2], openers: ["The", " Rome is"])
        let templates = try settings.templates(in: session.session)
        #expect(templates.groups.map(\.count) == [1, 5, 2])
        #expect(templates.all[0] == "{}")
        let sampled = templates.all.dropFirst()
        #expect(sampled.allSatisfy { $0.hasSuffix(". {}") && Template.parts(of: $0)?.suffix == "" })
        #expect(templates.groups[1].prefix(3).allSatisfy { $0.hasPrefix("The") })
        #expect(templates.groups[1].suffix(2).allSatisfy { $0.hasPrefix(" Rome is") })
        let again = try settings.templates(in: session.session)
        #expect(again.groups == templates.groups)
        session.seed = 1
        #expect(try settings.templates(in: session.session).groups != templates.groups)
    }

    @Test("In a key, the plain prompt weighs as much as all samples of a group")
    func weights() {
        let templates = ContextTemplates(groups: [["{}"], ["a {}", "b {}", "c {}", "d {}", "e {}"]])
        #expect(templates.keyWeights == [0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
        #expect(templates.flattened.keyWeights == [Double](repeating: 1 / 6.0, count: 6))
    }

    @Test("Clean-up takes slots and double newlines out")
    func cleaning() {
        #expect(ContextTemplateSettings.cleaned("a {b}\n\nc\nd") == "a  b  c\nd")
        #expect(ContextTemplateSettings.cleaned("a\n\n\nb") == "a \nb")
    }

    @Test("Templates that cannot be used are refused before the model is loaded")
    func validation() {
        let settings = ContextTemplateSettings(lengths: [10, 5], openers: [])
        settings.given = [["The {}"]]
        #expect(
            throws: SutureError(
                .invalidArgument, "context_templates must begin with the plain prompt \"{}\"",
                hint: "write [[\"{}\"], [\"… {}\", …]]")
        ) { try settings.validate() }
        settings.given = [["{}"], ["{} and {}"]]
        #expect(
            throws: SutureError(
                .invalidArgument, "the context template \"{} and {}\" must have exactly one {}",
                hint: "write {} where the prompt follows")
        ) { try settings.validate() }
        settings.given = nil
        settings.lengths = [10]
        #expect(
            throws: SutureError(
                .invalidArgument, "context_template_length_params needs pairs, got 1 numbers",
                hint: "write [10, 5] for five samples of ten tokens")
        ) { try settings.validate() }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import STAR

/// Answers of which the tiny model gets most tokens wrong.
private func answers(_ count: Int) -> [EditCase] {
    let texts = [
        ("The capital of", " Rome is"), ("Mount Etna lies", " in the"), ("The mother", " tongue of Paris"),
        ("Eiffel tower", " plays a"), ("f(x)", "=y{};"),
    ]
    return (0..<count).map { EditCase(index: $0, id: "\(100 + $0)", prompt: texts[$0].0, answer: texts[$0].1) }
}

private func norm(_ a: [Double]) -> Double { a.reduce(0) { $0 + $1 * $1 }.squareRoot() }

@Suite("Semantic bases")
struct SemanticBasisTests {
    @Test("The head is read off the model as the checkpoint stores it", arguments: TinyModel.Family.allCases)
    func head(family: TinyModel.Family) throws {
        let model = try TestSession(TinyModel.load(family)).model
        let name = family == .gpt2 ? "transformer.wte.weight" : "lm_head.weight"
        #expect(try distance(SemanticBasis.head(of: model), model.parameter(name).transposed()) < 1e-6)
    }

    @Test("A cap of the logits does not bend what is read of the head")
    func cappedHead() throws {
        let model = try TestSession(TinyModel.load(.gemma2)).model
        let head = try model.parameter("model.embed_tokens.weight").transposed()
        #expect(try distance(SemanticBasis.head(of: model), head) < 1e-5 * head.abs().max().item())
    }

    @Test(
        "The final norm's gain is read off the model as the checkpoint stores it",
        arguments: TinyModel.Family.allCases)
    func gain(family: TinyModel.Family) throws {
        let model = try TestSession(TinyModel.load(family)).model
        let name = family == .llama ? "model.norm.weight" : "transformer.ln_f.weight"
        #expect(try distance(SemanticBasis.gain(of: model), model.parameter(name)) < 1e-5)
    }

    @Test("One Cholesky factor gives the rows of the head's pseudo-inverse, and the projector that they make")
    func pseudoInverse() throws {
        let model = try TestSession(TinyModel.load(.llama)).model
        let basis = try SemanticBasis(model, usesGain: false)
        let tokens = Array(0..<model.info.vocabulary)
        let vectors = try basis.vectors(of: tokens)
        let head = try model.parameter("lm_head.weight").cast(to: .float64)
        #expect(try distance(vectors, head.transposed().pseudoInverse()) < 1e-10)

        let projector = try head.matmul(vectors.transposed())
        #expect(try distance(projector, projector.transposed()) < 1e-10)
        #expect(try distance(projector.matmul(projector), projector) < 1e-10)
        #expect(abs(try projector.diagonal().sum().item() - Double(TinyModel.dModel)) < 1e-8)

        // A hidden state moved by b_t − b_a.
        let (target, choice) = (17, 40)
        let moved = try head.matmul((vectors[target] - vectors[choice]).unsqueezed(1)).squeezed(1)
        let image = try projector.select(1, target) - projector.select(1, choice)
        let contrast = try (moved[target] - moved[choice]).item()
        #expect(abs(contrast - (try image.square().sum().item())) < 1e-10 && contrast > 0)
    }

    @Test("A head of dependent columns gets a ridge, a zero head is refused")
    func rank() throws {
        try TestHost.install()
        let column = try RandomNumbers(seed: 1).normal([1, 30])
        let basis = try SemanticBasis(atoms: Tensor.concatenated([column, column * 2]))
        let expected = try Tensor.concatenated([column, column * 2]).cast(to: .float64).pseudoInverse()
        #expect(try distance(basis.vectors(of: Array(0..<30)), expected) < 1e-4)
        #expect(
            throws: SutureError(
                .failedPrecondition, "the head's moment UᵀU is not positive definite, even with a ridge",
                hint: "check that the head is not zero")
        ) { try SemanticBasis(atoms: Tensor.zeros([2, 30])) }
    }

    @Test("Steers are over their interquartile range, and over 1.35 deviations where that vanishes")
    func scaling() {
        let scaled = SemanticSteer.scaledByQuartiles([4, 0, 1, 3, 2])
        #expect(zip(scaled, [2, 0, 0.5, 1.5, 1]).allSatisfy { abs($0 - $1) < 1e-7 })
        let spiky = SemanticSteer.scaledByQuartiles([0, 0, 0, 10, 0, 0, 0, 0])
        #expect(abs(spiky[3] - 10 / (1.35 * 10 * (7.0 / 64).squareRoot())) < 1e-9)
        #expect(SemanticSteer.scaledByQuartiles([0, 0]) == [0, 0])
        #expect(SemanticSteer.scaledByExtremes([1, -1, 0]) == [0.5, -0.5, 0])
    }
}

@Suite("Patches of least norm")
struct MinimumNormTests {
    private func random(_ shape: [Int], _ seed: Int) throws -> Tensor {
        try TestHost.install()
        return try RandomNumbers(seed: seed).normal(shape)
    }

    @Test("One failure: D = zᵀ s / |z|²")
    func single() throws {
        let z = try random([1, 24], 1)
        #expect(try distance(MinimumNorm.factor(z), z / z.square().sum()) < 1e-6)
        #expect(try distance(MinimumNorm.factor(Tensor.zeros([1, 24])), Tensor.zeros([1, 24])) == 0)
    }

    @Test("Several: Z D = S exactly while there are neurons enough, else by least squares", arguments: [6, 24, 40])
    func several(count: Int) throws {
        let (z, s) = (try random([count, 24], 2), try random([count, 5], 3))
        let d = try MinimumNorm.factor(z).transposed().matmul(s)
        let expected = try z.cast(to: .float64).pseudoInverse().matmul(s.cast(to: .float64))
        // The pseudo-inverse by the Gram matrix squares its condition.
        #expect(try distance(d, expected) < 1e-3 * expected.abs().max().item())
        if count == 6 { #expect(try distance(z.matmul(d), s) < 1e-5) }
    }

    @Test("Equal contexts with different steers get the average")
    func duplicates() throws {
        let row = try random([1, 24], 4)
        let z = try Tensor.concatenated([row, row])
        let s = try random([2, 5], 5)
        let d = try MinimumNorm.factor(z).transposed().matmul(s)
        #expect(try distance(z[0..<1].matmul(d).squeezed(0), s.mean(0)) < 1e-5)
    }
}

@Suite("Passes of a repair")
struct RepairPassTests {
    private func rows(_ model: Model, _ count: Int = 3) throws -> [RepairRow] {
        try answers(count).map {
            let answer = try ReferenceAnswer($0, limit: nil, model)
            return RepairRow(
                tokens: answer.forced,
                reads: answer.answer.enumerated().map {
                    RepairRead(position: answer.position(of: $0.offset), target: $0.element, choice: 0)
                })
        }
    }

    /// Gradients of leaves that are added to the projections themselves, over whole passes of one row each.
    private func plain(_ rows: [RepairRow], _ model: Model) throws -> (loss: Double, gradients: [Tensor]) {
        let layers = 0..<model.info.layerCount
        let leaves = try layers.map { _ in try Tensor.zeros([model.info.dModel, model.info.dMLP]).leaf() }
        var losses: [Tensor] = []
        for row in rows {
            var seen: [Int: Tensor] = [:]
            var pass = Forward(try TokenBatch([row.tokens]))
            pass.interventions = layers.flatMap { layer in
                [
                    Intervention(
                        .neurons(layer),
                        .closure {
                            seen[layer] = $0
                            return $0
                        }),
                    Intervention(
                        .mlpOutput(layer),
                        .closure { try $0 + #require(seen[layer]).matmul(leaves[layer].transposed()) }),
                ]
            }
            let logits = try #require(try model.forward(pass).logits)[0].indexSelect(0, row.reads.map(\.position))
            losses.append(try logits.crossEntropy(Tensor(row.reads.map(\.target)), reduction: .none))
        }
        let loss = try Tensor.concatenated(losses).mean()
        try loss.backward()
        return (try loss.item(), try leaves.map { try #require(try $0.gradient()) })
    }

    @Test("zᵀ g is the gradient of the weight itself", arguments: TinyModel.Family.allCases)
    func gradients(family: TinyModel.Family) throws {
        let model = try TestSession(TinyModel.load(family)).model
        let rows = try rows(model)
        let expected = try plain(rows, model)
        // From the lowest patched layer on; of the last one, without the tokens before the first read.
        for layers in [[0, 1, 2, 3], [1, 3], [3]] {
            for budget in [8192, 1] {
                let seen = try RepairPass(rows, layers: layers, tokenBudget: budget, model).run(model)
                #expect(abs(seen.loss - expected.loss) < 1e-5)
                for layer in layers {
                    let gradient = try seen.weightGradient(at: layer, units: nil)
                    let size = try expected.gradients[layer].abs().max().item()
                    #expect(try distance(gradient, expected.gradients[layer]) < 1e-4 * size)
                    let some = try seen.weightGradient(at: layer, units: [3, 60])
                    #expect(try distance(some, gradient.indexSelect(1, [3, 60])) < 1e-4 * size)
                }
            }
        }
    }

    @Test(
        "A step at the last layer moves the output at the failure by −η |s| ⊙ sign(g)", arguments: [nil, [1, 9, 33]])
    func lastLayer(units: [Int]?) throws {
        let model = try TestSession(TinyModel.load()).model
        let answer = try ReferenceAnswer(answers(1)[0], limit: nil, model)
        let failure = Failure(answer: answer, token: 0, choice: try model.choices(for: [answer], tokenBudget: 99)[0][0])
        let basis = try SemanticBasis(model, usesGain: false)
        let pass = try RepairPass([failure.row], layers: [3], tokenBudget: 99, model)
        let steers = try Steers(pass.reads, .delta, basis)
        let before = try pass.run(model)
        let step = try steers.step(at: 3, units, before, rate: 0.01, isLast: true)
        var changes = WeightChanges(model)
        try changes.add([3: step])
        func output(_ model: Model) throws -> Tensor {
            var forward = Forward(try TokenBatch([failure.context]), logits: .none)
            forward.captures = [Capture(.mlpOutput(3), at: [TokenIndex(row: 0, position: failure.position)])]
            return try model.forward(forward).captures[0]
        }
        let expected = try steers.values.abs() * before.outputGradient(at: 3).sign() * -0.01
        #expect(try distance(output(changes.model) - output(model), expected) < 1e-5)
        // The general way gives the same step.
        let general = try steers.step(at: 3, units, before, rate: 0.01, isLast: false)
        #expect(try distance(step.dense(shape: [16, 64]), general.dense(shape: [16, 64])) < 1e-7)
    }
}

@Suite("Repairing answers")
struct STARTests {
    let session: TestSession

    init() throws { session = TestSession(try TinyModel.load()) }

    private func wrong(_ cases: [EditCase], _ model: Model) throws -> Int {
        let answers = try cases.map { try ReferenceAnswer($0, limit: nil, model) }
        let choices = try model.choices(for: answers, tokenBudget: 8192)
        return zip(answers, choices).reduce(0) { $0 + $1.0.failures($1.1).count }
    }

    private func dense(_ patch: Patch) throws -> [String: Tensor] {
        try Dictionary(uniqueKeysWithValues: patch.deltas.map { ($0.parameter, try $0.dense(shape: [16, 64])) })
    }

    @Test(
        "A failing token is repaired, and the loss falls with every step",
        arguments: [(TinyModel.Family.gpt2, 20.0, 10), (.llama, 20, 60)])
    func solves(family: TinyModel.Family, scale: Double, epochs: Int) throws {
        let session = TestSession(try TinyModel.load(family))
        let star = STAR()
        star.repair.answerLimit = 1
        star.steps.scale = scale
        star.steps.epochs = epochs
        let editCase = answers(1)[0]
        let patch = try star.patch([editCase], at: [], in: session.session)
        let values = Dictionary(uniqueKeysWithValues: session.scores.map { ($0.name, $0.value) })
        #expect(values["failures"] == 1 && values["solved"] == 1 && values["steps"] == Double(epochs))

        let model = try session.model
        let answer = try ReferenceAnswer(editCase, limit: 1, model)
        try session.apply(patch)
        #expect(try session.model.choices(for: [answer], tokenBudget: 99) == [answer.answer])
        var losses: [Double] = []
        for epochs in [1, 4, epochs] {
            star.steps.epochs = epochs
            let fresh = try TestSession(TinyModel.load(family))
            let changed = try model.applying(star.patch([editCase], at: [], in: fresh.session))
            let row = RepairRow(
                tokens: answer.forced,
                reads: [RepairRead(position: answer.position(of: 0), target: answer.answer[0], choice: 0)])
            losses.append(try RepairPass([row], layers: [0], tokenBudget: 99, changed).run(changed).loss)
        }
        #expect(losses[0] > losses[1] && losses[1] > losses[2])
    }

    @Test("Nothing but the chosen columns of down projections is changed")
    func touchesNothingElse() throws {
        let locations = [5, 40].map { Location(.neurons(2), unit: $0, score: 1, isSelected: true) }
        let patch = try STAR().patch(answers(2), at: locations, in: session.session)
        #expect(patch.deltas.map(\.parameter) == [try session.model.weightName(reading: .neurons(2))])
        guard case .lowRank(let left, _) = patch.deltas[0].form else {
            Issue.record("two neurons are two ranks")
            return
        }
        #expect(left.shape == [16, 2])
        let before = try session.model.parameter(patch.deltas[0].parameter)
        let after = try session.model.applying(patch).parameter(patch.deltas[0].parameter)
        let same = try before.equal(after).all(0).scalars(as: Bool.self)
        #expect(same.indices.filter { !same[$0] } == [5, 40])
    }

    @Test("The last layer alone is written with one rank a step")
    func rankOneSteps() throws {
        let star = STAR()
        star.repair.layers = [3]
        star.repair.answerLimit = 1
        star.steps.epochs = 3
        let patch = try star.patch([answers(1)[0]], at: [], in: session.session)
        guard case .lowRank(let left, let right) = patch.deltas[0].form else {
            Issue.record("three steps are three ranks")
            return
        }
        #expect(left.shape == [16, 3] && right.shape == [3, 64])
    }

    @Test("Joint repair does not depend on the order of the cases, nor on the token budget")
    func jointOrder() throws {
        func patch(_ cases: [EditCase], budget: Int = 8192) throws -> [String: Tensor] {
            let star = STAR()
            star.mode = .joint
            star.repair.tokenBudget = budget
            return try dense(star.patch(cases, at: [], in: session.session))
        }
        let cases = answers(4)
        let forth = try patch(cases)
        for other in [try patch(cases.reversed()), try patch(cases, budget: 1)] {
            for (name, change) in forth {
                let difference = try #require(other[name]) - change
                // A gradient that is 0 but for rounding may have either sign.
                let sorted = try difference.abs().reshaped(-1).sorted(descending: true).values
                #expect(try sorted[5].item() < 1e-4 * change.abs().max().item())
            }
        }
    }

    @Test("Joint repair solves in groups that leave the solve under-determined")
    func jointGroups() throws {
        let repair = try AnswerRepair(answers(5), "star", RepairSettings(), in: session.session)
        let groups = repair.groups(keepsRightTokens: true, limit: 5)
        let failing = repair.answers.indices.filter { !repair.answers[$0].failures(repair.choices[$0]).isEmpty }
        #expect(groups.flatMap { $0 } == failing)
        for group in groups where group.count > 1 {
            #expect(group.reduce(0) { $0 + repair.answers[$1].answer.count } <= 5)
        }
        #expect(groups.count > 1)
    }

    @Test("Cases that want different tokens in one context keep the first of them")
    func conflicts() throws {
        var cases = answers(2)
        cases[1].prompt = cases[0].prompt
        let star = STAR()
        star.mode = .joint
        star.steps.scale = 20
        try session.apply(try star.patch(cases, at: [], in: session.session))
        let after = try cases.map { editCase in
            let answer = try ReferenceAnswer(editCase, limit: 1, session.model)
            return try session.model.choices(for: [answer], tokenBudget: 99)[0] == answer.answer
        }
        #expect(after == [true, false])
    }

    @Test("A margin ends a repair early")
    func stopsEarly() throws {
        let star = STAR()
        star.repair.answerLimit = 1
        star.steps.scale = 10
        star.steps.epochs = 50
        star.steps.stopMargin = 0
        _ = try star.patch([answers(1)[0]], at: [], in: session.session)
        let steps = try #require(session.scores.first { $0.name == "steps" }).value
        #expect(steps > 0 && steps < 50)
        #expect(session.scores.first { $0.name == "solved" }?.value == 1)
    }

    @Test("Steps below the spacing of a model's numbers add up")
    func accumulates() throws {
        var changes = WeightChanges(try session.model)
        let tiny = LayerStep.whole(try Tensor.full([16, 64], 1e-9))
        for _ in 0..<1000 { try changes.add([0: tiny]) }
        let sum = try #require(try dense(changes.patch).values.first)
        #expect(abs(try sum.mean().item() - 1e-6) < 1e-9)
    }

    @Test("When all answers are right there is nothing to repair", arguments: ["star", "sgd", "mint"])
    func nothingToRepair(method: String) throws {
        let model = try session.model
        let (prompt, _) = try model.encode(prompt: "The capital of", target: "x")
        var right = EditCase(index: 0, id: "7", prompt: "The capital of")
        // Bytes that are no text of their own cannot be an answer.
        right.answer = try model.decode(model.generate([prompt], Model.Generation(maxNewTokens: 1))[0])
        try #require(try model.encode(right.answer).count == 1)
        let patchers: [String: any Patcher] = ["star": STAR(), "sgd": SGD(), "mint": MINT()]
        let patcher = try #require(patchers[method])
        #expect(try patcher.patch([right], at: [], in: session.session).deltas.isEmpty)
        #expect(session.scores.first { $0.name == "failures" }?.value == 0)
    }

    @Test("What the locator selects and the setting layers must not contradict each other")
    func layerChoice() throws {
        let star = STAR()
        star.repair.layers = [1]
        let other = [Location(.neurons(2), score: 1, isSelected: true)]
        #expect(
            throws: SutureError(
                .invalidArgument, "star has the setting layers [1], but the locator selected [2]",
                hint: "remove one of the two")
        ) { try star.patch(answers(1), at: other, in: session.session) }
        star.repair.layers = nil
        let missing = [Location(.neurons(1), unit: 64, score: 1, isSelected: true)]
        #expect(
            throws: SutureError(
                .outOfRange, "star cannot write neuron 64 of layer 1: a layer has 64", hint: "neurons count from 0")
        ) {
            try star.patch(answers(1), at: missing, in: session.session)
        }
    }
}

@Suite("MINT")
struct MINTTests {
    let session: TestSession

    init() throws { session = TestSession(try TinyModel.load()) }

    private let candidates = [(2, 4), (3, 9), (3, 50), (3, 12)].map {
        Location(.neurons($0), unit: $1, score: 1, isSelected: true)
    }

    @Test("A token that stays wrong leaves no trace")
    func rollback() throws {
        let mint = MINT()
        mint.alpha = 1e-6
        let patch = try mint.patch(answers(1), at: candidates, in: session.session)
        #expect(patch.deltas.isEmpty)
        let patched = session.scores.first { $0.name == "patched_neurons" }
        #expect(patched?.value == 0)
        #expect(session.scores.first { $0.name == "solved" }?.value == 0)
    }

    @Test("A patch is (o + α τ) / (1 + α), of the neuron whose patch leaves the smallest lead")
    func plans() throws {
        let model = try session.model
        let answer = try ReferenceAnswer(answers(1)[0], limit: 1, model)
        let failure = Failure(answer: answer, token: 0, choice: try model.choices(for: [answer], tokenBudget: 99)[0][0])
        let neurons = candidates.map { Neuron(layer: $0.site.layer ?? 0, unit: $0.unit ?? 0) }
        let direction = (0..<16).map { Double($0 % 3) - 1 }
        for budget in [8192, 1] {
            let plan = try NeuronPlan(
                failure, candidates: neurons, rerank: .gain, rate: 0.5, tokenBudget: budget, direction: direction)
            var changes = WeightChanges(model)
            #expect(try plan.repair(&changes, limit: 1).tries == 1)

            // Each patch by itself, on a model that has it.
            var best: (lead: Double, patched: Model)?
            for neuron in neurons {
                let name = try model.weightName(reading: .neurons(neuron.layer))
                let old = try model.parameter(name).select(1, neuron.unit)
                let new = try (old + 0.5 * Tensor(direction.map { Float($0) })) / 1.5
                let step = LayerStep.columns([neuron.unit], try (new - old).unsqueezed(1))
                let patched = try model.applying(Patch([Delta(name, step.form(shape: [16, 64]))]))
                let pass = Forward(try TokenBatch([failure.context]), logits: .last)
                let logits = try #require(try patched.forward(pass).logits)
                let p = try logits.softmax()[0]
                let lead = try (p[failure.choice] - p[failure.target]).item()
                if best.map({ lead < $0.lead }) ?? true { best = (lead, patched) }
            }
            let solved = try changes.patch.deltas.isEmpty == false
            let expected = try #require(best?.patched)
            let isRight = try expected.choices(for: [failure.only], tokenBudget: 99)[0][0] == failure.target
            #expect(solved == isRight)
            guard solved else { continue }
            for layer in 0..<4 {
                let name = try model.weightName(reading: .neurons(layer))
                #expect(try distance(changes.model.parameter(name), expected.parameter(name)) < 1e-6)
            }
        }
    }

    @Test("Directions used before are taken out of later ones, which keep their length")
    func history() {
        var history = DirectionHistory()
        let direction = [3.0, 4, 12]
        #expect(history.orthogonal(direction) == direction)
        history.add([2, 0, 0])
        history.add([1, 1, 0])
        let rest = history.orthogonal(direction)
        #expect(abs(rest[0]) < 1e-12 && abs(rest[1]) < 1e-12 && abs(norm(rest) - 13) < 1e-12)
        #expect(history.orthogonal([5, 1, 0]) == [5, 1, 0])
    }

    @Test("Whole layers are no candidates")
    func candidatesNeeded() throws {
        #expect(
            throws: SutureError(
                .invalidArgument, "mint needs single neurons, but layer 0 is selected as a whole",
                hint: "use a locator that selects neurons, such as neuron-attribution with count: 10")
        ) {
            try MINT().patch(answers(1), at: [], in: session.session)
        }
    }
}

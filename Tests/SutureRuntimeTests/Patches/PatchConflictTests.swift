// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import Testing

@testable import SutureRuntime

@Suite("Patches in each other's way")
struct PatchConflictTests {
    private static func tensor(_ values: [Double], _ shape: [Int]) throws -> Tensor {
        try Tensor(values, shape: shape).cast(to: .float32)
    }

    /// A change of one direction: `[4, 6]`, reading `key` and writing `value`.
    private static func change(_ key: [Double], _ value: [Double]) throws -> Delta {
        Delta(PatchFixture.down, .lowRank(left: try tensor(value, [4, 1]), right: try tensor(key, [1, 6])))
    }

    private static func fact(_ id: String, _ subject: String, _ target: String, prompt: String = "{} lies in")
        -> EditCase
    {
        EditCase(index: 0, id: id, prompt: prompt, subject: subject, targetNew: target, answer: " " + target)
    }

    private func write(_ name: String, _ deltas: [Delta], _ cases: [EditCase], _ fixture: PatchFixture) throws -> URL {
        try PatchStore.write(
            Patch(deltas), origin: PatchFixture.origin, model: try StackedModel(opening: fixture.model),
            records: PatchRecords(cases: cases), isTransposed: PatchFixture.isTransposed, to: fixture.place(name))
        return fixture.place(name)
    }

    @Test("Parallel keys are found, orthogonal ones are not, and the disturbance is that of the plain product")
    func keys() throws {
        let fixture = try PatchFixture()
        let (key, value) = ([1.0, 2, 0, 0, 0, 0], [1.0, 0, -1, 2])
        let first = try write("first", [Self.change(key, value)], [], fixture)
        let near = try write("near", [Self.change([1, 1.9, 0.1, 0, 0, 0], [0, 3, 0, 0])], [], fixture)
        let far = try write("far", [Self.change([0, 0, 5, 0, 1, 0], [0, 0, 1, 0])], [], fixture)
        let pairs = try PatchConflicts.all([first, near, far])
        #expect(pairs.map(\.first) == ["quickstart-0123abcd", "quickstart-0123abcd", "quickstart-0123abcd"])
        let cosine = (1 + 2 * 1.9) / (5.0.squareRoot() * (1 + 1.9 * 1.9 + 0.01).squareRoot())
        #expect(abs(try #require(pairs[0].shared[0].keyOverlap) - cosine) < 1e-6)
        #expect(abs(try #require(pairs[0].shared[0].outputOverlap)) < 1e-6)
        #expect(abs(try #require(pairs[1].shared[0].keyOverlap)) < 1e-6)
        // ‖Δ₂Δ₁ᵀ‖ / ‖Δ₁Δ₁ᵀ‖ = |k₂·k₁| ‖v₂‖ ‖v₁‖ / (k₁·k₁ ‖v₁‖²)
        let disturbance = (1 + 2 * 1.9) * 3 / (5 * 6.0.squareRoot())
        #expect(abs(pairs[0].disturbanceOfFirst - disturbance) < 1e-6)
        #expect(pairs[1].disturbanceOfFirst < 1e-6 && pairs[1].disturbanceOfSecond < 1e-6)
        #expect(pairs[1].sentences.isEmpty && pairs[0].sentences.count == 3)
        #expect(pairs[0].sentences[0].contains("read nearly the same direction of '\(PatchFixture.down)'"))
    }

    @Test("The disturbance does not depend on the form of the changes")
    func forms() throws {
        let fixture = try PatchFixture()
        let (a, b) = (try PatchFixture.deltas(seed: 1)[0], try PatchFixture.deltas(seed: 2)[0])
        func dense(_ delta: Delta) throws -> Delta { Delta(delta.parameter, .dense(try delta.float64(shape: [4, 6]))) }
        let forms = try [("ff", a, b), ("fd", a, dense(b)), ("df", dense(a), b), ("dd", dense(a), dense(b))].map {
            name, a, b in
            try PatchConflicts.all([write(name + "1", [a], [], fixture), write(name + "2", [b], [], fixture)])[0]
        }
        for pair in forms {
            #expect(abs(pair.disturbanceOfFirst - forms[0].disturbanceOfFirst) < 1e-6)
            #expect(abs(pair.disturbanceOfSecond - forms[0].disturbanceOfSecond) < 1e-6)
            #expect(pair.shared[0].keyOverlap == nil)
        }
        #expect(forms[0].disturbanceOfFirst > 0)
    }

    @Test(
        "With a second moment, every form of a change gives the plain products with it, and the cosine is that of its inner product"
    )
    func moments() throws {
        let fixture = try PatchFixture()
        let (a, b) = (try PatchFixture.deltas(seed: 1)[0], try PatchFixture.deltas(seed: 2)[0])
        let vectors = try Tensor((0..<60).map { sin(Double($0 * $0)) }, shape: [10, 6])
        let moment = try vectors.transposed().matmul(vectors) / 10
        let (x, y) = (try a.float64(shape: [4, 6]), try b.float64(shape: [4, 6]))
        func norm(_ left: Tensor, _ right: Tensor) throws -> Double {
            try left.matmul(moment).matmul(right.transposed()).norm().item()
        }
        func dense(_ delta: Delta) throws -> Delta { Delta(delta.parameter, .dense(try delta.float64(shape: [4, 6]))) }
        for (number, (one, other)) in try [(a, b), (a, dense(b)), (dense(a), b), (dense(a), dense(b))].enumerated() {
            let first = try PatchAlgebra.Source(write("\(number)-1", [one], [], fixture))
            let second = try PatchAlgebra.Source(write("\(number)-2", [other], [], fixture))
            let pair = try PatchConflicts(first, second, moments: [PatchFixture.down: moment])
            #expect(abs(try #require(pair.weightedDisturbanceOfFirst) - norm(y, x) / norm(x, x)) < 1e-6)
            #expect(abs(try #require(pair.weightedDisturbanceOfSecond) - norm(x, y) / norm(y, y)) < 1e-6)
        }
        let (key, other) = ([1.0, 2, 0, 0, 0, 0], [0.0, 1, 0, -1, 0, 3])
        let pair = try PatchConflicts(
            PatchAlgebra.Source(write("k1", [Self.change(key, [1, 0, 0, 0])], [], fixture)),
            PatchAlgebra.Source(write("k2", [Self.change(other, [0, 1, 0, 0])], [], fixture)),
            moments: [PatchFixture.down: moment])
        let (k, l) = (try Tensor(key, shape: [1, 6]), try Tensor(other, shape: [1, 6]))
        func inner(_ u: Tensor, _ w: Tensor) throws -> Double { try u.matmul(moment).matmul(w.transposed()).item() }
        let cosine = try abs(inner(k, l)) / (inner(k, k) * inner(l, l)).squareRoot()
        #expect(abs(try #require(pair.shared[0].weightedKeyOverlap) - cosine) < 1e-6)
        #expect(PatchConflicts.table([pair]).text(width: 200).contains("keys (C)"))
    }

    @Test("Rows that both patches change are found, and said where they carry a tenth of a change")
    func rows() throws {
        let fixture = try PatchFixture()
        func rows(_ numbers: [Int], _ scale: [Double]) throws -> Delta {
            let values: [Double] = scale.flatMap { (value: Double) -> [Double] in [value, 0, 0, 0] }
            return Delta(
                PatchFixture.embedding,
                .rows(rows: try Tensor(numbers), values: try Self.tensor(values, [numbers.count, 4])))
        }
        let first = try write("first", [rows([2, 5, 7], [1, 1, 0.01])], [], fixture)
        let same = try write("same", [rows([5, 2, 9], [3, 0, 4])], [], fixture)
        let slight = try write("slight", [rows([7, 1], [0.01, 1])], [], fixture)
        let other = try write("other", [rows([0, 1], [1, 1])], [], fixture)
        let pairs = try [same, slight, other].map { try PatchConflicts.all([first, $0])[0] }
        #expect(pairs.map { $0.shared[0].rows } == [[2, 5], [7], []])
        #expect(abs(try #require(pairs[0].shared[0].rowShare) - (2 / 2.0001).squareRoot()) < 1e-6)
        #expect(pairs[0].sentences.contains { $0.hasSuffix("both change 2 rows of '\(PatchFixture.embedding)': 2, 5") })
        #expect(
            !pairs[1].sentences.contains { $0.contains("both change") }
                && !pairs[2].sentences.contains { $0.contains("row") })
        #expect(PatchConflicts.table(pairs).text(width: 200).contains("rows of both"))
    }

    @Test("Cases that contradict each other, are about one subject or reverse each other are found; others are not")
    func cases() throws {
        let fixture = try PatchFixture()
        let nile = Self.fact("1", "The Nile", "France")
        let first = try write("a", [Self.change([1, 0, 0, 0, 0, 0], [1, 0, 0, 0])], [nile], fixture)
        let planted: [(EditCase, PatchConflicts.Cases.Kind?)] = [
            (Self.fact("2", "the nile ", "Spain"), .oppositeTargets), (Self.fact("2", "The Nile", "France"), .sameEdit),
            (Self.fact("2", "The Nile", "3 km", prompt: "{} is as long as"), .sameSubject),
            (Self.fact("2", "France", "The Nile", prompt: "{} has the river"), .reverse),
            (Self.fact("2", "The Rhine", "France"), nil),
            (EditCase(index: 0, id: "2", prompt: "def f():", answer: "\n  pass"), nil),
        ]
        for (number, (one, kind)) in planted.enumerated() {
            let second = try write("b\(number)", [Self.change([0, 1, 0, 0, 0, 0], [0, 1, 0, 0])], [one], fixture)
            let pair = try PatchConflicts.all([first, second])[0]
            #expect(pair.cases.map(\.kind) == (kind.map { [$0] } ?? []))
            #expect(pair.sentences.count == (kind == nil || kind == .sameEdit ? 0 : 1), "\(pair.sentences)")
            // The cheap part runs when the second one is applied.
            let (once, twice) = (fixture.place("once-\(number)"), fixture.place("twice-\(number)"))
            _ = try PatchApplication.apply(model: fixture.model, patch: first, name: "a", to: .folder(once))
            let report = try PatchApplication.apply(model: once, patch: second, name: "b", to: .folder(twice))
            #expect(report.warnings.count == pair.sentences.count)
            #expect(try PatchRecords(PatchPlaces(twice).member("b"), PatchManifest(folder: second)).cases == [one])
        }
    }

    @Test("What a patch carries of its run is checked, goes with it, and into a merged patch")
    func records() throws {
        let fixture = try PatchFixture()
        let (one, other) = (Self.fact("1", "The Nile", "France"), Self.fact("2", "The Rhine", "Spain"))
        let first = try write("a", [Self.change([1, 0, 0, 0, 0, 0], [1, 0, 0, 0])], [one], fixture)
        let second = try write("b", [Self.change([0, 1, 0, 0, 0, 0], [0, 1, 0, 0])], [other], fixture)
        let merged = fixture.place("merged")
        let manifest = try PatchAlgebra.merge([first, second], to: merged)
        #expect(try manifest.tokenizer == Digest.ofFile(fixture.model.path + "/tokenizer.json"))
        let cases = try PatchRecords(merged, manifest).cases
        #expect(cases.map(\.id) == ["1", "2"] && cases.map(\.index) == [0, 1])
        let place = first.appendingPathComponent(PatchRecords.casesName)
        try Data("{}\n".utf8).write(to: place)
        let error = try failure { try PatchConflicts.all([first, second]) }
        #expect(
            error.kind == .file
                && error.message.hasSuffix("is not the file that patch.json describes: its digest differs"))
        try FileManager.default.removeItem(at: place)
        #expect(try failure { try PatchConflicts.all([first, second]) }.kind == .file)
    }
}

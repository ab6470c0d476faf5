// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Figures that are not finite", .serialized, .endsWhatHangs)
struct NonFiniteTests {
    private func score(_ name: String, _ value: Double, _ index: Int?) -> NonFiniteFigures.Measured {
        NonFiniteFigures.Measured(component: "e", stage: "after", score: Score(name, value, caseIndex: index))
    }

    @Test("Each figure is named once, with its component and the first case")
    func sentences() {
        let metric = { (name: String, value: Double) in
            StagedMetric("e", "after", Metric(name, value, unit: "", n: 1, direction: .none, protocol: ""))
        }
        let found = NonFiniteFigures(
            [score("a", 1, 0), score("a", .nan, 1), score("a", .infinity, 2), score("b", -.infinity, nil)],
            metrics: [metric("a", .nan), metric("exp", .infinity)], cases: [EditCase(index: 1, id: "1531")])
        #expect(
            found.sentences == [
                "e: a is nan for the case \"1531\" in the stage after, and not finite 1 more time; figures that rest on it are "
                    + "not finite either",
                "e: b is -inf for the run as a whole in the stage after; figures that rest on it are not finite either",
                "e: exp is inf in the stage after; figures that rest on it are not finite either",
            ])
    }

    @Test("They cost no run: they are in every file, every table and every comparison, and the log names them")
    func run() throws {
        let experiment = try SmallExperiment([
            "plugins": "[\(Build.library("slips"))]", "evaluators": "[{name: counterfact}, {name: odd}]",
        ])
        let run = try experiment.run(["--allow-code"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(
            run.errors.contains("odd: undefined is nan for the case \"0\" in the stage before, and not finite 3 more"))
        let folder = try experiment.folder()
        let metrics = try RunLauncher().results(RunFolder(folder)).metrics.filter { $0.evaluator == "odd" }
        let after = metrics.filter { $0.stage == "after" }
        #expect(after.map(\.name) == ["undefined", "huge", "tiny", "sound"])
        #expect(after[0].value.isNaN && after[1].value == .infinity && after[2].value == -.infinity)
        #expect(after.prefix(3).allSatisfy { $0.standardError == nil } && after[3].value == 0.5)
        let cases = try RunLauncher().cases(RunFolder(folder))
        #expect(cases[0].scores["after"]?["odd.huge"] == .infinity)
        #expect(cases[1].scores["after"]?["odd.undefined"]?.isNaN == true)
        for (file, words) in [
            ("metrics.json", #""value" : "nan""#), ("cases.jsonl", #""odd.tiny":"-inf""#), ("report.html", ">inf<"),
            ("log.jsonl", "odd: huge is inf"),
        ] {
            #expect(try String(contentsOf: folder.appending(path: file), encoding: .utf8).contains(words), "\(file)")
        }
        #expect(run.output.contains("nan") && run.output.contains("-inf"))
        let again = try experiment.run(["--allow-code"])
        #expect(again.code == 0 && again.output == run.output)
        let compared = try CommandLineRun(["compare", folder.path, folder.path], cache: experiment.scratch.url)
        #expect(compared.code == 0 && compared.output.contains("nan"), "\(compared.errors)")
    }

    @Test("A comparison agrees on a NaN of the unedited model, its best run is a finite one, and its page is drawn")
    func comparison() throws {
        func run(_ label: String, _ value: Double) -> Comparison.Run {
            let metric = Metric("m", value, unit: "", n: 1, direction: .higherIsBetter, protocol: "")
            let before = Metric("m", .nan, unit: "", n: 1, direction: .higherIsBetter, protocol: "")
            return Comparison.Run(
                label: label, variant: "", folder: "/runs/\(label)",
                results: MetricsFile(
                    metrics: [StagedMetric("e", "before", before), StagedMetric("e", "after", metric)], weights: [],
                    seconds: [:]))
        }
        let comparison = Comparison(title: "t", runs: [run("a", .infinity), run("b", 2), run("c", 1), run("d", .nan)])
        #expect(comparison.unedited("e.m")?.isNaN == true)
        #expect(comparison.best(comparison.columns[0]) == 2)
        let table = ComparisonTable(comparison).table { "*\($0)" }.text()
        for word in ["nan", "inf", "*2.00"] { #expect(table.contains(word)) }
        let coded = try JSON.decode(Comparison.self, from: JSON.encode(comparison), name: "comparison.json")
        #expect(coded.runs[0].value("e.m") == .infinity && coded.runs[3].value("e.m")?.isNaN == true)
    }

    @Test("A chart leaves out what it cannot draw", arguments: [Double.nan, .infinity, 1e308, -1e308])
    func chart(value: Double) {
        let points = [(0.0, 1.0), (1, 2), (2, value), (3, -value)].map { Chart.Point(x: $0.0, y: $0.1, label: "") }
        let svg = Chart(title: "t", xName: "x", yName: "y", series: [Chart.Series(name: "s", points: points)]).svg
        #expect(svg.components(separatedBy: "<path class=\"mark").count == 3 && !svg.contains("nan"))
    }

    @Test("Every NaN is one word, whatever its sign and its bits")
    func words() {
        for value in [Double.nan, -Double.nan, Double(nan: 5, signaling: false)] {
            #expect(Figures.text(value) == "nan" && Figures.exact(value) == "nan")
        }
        #expect(Figures.exact(0.1) == "0.1" && Figures.exact(-.infinity) == "-inf")
    }
}

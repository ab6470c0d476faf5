// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Settings that name layers and sites")
struct ModelPartsTests {
    private let model = ModelParts(layerCount: 4, sites: ["residual_in", "mlp_output"])
    private let component = ComponentDescription.make(
        "finder", .locator,
        [
            .make("layer", .integer, optional: true, unit: ParameterDeclaration.layerUnit),
            .make("layers", .integers, default: "[0]", unit: ParameterDeclaration.layerUnit),
            .make("window", .integer, default: "10", unit: "layers"),
            .make("site", .text, optional: true, choices: ["gate", "mlp_output"], unit: ParameterDeclaration.siteUnit),
            .make("sites", .texts, default: "[]", unit: ParameterDeclaration.siteUnit),
        ])

    private func resolve(
        _ yaml: String, _ model: ModelParts?, _ component: ComponentDescription? = nil
    ) throws -> [ArgumentValue] {
        try ArgumentResolver.resolve(
            ConfigNode(yaml: Data(yaml.utf8), name: "x.yaml"), for: component ?? self.component,
            paths: PathResolver(currentFolder: "/", fileFolder: "/"), model: model)
    }

    @Test("What the model has is taken, and a number of layers is no layer")
    func had() throws {
        #expect(
            try resolve("{layer: 3, layers: [0, 3], site: mlp_output, sites: [residual_in]}", model) == [
                .integer(3), .integers([0, 3]), .integer(10), .text("mlp_output"), .texts(["residual_in"]),
            ])
    }

    @Test(
        "What the model does not have is one sentence",
        arguments: [
            ("layer: 4", "x.yaml:1:9: finder: layer must be a layer of the model, 0 to 3, got 4; layers count from 0"),
            (
                "layer: -1",
                "x.yaml:1:9: finder: layer must be a layer of the model, 0 to 3, got -1; layers count from 0"
            ),
            (
                "layers: [1, 9]",
                "x.yaml:1:14: finder: layers[1] must be a layer of the model, 0 to 3, got 9; layers count from 0"
            ),
            (
                "site: gate",
                "x.yaml:1:8: finder: site must be a site of the model, got \"gate\"; possible here are mlp_output"
            ),
            (
                "sites: [up]",
                "x.yaml:1:10: finder: sites[0] must be a site of the model, got \"up\"; possible here are residual_in, "
                    + "mlp_output"
            ),
        ])
    func lacked(setting: String, sentence: String) throws {
        let error = try failure { try resolve("{\(setting)}", model) }
        #expect(error.kind == .usage)
        #expect(error.description == sentence)
        _ = try resolve("{\(setting)}", nil)
    }

    @Test("A default that the model does not have asks for the setting, and is not a fault of the plugin")
    func defaults() throws {
        let component = ComponentDescription.make(
            "finder", .locator, [.make("layers", .integers, default: "[7]", unit: ParameterDeclaration.layerUnit)])
        let error = try failure { try resolve("{}", model, component) }
        #expect(error.kind == .usage)
        #expect(error.message.hasSuffix("finder: layers[0] must be a layer of the model, 0 to 3, got 7"))
        #expect(error.hint == "this is the default, so set layers")
        #expect(try resolve("{layers: [1]}", model, component) == [.integers([1])])
    }

    @Test("Every setting of a bundled component that is a layer or a site says so")
    func bundled() async throws {
        let names = [
            "alphaedit", "annotators", "creme", "evaluators", "ime", "locators", "memit", "pmet", "star", "tnt",
        ]
        let catalogue = try await PluginCatalogue.scan(
            Build.path(names.map { Build.library($0, prefix: "suture") }), executable: Build.executable)
        let kinds = Set(Site.Kind.allCases.map(\.name))
        var declared: Set<String> = []
        for component in catalogue.components {
            for parameter in component.parameters {
                let name = "\(component.id).\(parameter.name)"
                let isNumber = parameter.kind == .integer || parameter.kind == .integers
                if isNumber, parameter.name.contains("layer"), parameter.unit != "layers" {
                    #expect(parameter.unit == ParameterDeclaration.layerUnit, "\(name)")
                    declared.insert(name)
                }
                if !parameter.choices.isEmpty, kinds.isSuperset(of: parameter.choices) {
                    #expect(parameter.unit == ParameterDeclaration.siteUnit, "\(name)")
                    declared.insert(name)
                }
            }
        }
        #expect(
            declared.isSuperset(of: [
                "fixed-layers.layers", "fixed-layers.site", "causal-trace.kinds", "causal-trace.select_kind",
                "prompt-exchange.kinds", "activation-patching.kinds", "attribution-patching.select_kind", "rome.layers",
                "rome.v_loss_layer", "memit.layers", "pmet.layers", "alphaedit.layers", "creme.layers", "star.layers",
            ]))
    }

    @Test(
        "plan, run and locate refuse them before the model is loaded, and write nothing",
        arguments: [
            ("locator", "{name: fixed-layers, layers: [1, 99]}", "fixed-layers: layers[1]"),
            ("locator", "{name: fixed-layers, layers: [1], site: gate}", "fixed-layers: site"),
            ("method", "{name: rome, layers: [6]}", "rome: layers[0]"),
            ("method", "{name: memit, v_loss_layer: 6}", "memit: v_loss_layer"),
            ("method", "{name: star, layers: [7]}", "star: layers[0]"),
            ("method", "{name: ime, base: {name: memit, layers: [8]}}", "memit: layers[0]"),
        ])
    func commands(key: String, value: String, what: String) throws {
        let experiment = try SmallExperiment([key: value])
        for command in key == "locator" ? ["plan", "run", "locate"] : ["plan", "run"] {
            let run = try CommandLineRun([command, experiment.file.path], cache: experiment.scratch.url)
            #expect(run.code == 2, "\(command): \(run.errors)")
            #expect(run.errors.contains("\(what) must be a \(what.hasSuffix("site") ? "site" : "layer") of the model"))
            #expect(run.errors.split(separator: "\n").count == 1 && run.output.isEmpty, "\(run.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: experiment.runs.path))
    }
}

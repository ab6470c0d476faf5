// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SutureKit

@Suite("Parameters of a component")
struct ParameterTests {
    private enum Mode: String, ParameterChoice {
        case iterative
        case joint = "all-at-once"
    }

    private struct Settings {
        @Parameter("mode", help: "How.") var mode = Mode.joint
        @Parameter("fallback", help: "How otherwise.") var fallback: Mode?
        @Parameter("modes", help: "In which order.") var modes = [Mode.iterative, .joint]
        @Parameter("site", choices: [Site.Kind.neurons.choice], help: "Where.") var site = Site.Kind.neurons
        @Parameter(.batchTokens) var tokenBudget = 512
        @Parameter(.lineLimit) var limit: Int?
    }

    private func declaration(_ name: String) throws -> ParameterDeclaration {
        try #require(parameters(of: Settings()).map(\.declaration).first { $0.name == name })
    }

    @Test("The choices of an enumeration are its cases, its default is the case that is set")
    func enumeration() throws {
        let mode = try declaration("mode")
        #expect(mode.kind == .text && mode.choices == ["iterative", "all-at-once"])
        #expect(mode.defaultJSON == "\"all-at-once\"" && !mode.isRequired && !mode.isOptional)
        let fallback = try declaration("fallback")
        #expect(fallback.choices == mode.choices && fallback.isOptional && fallback.defaultJSON == nil)
    }

    @Test("A list of an enumeration declares the choices of each element")
    func list() throws {
        let modes = try declaration("modes")
        #expect(modes.kind == .texts && modes.choices == ["iterative", "all-at-once"])
        #expect(modes.defaultJSON == "[\"iterative\", \"all-at-once\"]")
    }

    @Test("Choices that are given take the place of those of the type")
    func narrowed() throws {
        #expect(try declaration("site").choices == ["neurons"])
        #expect(try declaration("site").defaultJSON == "\"neurons\"")
    }

    @Test("Every case is found by its text, and no other text is a case")
    func texts() {
        for kind in Site.Kind.allCases { #expect(Site.Kind(choice: kind.choice) == kind) }
        #expect(Mode(choice: "all-at-once") == .joint)
        #expect(Mode(choice: "joint") == nil && Mode(choice: "") == nil)
    }

    @Test("A shared declaration gives name, range, unit and help; the component gives the default")
    func shared() throws {
        let budget = try declaration("batch_tokens")
        #expect(budget.kind == .integer && budget.range == .positive && budget.unit == "tokens")
        #expect(budget.defaultJSON == "512" && budget.help == SharedParameter.batchTokens.help)
        let limit = try declaration("limit")
        #expect(limit.isOptional && !limit.isRequired && limit.unit == "lines")
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The weights of a layer whose MLP is made of experts.
struct ExpertWeights: Sendable {
    private let configuration: ExpertConfiguration
    private let activation: ModelConfiguration.Activation
    private let router: Linear
    private let experts: [Expert]
    private let shared: (expert: Expert, router: Linear)?

    private enum Expert: Sendable {
        case gated(gate: Linear, up: Linear, down: Linear)
        /// `[dModel, 2 · width]` and `[width, dModel]`.
        case clamped(gateAndUp: Tensor, inBias: Tensor, down: Tensor, outBias: Tensor, alpha: Double, limit: Double)
    }

    /// Looks up the weights of a layer.
    ///
    /// - Parameter at: puts the number of the layer into a template.
    init(
        _ experts: ExpertConfiguration, _ activation: ModelConfiguration.Activation, _ weights: ModelWeights,
        at: (String) -> String
    ) throws(SutureError) {
        configuration = experts
        self.activation = activation
        let description = experts.description
        router = try weights.linear(at(description.router), hasBias: description.routerHasBias)
        func gated(_ gate: String, _ up: String, _ down: String) throws(SutureError) -> Expert {
            .gated(
                gate: try weights.linear(gate, hasBias: false), up: try weights.linear(up, hasBias: false),
                down: try weights.linear(down, hasBias: false))
        }
        var all: [Expert] = []
        switch description.storage {
        case .separate(let gate, let up, let down):
            for expert in 0..<experts.count {
                func name(_ template: String) -> String { Template.fill(at(template), with: String(expert)) }
                all.append(try gated(name(gate), name(up), name(down)))
            }
        case .stackedAndClamped(let gateAndUp, let down, _, _):
            func tensor(_ name: String) throws(SutureError) -> Tensor { try weights.tensor(weights.prefix + name) }
            let inWeights = try tensor(at(gateAndUp))
            let inBiases = try tensor(at(gateAndUp) + "_bias")
            let outWeights = try tensor(at(down))
            let outBiases = try tensor(at(down) + "_bias")
            let clamp = experts.clamp ?? (alpha: 1, limit: .infinity)
            for expert in 0..<experts.count {
                all.append(
                    .clamped(
                        gateAndUp: try inWeights.select(0, expert), inBias: try inBiases.select(0, expert),
                        down: try outWeights.select(0, expert), outBias: try outBiases.select(0, expert),
                        alpha: clamp.alpha, limit: clamp.limit))
            }
        }
        self.experts = all
        shared = try description.shared.map { s throws(SutureError) in
            (try gated(at(s.gate), at(s.up), at(s.down)), try weights.linear(at(s.router), hasBias: false))
        }
    }

    /// The output of the MLP, `[batch, position, dModel]`. Costs the chosen experts of each token alone.
    func callAsFunction(_ x: Tensor) throws(SutureError) -> Tensor {
        let width = x.shape[2]
        let tokens = try x.reshaped(-1, width)
        let (weights, chosen) = try routed(tokens)
        var sum = try Tensor.zeros(tokens.shape, dtype: x.dtype, device: x.device)
        for (expert, places) in try places(chosen) {
            let rows = try Tensor(places.map(\.token)).cast(device: x.device)
            let output = try self.output(of: experts[expert], tokens.indexSelect(0, rows))
            let pairs = try Tensor(places.flatMap { [$0.token, $0.rank] }, shape: [places.count, 2])
            let weight = try weights.pick(pairs.cast(device: x.device)).unsqueezed(1)
            sum = try sum.indexAdded(0, rows, (output * weight).cast(to: x.dtype))
        }
        if let shared { sum = try sum + shared.router(tokens).sigmoid() * output(of: shared.expert, tokens) }
        return try sum.reshaped(x.shape)
    }

    /// The weights of each token's experts and their numbers, `[token, perToken]` each.
    private func routed(_ tokens: Tensor) throws(SutureError) -> (weights: Tensor, experts: Tensor) {
        let scores = try router(tokens)
        if case .softmaxOfChosen = configuration.description.weighting {
            let (top, chosen) = try scores.topK(configuration.perToken)
            return (try top.softmax(), chosen)
        }
        var (top, chosen) = try scores.cast(to: .float32).softmax().topK(configuration.perToken)
        if configuration.normalises { top = try top / top.sum(-1, keepsDimensions: true) }
        return (try top.cast(to: scores.dtype), chosen)
    }

    /// The tokens of each expert that has any, by the expert's number.
    private func places(
        _ chosen: Tensor
    ) throws(SutureError) -> [(expert: Int, places: [(token: Int, rank: Int)])] {
        let numbers = try chosen.scalars(as: Int.self)
        var places: [[(token: Int, rank: Int)]] = Array(repeating: [], count: experts.count)
        for (index, expert) in numbers.enumerated() {
            places[expert].append((index / configuration.perToken, index % configuration.perToken))
        }
        return places.enumerated().filter { !$0.element.isEmpty }.map { ($0.offset, $0.element) }
    }

    private func output(of expert: Expert, _ x: Tensor) throws(SutureError) -> Tensor {
        switch expert {
        case .gated(let gate, let up, let down): return try down(activation(gate(x)) * up(x))
        case .clamped(let gateAndUp, let inBias, let down, let outBias, let alpha, let limit):
            let both = try x.matmul(gateAndUp) + inBias
            let width = both.shape[1]
            let gate = try both.sliced(1, 0..<width, step: 2).minimum(limit)
            let up = try both.sliced(1, 1..<width, step: 2).clamped(-limit, limit)
            return try ((up + 1) * gate * (gate * alpha).sigmoid()).matmul(down) + outBias
        }
    }
}

extension ModelConfiguration.Activation {
    func callAsFunction(_ x: Tensor) throws(SutureError) -> Tensor {
        switch self {
        case .gelu: try x.gelu()
        case .geluTanh: try x.geluTanh()
        case .silu: try x.silu()
        case .relu: try x.relu()
        }
    }
}

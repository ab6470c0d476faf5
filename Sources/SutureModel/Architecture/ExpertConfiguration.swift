// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The experts of one model.
public struct ExpertConfiguration: Sendable {
    /// What the family says about them.
    public let description: ArchitectureDescription.Experts
    /// How many experts a layer has.
    public let count: Int
    /// How many of them a token goes to.
    public let perToken: Int
    /// The number of neurons of an expert.
    public let width: Int
    /// The layers that have experts.
    public let layers: Set<Int>
    /// The weights of the chosen experts are divided by their sum.
    public let normalises: Bool
    /// The number of neurons of the expert that every token goes to; nil where there is none.
    public let sharedWidth: Int?
    /// How steep the gate is, and what gates and values are kept within; nil for gates of the usual kind.
    public let clamp: (alpha: Double, limit: Double)?

    init(
        _ file: ConfigurationFile, _ experts: ArchitectureDescription.Experts, dMLP: Int, layerCount: Int
    ) throws(ModelError) {
        description = experts
        count = try file.requiredSize(experts.count, limit: 1 << 16)
        perToken = try file.requiredSize(experts.perToken)
        guard perToken <= count else {
            throw ModelError(
                .invalidField,
                "\(file.path): \"\(file.name(of: experts.perToken))\" is \(perToken), and there are \(count) experts",
                hint: "correct one of them")
        }
        width = try experts.width.map { w throws(ModelError) in try file.requiredSize(w) } ?? dMLP
        sharedWidth = try experts.shared.map { s throws(ModelError) in try file.requiredSize(s.width) }
        switch experts.weighting {
        case .normalised: normalises = true
        case .normalisedIf(let key): normalises = try file.boolean(key, default: false)
        case .softmaxOfChosen: normalises = false
        }
        switch experts.storage {
        case .separate: clamp = nil
        case .stackedAndClamped(_, _, let alpha, let limit):
            clamp = (try file.number(alpha), try file.number(limit))
        }
        switch experts.layers {
        case .all: layers = Set(0..<layerCount)
        case .configured(let stepKey, let exceptKey):
            let step = try file.requiredSize(ArchitectureDescription.Setting(stepKey, default: 1))
            let except = try file.optionalIntegerList(exceptKey) ?? []
            layers = Set((0..<layerCount).filter { ($0 + 1) % step == 0 && !except.contains($0) })
        }
    }

    /// The weights of a layer's experts.
    ///
    /// - Parameter at: puts the number of the layer into a template.
    func needs(dModel: Int, prefix: String, at: (String) -> String) -> [WeightLayout.Need] {
        var needs: [WeightLayout.Need] = []
        func add(_ name: String, _ shape: [Int], isProjection: Bool = true) {
            needs.append(WeightLayout.Need(name: prefix + name, shape: shape, isProjection: isProjection))
        }
        let router = at(description.router)
        add(router + ".weight", [count, dModel])
        if description.routerHasBias { add(router + ".bias", [count], isProjection: false) }
        switch description.storage {
        case .separate(let gate, let up, let down):
            for expert in 0..<count {
                func name(_ template: String) -> String {
                    Template.fill(at(template), with: String(expert)) + ".weight"
                }
                add(name(gate), [width, dModel])
                add(name(up), [width, dModel])
                add(name(down), [dModel, width])
            }
        case .stackedAndClamped(let gateAndUp, let down, _, _):
            add(at(gateAndUp), [count, dModel, 2 * width], isProjection: false)
            add(at(gateAndUp) + "_bias", [count, 2 * width], isProjection: false)
            add(at(down), [count, width, dModel], isProjection: false)
            add(at(down) + "_bias", [count, dModel], isProjection: false)
        }
        if let shared = description.shared, let sharedWidth {
            add(at(shared.gate) + ".weight", [sharedWidth, dModel])
            add(at(shared.up) + ".weight", [sharedWidth, dModel])
            add(at(shared.down) + ".weight", [dModel, sharedWidth])
            add(at(shared.router) + ".weight", [1, dModel])
        }
        return needs
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which neurons may change, by layer: a neuron's write vector is one column of the down projection.
struct PatchedNeurons {
    /// Nil: every neuron of the layer.
    private(set) var byLayer: [Int: [Int]?]
    /// How responsible the locator found single neurons; the sum where it named one several times.
    private(set) var scores: [Neuron: Double] = [:]

    var layers: [Int] { byLayer.keys.sorted() }
    func units(at layer: Int) -> [Int]? { byLayer[layer] ?? nil }

    /// Layers as a whole.
    init(layers: [Int]) { byLayer = Dictionary(uniqueKeysWithValues: Set(layers).map { ($0, nil) }) }

    /// What some locations name together. A location without a unit is the whole layer.
    init(_ locations: [Location]) {
        byLayer = [:]
        for location in locations {
            guard let layer = location.site.layer else { continue }
            guard let unit = location.unit else {
                byLayer[layer] = .some(nil)
                continue
            }
            scores[Neuron(layer: layer, unit: unit), default: 0] += location.score
            guard let known = byLayer[layer] else {
                byLayer[layer] = [unit]
                continue
            }
            byLayer[layer] = known.map { $0 + [unit] }
        }
        byLayer = byLayer.mapValues { units in units.map { Set($0).sorted() } }
    }

    /// Refuses what the model does not have.
    func check(_ model: Model, method: String) throws(SutureError) {
        let info = model.info
        guard layers.allSatisfy((0..<info.layerCount).contains) else {
            throw SutureError(
                .outOfRange, "\(method) cannot write layers \(layers): the model has \(info.layerCount)",
                hint: "layers count from 0")
        }
        for (layer, units) in byLayer {
            guard let unit = units?.first(where: { !(0..<info.dMLP).contains($0) }) else { continue }
            throw SutureError(
                .outOfRange, "\(method) cannot write neuron \(unit) of layer \(layer): a layer has \(info.dMLP)",
                hint: "neurons count from 0")
        }
    }
}

extension [Location] {
    /// The selected neurons that concern an answer token: those found for it, those of its case, those for every case.
    ///
    /// A locator that measures each failure by itself says with ``Location/position`` which it means: the position from
    /// which the token is predicted. A failure that it has not seen takes all of its case.
    func selected(for failure: Failure) -> [Location] {
        let ofCase = filter {
            $0.isSelected && $0.site.kind == .neurons
                && ($0.caseIndex == nil || $0.caseIndex == failure.answer.caseIndex)
        }
        let exact = ofCase.filter { $0.position == nil || $0.position == failure.position }
        return exact.isEmpty ? ofCase : exact
    }
}

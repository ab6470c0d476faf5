// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension SharedParameter {
    /// `layers`: the layers that a method writes by its own setting, for ``editedLayers(_:_:for:of:_:)``.
    package static let editedLayers = SharedParameter(
        "layers", in: .nonNegative, unit: "layer", help: "Layers to write, from 0; the locator's if none are given.")
}

/// The layers to write for a case: the method's own setting, or what the locator selected.
///
/// - Parameter kind: the site at which the locator must have selected them.
/// - Throws: neither names a layer, both do and differ, or the model lacks one; the model has no sites.
package func editedLayers(
    _ own: [Int]?, _ locations: [Location], for editCase: EditCase, of method: String, _ model: Model,
    at kind: Site.Kind = .neurons
) throws(SutureError) -> [Int] {
    guard !model.info.sites.isEmpty else {
        throw SutureError(
            .unimplemented,
            "\(method) works at the site \(kind.name), and sites are not offered for encoder–decoder models, such as this one",
            hint: "train weights, for example by tnt, or use a decoder-only model")
    }
    let located = locations.selectedLayers(of: kind, forCase: editCase.index)
    let layers = own.map { Array(Set($0)).sorted() } ?? located
    guard !layers.isEmpty else {
        throw SutureError(
            .invalidArgument,
            "\(method) has no layer to write: the locator selected no \(kind.name) for case \(editCase.id)",
            hint: "set layers, or use a locator that selects the site \(kind.name), such as fixed-layers")
    }
    guard located.isEmpty || located == layers else {
        throw SutureError(
            .invalidArgument, "\(method) has the setting layers \(layers), but the locator selected \(located)",
            hint: "remove one of the two")
    }
    guard layers.allSatisfy((0..<model.info.layerCount).contains) else {
        throw SutureError(
            .outOfRange, "\(method) cannot write layers \(layers): the model has \(model.info.layerCount)",
            hint: "layers count from 0")
    }
    return layers
}

/// The layers of a method that writes all cases at once: the same for every case.
package func commonLayers(
    _ own: [Int]?, _ locations: [Location], for cases: [EditCase], of method: String, _ model: Model,
    at kind: Site.Kind = .neurons
) throws(SutureError) -> [Int] {
    var common: [Int]?
    for editCase in cases {
        let layers = try editedLayers(own, locations, for: editCase, of: method, model, at: kind)
        guard let common, layers != common else {
            common = layers
            continue
        }
        throw SutureError(
            .invalidArgument,
            "\(method) writes all cases at once, but layers \(common) are selected for case \(cases[0].id) and "
                + "\(layers) for case \(editCase.id)",
            hint: "use a locator that selects the same layers for every case, or set layers")
    }
    return common ?? []
}

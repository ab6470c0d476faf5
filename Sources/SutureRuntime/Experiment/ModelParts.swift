// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The layers and sites of a model, as far as settings can name them. Known before a weight is read.
///
/// The one rule for such settings: a component says by the unit of a setting that it names a layer or a site, and what the
/// model does not have is refused where the setting is read. Components need no check of their own.
package struct ModelParts: Sendable, Hashable {
    package var layerCount: Int
    /// Names of kinds.
    package var sites: [String]
    /// MLPs are made of experts, in some layers at least.
    package var hasExperts = false

    package init(layerCount: Int, sites: [String]) {
        self.layerCount = layerCount
        self.sites = sites
    }

    package init(_ model: ModelInspection) {
        self.init(layerCount: model.layers, sites: model.sites)
        hasExperts = model.hasExperts
    }

    /// What a value must be and is not, with what to do, for a sentence.
    typealias Fault = (mustBe: String, hint: String)

    /// Nil for a setting that names no layer, and for a layer that the model has.
    func fault(ofLayer value: Int, _ parameter: ParameterDeclaration) -> Fault? {
        guard parameter.unit == ParameterDeclaration.layerUnit, !(0..<layerCount).contains(value) else { return nil }
        let range = layerCount == 1 ? "0" : "0 to \(layerCount - 1)"
        return ("a layer of the model, \(range)", "layers count from 0")
    }

    /// Nil for a setting that names no site, and for a site that the model has. A model without sites (an encoder with a
    /// decoder) refuses them where a component asks for one: a setting that nobody uses must not end the run.
    func fault(ofSite name: String, _ parameter: ParameterDeclaration) -> Fault? {
        guard !sites.isEmpty else { return nil }
        guard parameter.unit == ParameterDeclaration.siteUnit, !sites.contains(name) else { return nil }
        let possible = parameter.choices.isEmpty ? sites : parameter.choices.filter(sites.contains)
        let isOfExperts = hasExperts && ["neurons", "gate", "up"].contains(name)
        let model = isOfExperts ? "the model, whose MLPs send each token to experts of its own" : "the model"
        return ("a site of \(model)", "possible here are \(possible.joined(separator: ", "))")
    }
}

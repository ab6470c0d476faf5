// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The layers that the experiment names. Nothing is measured; each has the score 1.
struct FixedLayers: Locator {
    static let descriptor = ComponentDescriptor(
        id: "fixed-layers", summary: "Selects the layers that the experiment names; nothing is measured.")

    @Parameter("layers", in: .nonNegative, unit: "layer", help: "Layers to select, from 0.")
    var layers: [Int]

    @Parameter(
        "site", choices: Site.Kind.allCases.filter(\.hasLayer).map(\.choice),
        help: "The site to select in each; a patcher that writes the MLP's down projection needs neurons.")
    var kind = Site.Kind.neurons

    func validate() throws {
        guard !layers.isEmpty else {
            throw SutureError(.invalidArgument, "fixed-layers: layers is empty", hint: "name at least one layer")
        }
    }

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        let info = try session.model.info
        guard layers.allSatisfy({ $0 < info.layerCount }) else {
            throw SutureError(
                .outOfRange, "fixed-layers: layers \(layers) do not fit a model of \(info.layerCount) layers",
                hint: "layers count from 0")
        }
        // Methods that train weights by name need no locations.
        guard !info.sites.isEmpty else {
            session.log(.info, "fixed-layers: the model has no sites, so nothing is selected")
            return []
        }
        guard info.sites.contains(kind) else {
            throw SutureError(
                .invalidArgument, "fixed-layers: this architecture has no site \(kind.name)",
                hint: "it has \(Site.Kind.allCases.filter(info.sites.contains).map(\.name).joined(separator: ", "))")
        }
        session.log(.info, "fixed-layers: layers \(Set(layers).sorted()) by rule, not measured")
        return Set(layers).sorted().map {
            Location(Site(kind, layer: $0), role: .subjectLast, score: 1, isSelected: true)
        }
    }
}

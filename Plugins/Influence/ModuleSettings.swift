// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which weights count, and how examples are read: what all estimators by gradients have in common.
struct ModuleSettings: ParameterSet {
    @Parameter(
        "modules",
        help: "Weights that count: mlp, all (those of attention, too), or names of weights, in which * is any text.")
    var modules = ["mlp"]

    @Parameter(
        "layers", in: .nonNegative, unit: "layer", help: "Only the weights of these layers, from 0; all if not given.")
    var layers: [Int]?

    @Parameter("max_length", in: .atLeast(2), unit: "tokens", help: "What lies behind is cut off an example.")
    var maxLength = 512

    @Parameter(.batchTokens) var tokenBudget = 2048

    @Parameter(
        "unit_queries",
        help:
            "Divide the influence on each query by the norm of its own gradient, ‖P^½ G_q‖, so that queries weigh the same."
    )
    var unitQueries = false

    /// Modules that a sentence lists.
    private static let named = 4

    /// The chosen weights, in the order of the model's layers.
    ///
    /// - Throws: `notFound` for a pattern or a layer that chooses none; `unimplemented` for a model without sites.
    func chosen(from model: Model) throws(SutureError) -> [Module] {
        guard !model.info.sites.isEmpty else {
            throw SutureError(
                .unimplemented, "influence by gradients is not offered for encoder–decoder models, such as this one",
                hint: "use the estimator tf-idf, or a decoder-only model")
        }
        let known = try model.projections
        var sites: Set<Site> = []
        for pattern in modules {
            let found = try projections(pattern, among: known, of: model)
            guard !found.isEmpty else {
                // One weight may be several projections.
                var names: [String] = []
                for name in known.map(\.parameter) where !names.contains(name) { names.append(name) }
                let some = names.prefix(ModuleSettings.named).joined(separator: ", ")
                throw SutureError(
                    .notFound, "the model has no module \"\(pattern)\"; it has \(some), …",
                    hint: "modules takes mlp, all, and such names, with * for any text")
            }
            sites.formUnion(found.map(\.output))
        }
        for layer in layers ?? [] where layer >= model.info.layerCount {
            throw SutureError(
                .notFound, "layers names layer \(layer), and the model has \(model.info.layerCount)",
                hint: "layers are counted from 0")
        }
        let parameters = Set(try model.parameterNames)
        let chosen = known.filter { sites.contains($0.output) && (layers?.contains($0.layer) ?? true) }
        guard !chosen.isEmpty else {
            throw SutureError(
                .notFound, "modules and layers have no weight in common",
                hint: "leave out layers, or name other modules")
        }
        return chosen.map { Module(projection: $0, hasBias: parameters.contains($0.biasName)) }
    }

    private func projections(
        _ pattern: String, among known: [Projection], of model: Model
    ) throws(SutureError) -> [Projection] {
        switch pattern {
        case "all": return known
        case "mlp": return known.filter(\.isFeedForward)
        default:
            guard let names = try? Set(model.parameterNames(matching: [pattern])) else { return [] }
            return known.filter { names.contains($0.parameter) }
        }
    }

    /// Those of some examples in which something is predicted. An example of one token has nothing to predict, nor has one whose
    /// prompt fills `max_length`.
    func predictable(
        _ texts: [MarkedText], of model: Model
    ) throws(SutureError) -> (places: [Int], rows: [ForcedRow]) {
        var found: (places: [Int], rows: [ForcedRow]) = ([], [])
        for (place, text) in texts.enumerated() {
            do {
                found.rows.append(try model.forcedRow(text, maxLength: maxLength))
                found.places.append(place)
            } catch  where error.code == .invalidArgument {
                continue
            }
        }
        return found
    }

    /// Queries as rows of tokens.
    ///
    /// - Throws: `invalidArgument` for one in which nothing is predicted.
    func rows(_ texts: [MarkedText], of model: Model) throws(SutureError) -> [ForcedRow] {
        var rows: [ForcedRow] = []
        for text in texts { rows.append(try model.forcedRow(text, maxLength: maxLength)) }
        return rows
    }

    func validate() throws(SutureError) {
        guard !modules.isEmpty else {
            throw SutureError(.invalidArgument, "modules is empty", hint: "write [mlp]")
        }
        guard layers?.isEmpty != true else {
            throw SutureError(.invalidArgument, "layers is empty", hint: "name some, or leave it out for all layers")
        }
    }
}

extension Projection {
    /// Whether it is part of an MLP.
    var isFeedForward: Bool { [.gate, .up, .mlpOutput].contains(output.kind) }

    /// The checkpoint's name of what is added to the output, where it has one.
    fileprivate var biasName: String {
        let suffix = "weight"
        return parameter.hasSuffix(suffix) ? parameter.dropLast(suffix.count) + "bias" : parameter + ".bias"
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How the surrogate of LinFAC is fitted.
struct SurrogateSettings: ParameterSet {
    @Parameter(
        "n_cal", in: .positive, unit: "examples", help: "About so many examples calibrate the surrogate; null: all.")
    var calibration: Int? = 512

    @Parameter("ridge", in: .positive, help: "ρ of the regression, as a multiple of the mean variance of features.")
    var ridge = 1e-3

    @Parameter(
        "feature_width", in: .positive, help: "Width to which each of the four parts of the features is projected.")
    var width = 256

    @Parameter("r2_floor", in: .closed(-1e9...1), help: "Modules of which held-out R² is lower are not predicted.")
    var floor = 0.2
}

/// The linear surrogate s_t ≈ W φ_t + b of the gradients in each module (§5.2b).
struct SurrogateFit {
    let settings: SurrogateSettings
    let examples: ModuleSettings

    /// A fifth of the examples is kept from the regression and tells its R².
    private enum Fold: String, CaseIterable {
        case fitted, held
    }

    private var setting: String {
        "length-\(examples.maxLength).cal-\(settings.calibration.map(String.init) ?? "all").width-\(settings.width)"
    }
    private func features(_ site: Site, _ fold: Fold) -> String { "phi.\(site).\(fold.rawValue).\(setting)" }
    private func cross(_ module: Module, _ fold: Fold) -> String { "cross.\(module.name).\(fold.rawValue).\(setting)" }
    private func energy(_ module: Module, _ fold: Fold) -> String {
        "energy.\(module.name).\(fold.rawValue).\(setting)"
    }

    /// The names of its sums.
    func names(_ modules: [Module]) -> [String] {
        Fold.allCases.flatMap { fold in
            modules.sublayerInputs.map { features($0, fold) } + modules.map { cross($0, fold) }
                + modules.map { energy($0, fold) }
        }
    }

    /// Whether an example is one of those that calibrate, about `n_cal` of all: its digest decides, so that blocks and shards
    /// change nothing.
    private func calibrates(_ example: MarkedText, of count: Int?) -> Bool {
        guard let wanted = settings.calibration, let count, count > wanted else { return true }
        return Double(mixed(digest(example)) >> 11) * 0x1p-53 < Double(wanted) / Double(count)
    }

    private func fold(_ example: MarkedText) -> Fold {
        mixed(mixed(digest(example))) % 5 == 0 ? .held : .fitted
    }

    /// The sums over a block of examples, with the tokens of the texts as labels.
    func sums(
        over block: [MarkedText], _ modules: [Module], _ model: Model, in session: Session
    ) throws -> [NamedTensor] {
        var sums = BlockSums()
        let count = settings.calibration == nil ? nil : try session.trainingCount
        let projections = try Features.Projections(width: settings.width, of: model)
        for fold in Fold.allCases {
            let texts = block.filter { calibrates($0, of: count) && self.fold($0) == fold }
            let rows = try examples.predictable(texts, of: model).rows
            for batch in try rows.batches(tokenBudget: examples.tokenBudget) {
                try session.progress("surrogate")
                try add(batch, fold, modules, model, projections, to: &sums)
            }
        }
        let width = 4 * min(settings.width, model.info.dModel) + 1
        var shapes: [String: [Int]] = [:]
        for fold in Fold.allCases {
            for site in modules.sublayerInputs { shapes[features(site, fold)] = [width, width] }
            for module in modules { shapes[cross(module, fold)] = [module.projection.rowCount, width] }
        }
        return try sums.named(names(modules)) { shapes[$0] ?? [1] }
    }

    private func add(
        _ batch: ForcedBatch, _ fold: Fold, _ modules: [Module], _ model: Model, _ projections: Features.Projections,
        to sums: inout BlockSums
    ) throws {
        let sites = modules.sublayerInputs
        var captured: [Tensor] = []
        var error: Tensor?
        let watch = { (output: ForwardOutput, loss: Tensor) in
            captured = try output.captures.map { try $0.detached() }
            error = try loss.gradients(of: [output.captures[sites.count]], keepsGraph: true)[0]
        }
        let tokens = try model.tokens(
            of: modules, in: batch, captures: (sites + [.finalNorm]).map { Capture($0) }, watching: watch)
        try withoutGradients {
            let final = captured[sites.count]
            let features = try Features(batch, final: final, error: error ?? final * 0, projections)
            var phi: [Site: Tensor] = [:]
            for (place, site) in sites.enumerated() {
                let own = try features.phi(captured[place])
                let flat = try own.reshaped(-1, own.shape[2])
                phi[site] = flat
                try sums.add(self.features(site, fold), Moments.ofTokens(flat))
            }
            for own in tokens {
                guard let flat = phi[own.module.sublayerInput] else { continue }
                let gradient = try own.gradient.reshaped(-1, own.gradient.shape[2])
                try sums.add(cross(own.module, fold), gradient.transposed().matmul(flat), .linear)
                try sums.add(energy(own.module, fold), gradient.square().sum().reshaped(1), .square)
            }
        }
    }

    /// W̃ of a module `[out, features + 1]`, float64, and its R² on the examples that were held out.
    func solution(of module: Module, in session: Session) throws -> (weights: Tensor, explained: Double) {
        func read(_ fold: Fold) throws -> RidgeSums {
            RidgeSums(
                features: try session.sum(features(module.sublayerInput, fold)),
                cross: try session.sum(cross(module, fold), .linear),
                energy: try session.sum(energy(module, fold), .square).item())
        }
        let weights = try read(.fitted).solution(ridge: settings.ridge, parts: 4)
        return (weights, try read(.held).explained(by: weights))
    }
}

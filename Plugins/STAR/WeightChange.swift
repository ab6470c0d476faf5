// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A change of a down projection `[dModel, dMLP]`, float32: a step, or the sum of some.
enum LayerStep {
    /// left `[dModel, rank]` · right `[rank, dMLP]`
    case factors(left: Tensor, right: Tensor)
    /// To the columns of some neurons, ascending: `[dModel, unit]`.
    case columns([Int], Tensor)
    case whole(Tensor)

    /// `values` for the columns of `units`, or for all where there is no choice of them.
    init(_ values: Tensor, units: [Int]?) { self = units.map { .columns($0, values) } ?? .whole(values) }

    func dense(shape: [Int]) throws -> Tensor {
        switch self {
        case .factors(let left, let right): try left.matmul(right)
        case .columns(let units, let values):
            try Tensor.zeros(shape, device: values.device)
                .indexAdded(1, Tensor(units, device: values.device), values)
        case .whole(let values): values
        }
    }

    /// The sum, in the smallest form that both allow.
    func adding(_ other: LayerStep, shape: [Int]) throws -> LayerStep {
        switch (self, other) {
        case (.factors(let left, let right), .factors(let nextLeft, let nextRight))
        where Delta.areFactorsSmaller(rank: right.shape[0] + nextRight.shape[0], than: shape):
            return .factors(
                left: try Tensor.concatenated([left, nextLeft], 1), right: try Tensor.concatenated([right, nextRight]))
        case (.columns(let units, let values), .columns(let nextUnits, let nextValues)):
            if units == nextUnits { return .columns(units, try values + nextValues) }
            let all = Set(units).union(nextUnits).sorted()
            let place = Dictionary(uniqueKeysWithValues: zip(all, all.indices))
            func spread(_ units: [Int], _ values: Tensor) throws -> Tensor {
                try LayerStep.columns(units.compactMap { place[$0] }, values).dense(shape: [shape[0], all.count])
            }
            return .columns(all, try spread(units, values) + spread(nextUnits, nextValues))
        default:
            return .whole(try dense(shape: shape) + other.dense(shape: shape))
        }
    }

    /// As it is handed out: factors where they are smaller than the matrix.
    func form(shape: [Int]) throws -> Delta.Form {
        switch self {
        case .factors(let left, let right): return .lowRank(left: left, right: right)
        case .columns(let units, let values) where Delta.areFactorsSmaller(rank: units.count, than: shape):
            let index = try Tensor(units, shape: [units.count, 1], device: values.device)
            let ones = try Tensor.ones(index.shape, device: values.device)
            let selection = try Tensor.zeros([units.count, shape[1]], device: values.device).scattered(1, index, ones)
            return .lowRank(left: values, right: selection)
        case .columns, .whole: return .dense(try dense(shape: shape))
        }
    }
}

/// What a repair has changed so far, and the model with it. A value: to take a repair back, keep the one before.
///
/// Sums are float32 whatever the model's type, so that steps below its spacing add up; the model that is run and read
/// is the one that the host will make of the patch, rounding included.
struct WeightChanges {
    private let base: Model
    private var byLayer: [Int: LayerStep] = [:]
    private(set) var model: Model

    init(_ model: Model) {
        base = model
        self.model = model
    }

    /// One step of some layers at once.
    mutating func add(_ steps: [Int: LayerStep]) throws {
        let shape = [base.info.dModel, base.info.dMLP]
        for (layer, step) in steps { byLayer[layer] = try byLayer[layer]?.adding(step, shape: shape) ?? step }
        model = try base.applying(patch)
    }

    /// By layer, ascending; nothing for a layer that was not touched.
    var patch: Patch {
        get throws {
            Patch(
                try byLayer.sorted { $0.key < $1.key }.map { layer, step in
                    Delta(
                        try base.weightName(reading: .neurons(layer)),
                        try step.form(shape: [base.info.dModel, base.info.dMLP]))
                })
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The angles per position of one way to turn queries and keys, as tensors. Made once for all passes.
struct RotaryFrequencies: Sendable {
    /// float32 `[rotary / 2]`: transformers computes angles in float32.
    let short: Tensor
    /// The same for long texts; nil where all texts have the same.
    let long: Tensor?
    let configuration: RotaryConfiguration

    init(_ configuration: RotaryConfiguration) throws(SutureError) {
        self.configuration = configuration
        short = try Tensor(configuration.frequencies.map { Float($0) })
        long = try configuration.long.map { l throws(SutureError) in try Tensor(l.frequencies.map { Float($0) }) }
    }
}

/// Cosines and sines of the positions of one pass, for one way to turn queries and keys.
struct RotaryAngles {
    private let configuration: RotaryConfiguration
    /// `[1 or batch, 1, position, rotary / 2]` each.
    private let cosine: Tensor
    private let sine: Tensor

    /// - Parameters:
    ///   - positions: int64 `[1 or batch, position]`.
    ///   - lengths: how many tokens of each row are run.
    ///   - past: what was run of the rows before.
    /// - Throws: `unimplemented` for a row that was short then and is long now, or the other way round.
    init(
        _ frequencies: RotaryFrequencies, positions: Tensor, lengths: IntegerVector, past: KeyValues?, dtype: DType,
        device: Device
    ) throws(SutureError) {
        configuration = frequencies.configuration
        let perPair = try RotaryAngles.frequencies(frequencies, lengths: lengths, past: past)
        let angles = try positions.cast(to: .float32).unsqueezed(-1) * perPair
        func part(_ values: Tensor) throws(SutureError) -> Tensor {
            let factor = frequencies.configuration.factor
            return try (factor == 1 ? values : values * factor).cast(to: dtype, device: device).unsqueezed(1)
        }
        cosine = try part(angles.cos())
        sine = try part(angles.sin())
    }

    /// `[rotary / 2]`, or `[batch, 1, rotary / 2]` where rows differ. Each row has the angles that it has alone.
    private static func frequencies(
        _ frequencies: RotaryFrequencies, lengths: IntegerVector, past: KeyValues?
    ) throws(SutureError) -> Tensor {
        guard let long = frequencies.long, let border = frequencies.configuration.long?.above else {
            return frequencies.short
        }
        let totals = past.map { zip($0.lengths, lengths).map(+) } ?? Array(lengths)
        if let before = past?.turnedFor.map(\.self),
            let row = before.indices.first(where: { (before[$0] > border) != (totals[$0] > border) })
        {
            throw SutureError(
                .unimplemented,
                "a text of \(totals[row]) tokens continues one of \(before[row]), and texts of more than \(border) have other positions in this model",
                hint: "run the whole text at once, or keep it below that length")
        }
        guard totals.contains(where: { $0 > border }) else { return frequencies.short }
        guard totals.contains(where: { $0 <= border }) else { return long }
        return try Tensor.stacked(totals.map { $0 > border ? long : frequencies.short }).unsqueezed(1)
    }

    /// `[batch, head, position, dHead]` turned by its positions.
    func turned(_ x: Tensor) throws(SutureError) -> Tensor {
        let dHead = x.shape[3]
        let width = configuration.width
        let turning = width < dHead ? try x.sliced(3, 0..<width) : x
        let half = width / 2
        let first: Tensor
        let second: Tensor
        switch configuration.pairs {
        case .halves: (first, second) = (try turning.sliced(3, 0..<half), try turning.sliced(3, half..<width))
        case .neighbors:
            first = try turning.sliced(3, 0..<width, step: 2)
            second = try turning.sliced(3, 1..<width, step: 2)
        }
        let a = try first * cosine - second * sine
        let b = try second * cosine + first * sine
        let turned =
            switch configuration.pairs {
            case .halves: try Tensor.concatenated([a, b], 3)
            case .neighbors: try Tensor.stacked([a, b], -1).reshaped(turning.shape)
            }
        guard width < dHead else { return turned }
        return try Tensor.concatenated([turned, x.sliced(3, width..<dHead)], 3)
    }
}

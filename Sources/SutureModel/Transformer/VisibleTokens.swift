// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which token of a pass may see which. Rows are padded on the right, so causality is enough to hide padding from real
/// tokens.
struct VisibleTokens {
    /// bool `[batch or 1, 1, position, past + position]`; nil where causality is all.
    private let withoutWindow: Tensor?
    /// The same for each width of a window; nil where it hides nothing.
    private let withWindow: [Int: Tensor]

    /// - Parameters:
    ///   - windows: the widths of the layers' windows.
    ///   - positions: int64 `[1 or batch, position]`.
    init(
        windows: Set<Int>, batch: Int, width: Int, positions: Tensor, past: KeyValues?,
        device: Device
    ) throws(SutureError) {
        let all = try VisibleTokens.withoutWindow(batch: batch, width: width, past: past)
        withoutWindow = try all?.cast(device: device)
        var withWindow: [Int: Tensor] = [:]
        for window in windows where (past?.width ?? 0) + width > window {
            let keys = try VisibleTokens.keyPositions(batch: batch, positions: positions, past: past)
            let isNear = try keys.unsqueezed(1).greater(positions.unsqueezed(2) - Double(window))
            let causal: Tensor
            if let all {
                causal = try all.squeezed(1)
            } else {
                causal = try VisibleTokens.causal(batch: 1, width: width, past: past?.width ?? 0)
            }
            withWindow[window] = try causal.and(isNear).unsqueezed(1).cast(device: device)
        }
        self.withWindow = withWindow
    }

    /// The mask of a layer; nil where causality is all.
    func mask(window: Int?) -> Tensor? { window.flatMap { withWindow[$0] } ?? withoutWindow }

    private static func withoutWindow(batch: Int, width: Int, past: KeyValues?) throws(SutureError) -> Tensor? {
        guard let past, past.width > 0 else { return nil }
        if width == 1 && past.mask == nil { return nil }
        let causal = try causal(batch: batch, width: width, past: 0)
        let before = try past.fullMask(batch).unsqueezed(1).expanded(batch, width, past.width)
        return try Tensor.concatenated([before, causal], 2).unsqueezed(1)
    }

    /// bool `[batch, position, past + position]`, where all of the past counts.
    private static func causal(batch: Int, width: Int, past: Int) throws(SutureError) -> Tensor {
        try Tensor.ones([width, past + width], dtype: .bool).triangle(diagonal: past).unsqueezed(0)
            .expanded(batch, width, past + width)
    }

    /// int64 `[1 or batch, past + position]`: where the tokens are that a token may see. What counts for nothing means nothing.
    private static func keyPositions(batch: Int, positions: Tensor, past: KeyValues?) throws(SutureError) -> Tensor {
        guard let past, past.width > 0 else { return positions }
        return try Tensor.concatenated([past.positions(batch), positions.expanded(batch, positions.shape[1])], 1)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What became of a parameter when the changes of patches were added to it.
package struct AppliedChange: Sendable, Hashable, Codable {
    package var parameter: String
    /// The type that the sum was rounded to.
    package var dtype: String
    /// ‖Δ‖ of the sum of all changes, before rounding.
    package var norm: Double
    /// ‖stored change − Δ‖ / ‖Δ‖; 0 where Δ is 0.
    package var loss: Double
    /// Share of the numbers that differ from the original.
    package var changedShare: Double
    /// SHA-256 of the tensor's bytes before any patch, and now.
    package var originalDigest: String
    package var digest: String

    enum CodingKeys: String, CodingKey {
        case parameter, dtype, norm, loss
        case changedShare = "changed_share"
        case originalDigest = "original_sha256"
        case digest = "sha256"
    }

    /// Changes of which more than this share is lost by rounding are reported. Half precision loses some of every small change;
    /// beyond a tenth, figures measured in float32 no longer speak for the stored model.
    package static let noticeableLoss = 0.1

    /// What rounding lost, where it is much.
    var warning: String? {
        guard norm > 0, loss > Self.noticeableLoss else { return nil }
        return "rounding to \(dtype) loses \(Self.percent(loss)) % of the change of '\(parameter)' and leaves "
            + "\(Self.percent(changedShare)) % of its numbers changed; measure the written model, not the patch"
    }

    private static func percent(_ share: Double) -> String { String(format: "%.0f", share * 100) }
}

extension PatchStack {
    /// The bytes of a parameter with all changes: `W + ΣΔ` in float64, rounded once to the stored type.
    ///
    /// - Throws: `refused` where a number leaves the range of that type.
    func bytes(
        of change: PatchManifest.Change, over model: StackedModel
    ) throws(RuntimeError) -> (bytes: TensorBytes, applied: AppliedChange) {
        let base = try model.baseBytes(of: change.parameter)
        let (bytes, applied, isFinite) = try RuntimeError.wrapping {
            let before = try PatchStore.tensor(try model.checkpoint.entry(change.parameter), base)
            let wide = try before.cast(to: .float64)
            var difference = try sum(of: change)
            if change.base.isTransposed { difference = try difference.transposed() }
            let after = try (wide + difference).cast(to: before.dtype).contiguous()
            let stored = try after.cast(to: .float64)
            let lost = try (stored - wide - difference).norm().item()
            let norm = try difference.norm().item()
            let kept = try stored.equal(wide).cast(to: .float64).sum().item()
            let bytes = TensorBytes(try after.bytes())
            let applied = AppliedChange(
                parameter: change.parameter, dtype: before.dtype.description, norm: norm,
                loss: norm > 0 ? lost / norm : 0, changedShare: 1 - kept / Double(max(before.count, 1)),
                originalDigest: change.base.digest, digest: bytes.withUnsafeBytes { Digest.of($0) })
            return (bytes, applied, try after.isAllFinite())
        }
        guard isFinite else {
            throw RuntimeError(
                .refused, "'\(change.parameter)' with the patch has numbers beyond the range of \(applied.dtype)",
                hint: "convert the model to float32 or bfloat16 and edit that")
        }
        return (bytes, applied)
    }
}

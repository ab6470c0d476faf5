// SPDX-License-Identifier: Apache-2.0

/// The declaration of a setting that several components have alike: name, range, unit and help, written once.
///
///     @Parameter(.batchTokens) var tokenBudget = 8192
///
/// Extend this type with the settings that the components of your own plugin share. Settings that belong together are
/// better a ``ParameterSet``.
public struct SharedParameter: Sendable, Hashable {
    /// The name in the experiment file.
    public var name: String
    /// The numbers that it, or each element of a list, may be.
    public var range: ParameterRange
    /// "tokens", "layers" …; empty where there is none.
    public var unit: String
    /// What the setting does, in a sentence or two.
    public var help: String

    /// Declares a setting once for several components.
    public init(_ name: String, in range: ParameterRange = .any, unit: String = "", help: String) {
        self.name = name
        self.range = range
        self.unit = unit
        self.help = help
    }

    /// `batch_tokens`: how many tokens share a pass. See ``TokenBatch/batches(ofLengths:budget:)``.
    public static let batchTokens = SharedParameter(
        "batch_tokens", in: .positive, unit: "tokens",
        help: "Tokens that are run at once, padding counted. Changes speed and memory, not results.")

    /// `batch_tokens` for generation, where the new tokens count, too.
    public static let generatedBatchTokens = SharedParameter(
        "batch_tokens", in: .positive, unit: "tokens",
        help: "Tokens that are run at once, padding and new ones counted. Changes speed and memory, not results.")

    /// `limit`: how much of a text file is read. For ``FilePath/lines(limit:)``.
    public static let lineLimit = SharedParameter(
        "limit", in: .positive, unit: "lines", help: "Read only so many lines of the text.")
}

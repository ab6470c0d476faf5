// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Texts in front of a prompt, so that an edit does not depend on what was said before.
///
/// Each has one slot, for the prompt. The first is the plain prompt, `{}`. Groups matter to keys alone: a key is the
/// mean inside each group, then over groups, so that the plain prompt has half the weight; the value's loss is a
/// plain mean.
package struct ContextTemplates {
    package var groups: [[String]]

    package var all: [String] { groups.flatMap { $0 } }

    /// The weight of each template in a key; they sum to 1.
    package var keyWeights: [Double] {
        groups.flatMap { group in group.map { _ in 1 / Double(groups.count * group.count) } }
    }

    package init(groups: [[String]]) { self.groups = groups }

    /// The same templates as one group: every template has equal weight.
    package var flattened: ContextTemplates { ContextTemplates(groups: [all]) }
}

/// The settings of context templates, under the names of the published code.
package struct ContextTemplateSettings: ParameterSet {
    @Parameter(
        "context_templates",
        help:
            "Groups of texts with one {} for the prompt, the first of them \"{}\". Sampled from the model if not given."
    )
    package var given: [[String]]?

    @Parameter
    package var lengths: [Int]

    /// Texts that start a sample; without any, samples start from the model's beginning or end-of-text token.
    private let openers: [String]

    /// - Parameter lengths: pairs of a length in tokens and a number of samples.
    package init(lengths: [Int], openers: [String]) {
        _lengths = Parameter(
            wrappedValue: lengths, "context_template_length_params", in: .atLeast(1), unit: "tokens, samples",
            help: "Sampled templates: length (opener included) and number, in pairs: [5, 10, 10, 10].")
        self.openers = openers
    }

    /// As MEMIT and its successors take them: five sentences of ten tokens, one from each opener.
    package static var sentences: ContextTemplateSettings {
        ContextTemplateSettings(lengths: [10, 5], openers: ["The", "Therefore", "Because", "I", "You"])
    }

    package func validate() throws(SutureError) {
        if let given {
            guard given.first?.first == "{}" else {
                throw SutureError(
                    .invalidArgument, "context_templates must begin with the plain prompt \"{}\"",
                    hint: "write [[\"{}\"], [\"… {}\", …]]")
            }
            for template in given.joined() where Template.slotCount(of: template) != 1 {
                throw SutureError(
                    .invalidArgument, "the context template \"\(template)\" must have exactly one {}",
                    hint: "write {} where the prompt follows")
            }
            guard !given.contains(where: \.isEmpty) else {
                throw SutureError(.invalidArgument, "context_templates has a group without a template")
            }
        }
        guard lengths.count % 2 == 0 else {
            throw SutureError(
                .invalidArgument, "context_template_length_params needs pairs, got \(lengths.count) numbers",
                hint: "write [10, 5] for five samples of ten tokens")
        }
    }

    /// The given templates, or samples of the unedited model: top-k sampling with k = 5 from each opener in turn.
    ///
    /// The published clean-up, but for its Unicode decomposition, which would change how a sample is tokenised. A
    /// sample ends where the model ends its text; the published code goes on after the mark.
    package func templates(in session: Session) throws -> ContextTemplates {
        if let given { return ContextTemplates(groups: given) }
        let model = try session.original
        let starts = try ContextTemplateSettings.starts(openers, model)
        var groups: [[String]] = [["{}"]]
        for pair in stride(from: 0, to: lengths.count, by: 2) {
            let (length, count) = (lengths[pair], lengths[pair + 1])
            let rows = (0..<count).map { starts[$0 * starts.count / count] }
            let room = length - (rows.map(\.count).max() ?? 0)
            guard room > 0 else {
                throw SutureError(
                    .invalidArgument, "a context template of \(length) tokens has no room after its opener",
                    hint: "give context_template_length_params a longer length")
            }
            let generation = Model.Generation(
                maxNewTokens: room, temperature: 1, topK: 5, seed: try session.seed + pair)
            let samples = try model.generate(rows, generation)
            groups.append(
                try zip(rows, samples).map { row, sample in
                    let kept = sample.prefix(length - row.count)
                    return ContextTemplateSettings.cleaned(try model.decode(row + kept)) + ". {}"
                })
        }
        return ContextTemplates(groups: groups)
    }

    private static func starts(_ openers: [String], _ model: Model) throws -> [[Int]] {
        guard openers.isEmpty else { return try openers.map { try model.encode($0, addsSpecialTokens: true) } }
        guard let token = model.info.beginningToken ?? model.info.endToken else {
            throw SutureError(
                .failedPrecondition, "the model has no token from which a context template could start",
                hint: "give context_templates")
        }
        return [[token]]
    }

    /// A sample as a line of text without slots.
    static func cleaned(_ text: String) -> String {
        var cleaned = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if scalar == "\n" && previous == "\n" {
                // A double newline becomes one space; the first of the two is already there.
                cleaned.removeLast()
                cleaned.append(" ")
                previous = nil
                continue
            }
            cleaned.append(scalar == "{" || scalar == "}" ? " " : scalar)
            previous = scalar
        }
        return String(cleaned)
    }
}

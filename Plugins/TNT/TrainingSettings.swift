// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What is trained, how long, and by which steps.
struct TrainingSettings: ParameterSet {
    @Parameter("parameters", help: "What is trained: all, mlp, or names of parameters, in which * is any text.")
    var parameters = ["all"]

    /// The rule by which a step changes the weights.
    enum Rule: String, ParameterChoice {
        case adamW = "adamw"
        case adafactor
    }

    @Parameter("optimizer", help: "adamw, or adafactor, with which T5 is trained (rate relative to a weight's size).")
    var optimizer = Rule.adamW

    @Parameter(
        "lr", in: .positive,
        help:
            "Learning rate. Small models need more with adamw: 1e-4 to 2e-4. The authors' code has 1e-3 with adafactor."
    )
    var learningRate = 1e-5

    @Parameter("betas", in: .closed(0...0.999999), help: "The two decay rates of AdamW.")
    var betas = [0.9, 0.95]

    @Parameter("weight_decay", in: .nonNegative, help: "Decay of the change (not of the weight) per step, times lr.")
    var weightDecay = 0.0

    @Parameter("steps", in: .positive, help: "Steps of the optimiser in each round.")
    var steps = 200

    @Parameter("epochs", in: .positive, help: "Passes over the sequences, instead of steps.")
    var epochs: Int?

    @Parameter(
        "warmup_steps", in: .nonNegative, help: "Steps of linear warm-up; a tenth of all, at most 100, if not given.")
    var warmUp: Int?

    @Parameter("clip", in: .nonNegative, help: "The largest norm of the gradient per token; 0 means no limit.")
    var clip = 1.0

    @Parameter("batch_size", in: .positive, unit: "sequences", help: "Sequences of a step, or all if fewer.")
    var batchSize = 32

    @Parameter(.batchTokens) var tokenBudget = 8192

    func validate() throws(SutureError) {
        guard betas.count == 2 else {
            throw SutureError(
                .invalidArgument, "betas needs two numbers, got \(betas.count)", hint: "write [0.9, 0.95]")
        }
        guard !parameters.isEmpty else {
            throw SutureError(.invalidArgument, "parameters is empty", hint: "write [all]")
        }
        guard optimizer == .adamW || weightDecay == 0 else {
            throw SutureError(
                .invalidArgument, "weight_decay is \(weightDecay), and adafactor has none",
                hint: "remove it, or use optimizer: adamw")
        }
    }

    /// Steps of one round.
    func stepCount(epoch: Int) -> Int {
        guard let epochs else { return steps }
        let batch = max(1, min(batchSize, epoch))
        return max(1, (epochs * epoch + batch - 1) / batch)
    }

    /// The rate of step `step` of `total`, from 0.
    func rate(_ step: Int, of total: Int) -> Double {
        let warmUp = warmUp ?? min(100, total / 10)
        return learningRate * min(1, Double(step + 1) / Double(max(warmUp, 1)))
    }
}

/// How much marked tokens count, and how often sequences with marks come.
struct MarkSettings: ParameterSet {
    @Parameter("alpha", in: .nonNegative, help: "How much a marked token counts against one that is not.")
    var alpha = 1e4

    @Parameter(
        "oversample_below", in: .closed(0...1),
        help: "Repeat sequences with marks where they are a smaller share than this.")
    var oversampleBelow = 0.05

    @Parameter("oversample_to", in: .closed(0...0.95), help: "The share that they then have.")
    var oversampleTo = 0.2
}

// SPDX-License-Identifier: Apache-2.0

/// One number measured on one case, or on the run as a whole.
public struct Score: Sendable, Hashable, Codable {
    enum CodingKeys: String, CodingKey {
        case caseIndex = "case"
        case name, value, weight
    }

    /// nil: the run as a whole.
    public var caseIndex: Int?
    /// What was measured; scores of one name are comparable. The evaluator documents the unit.
    public var name: String
    /// The number, in the unit of its name.
    public var value: Double
    /// How many observations it stands for; 1 by default.
    public var weight: Double

    /// A score; without a case it is of the run as a whole.
    public init(_ name: String, _ value: Double, caseIndex: Int? = nil, weight: Double = 1) {
        self.caseIndex = caseIndex
        self.name = name
        self.value = value
        self.weight = weight
    }
}

/// An unwanted part of one of several texts.
public struct Mark: Sendable, Hashable, Codable {
    /// Index into the texts.
    public var text: Int
    /// Of the text's UTF-8.
    public var bytes: Range<Int>

    /// A mark: a range of bytes of one of the texts.
    public init(text: Int, bytes: Range<Int>) {
        self.text = text
        self.bytes = bytes
    }
}

/// A figure of the report. Figures of different protocols are never averaged.
public struct Metric: Sendable, Hashable {
    /// Which way a figure must go to be better.
    public enum Direction: Int32, Sendable {
        /// A smaller figure is better.
        case lowerIsBetter = -1
        /// Neither is better.
        case none
        /// A larger figure is better.
        case higherIsBetter
    }

    /// What was measured: "efficacy_success".
    public var name: String
    /// The figure, in its unit.
    public var value: Double
    /// "percent", "nats", "ratio" …
    public var unit: String
    /// Observations behind it.
    public var n: Int
    /// Standard error of a mean; nil where it has no meaning.
    public var standardError: Double?
    /// Whether a larger or a smaller figure is better.
    public var direction: Direction
    /// How it was measured: "teacher-forced", "greedy" …
    public var `protocol`: String

    /// A figure of these parts.
    public init(
        _ name: String, _ value: Double, unit: String, n: Int, standardError: Double? = nil, direction: Direction,
        protocol: String
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.n = n
        self.standardError = standardError
        self.direction = direction
        self.protocol = `protocol`
    }

    /// The mean of the scores of a name over cases, with its standard error s/√n. Nil where there is none.
    ///
    /// Scores that are not finite count: the mean is then NaN or infinite, and has no standard error.
    public static func mean(
        of name: String, in scores: [Score], times factor: Double = 1, unit: String, direction: Direction,
        protocol: String
    ) -> Metric? {
        let values = scores.filter { $0.name == name }.map { $0.value * factor }
        guard !values.isEmpty else { return nil }
        let n = Double(values.count)
        let mean = values.reduce(0, +) / n
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let error = values.count > 1 && mean.isFinite ? (squares / (n - 1) / n).squareRoot() : nil
        return Metric(
            name, mean, unit: unit, n: values.count, standardError: error, direction: direction,
            protocol: `protocol`)
    }
}

extension Metric: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, value, unit, n
        case standardError = "standard_error"
        case higherIsBetter = "higher_is_better"
        case `protocol`
    }

    /// Reads an entry of metrics.json.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let higherIsBetter = try container.decodeIfPresent(Bool.self, forKey: .higherIsBetter)
        self.init(
            try container.decode(String.self, forKey: .name), try container.decode(Double.self, forKey: .value),
            unit: try container.decode(String.self, forKey: .unit), n: try container.decode(Int.self, forKey: .n),
            standardError: try container.decodeIfPresent(Double.self, forKey: .standardError),
            direction: higherIsBetter.map { $0 ? .higherIsBetter : .lowerIsBetter } ?? .none,
            protocol: try container.decode(String.self, forKey: .protocol))
    }

    /// Writes an entry of metrics.json.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(value, forKey: .value)
        try container.encode(unit, forKey: .unit)
        try container.encode(n, forKey: .n)
        try container.encodeIfPresent(standardError, forKey: .standardError)
        if direction != .none { try container.encode(direction == .higherIsBetter, forKey: .higherIsBetter) }
        try container.encode(`protocol`, forKey: .protocol)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation

/// YaRN (Peng et al. 2023, arXiv 2309.00071, section 3): slow components are stretched, fast ones are kept, and a ramp
/// leads from one to the other.
struct YarnScaling {
    /// What cosines and sines are multiplied by.
    let attentionFactor: Double
    private let factor: Double
    /// How much of the plain angle each pair keeps, from 0 to 1.
    private let kept: [Double]

    /// - Parameters:
    ///   - count: components of a head that turn.
    ///   - originalContext: the context that the model was trained with first.
    init(
        _ section: ConfigurationFile, count: Int, base: Double, originalContext: Double, context: Int
    ) throws(ModelError) {
        let isUnset = section.json("factor")?.isNull == true
        factor = isUnset ? Double(context) / originalContext : try section.positive("factor")
        attentionFactor = try Self.attentionFactor(section, factor: factor)
        let fast = try Self.orDefault(section, "beta_fast", 32)
        let slow = try Self.orDefault(section, "beta_slow", 1)
        func component(rotations: Double) -> Double {
            Double(count) * log(originalContext / (rotations * 2 * .pi)) / (2 * log(base))
        }
        var low = component(rotations: fast)
        var high = component(rotations: slow)
        guard low.isFinite, high.isFinite else {
            throw ModelError(
                .invalidField, "\(section.path): no ramp fits a base of \(base)", hint: "correct rope_theta")
        }
        if try section.boolean("truncate", default: true) {
            low = low.rounded(.down)
            high = high.rounded(.up)
        }
        low = max(low, 0)
        high = min(high, Double(count - 1))
        if low == high { high += 0.001 }
        kept = (0..<count / 2).map { 1 - min(max((Double($0) - low) / (high - low), 0), 1) }
    }

    /// The angles of the pairs.
    func frequencies(_ plain: [Double]) -> [Double] {
        zip(plain, kept).map { $0 / factor * (1 - $1) + $0 * $1 }
    }

    private static func attentionFactor(_ section: ConfigurationFile, factor: Double) throws(ModelError) -> Double {
        func growth(_ scale: Double) -> Double { factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1 }
        let all = try orDefault(section, "mscale_all_dim", 0)
        let one = try orDefault(section, "mscale", 0)
        if let given = section.json("attention_factor"), !given.isNull {
            return try section.positive("attention_factor")
        }
        return one != 0 && all != 0 ? growth(one) / growth(all) : growth(1)
    }

    /// A number of which 0 and null mean the default.
    private static func orDefault(
        _ section: ConfigurationFile, _ key: String, _ fallback: Double
    ) throws(ModelError) -> Double {
        guard section.json(key)?.isNull != true, let number = try section.optionalNumber(key) else { return fallback }
        guard number >= 0 else { throw section.wrong(key, "a number of 0 or more", .number("\(number)")) }
        return number == 0 ? fallback : number
    }
}

/// LongRoPE (Ding et al. 2024, arXiv 2402.13753): each pair has factors of its own, one for short and one for long texts.
struct LongScaling {
    /// The angles of short texts.
    let short: [Double]
    /// Those of long ones.
    let long: RotaryConfiguration.Long
    /// What cosines and sines are multiplied by.
    let attentionFactor: Double

    init(
        _ section: ConfigurationFile, _ plain: [Double], originalContext: Double, context: Int
    ) throws(ModelError) {
        func angles(_ key: String) throws(ModelError) -> [Double] {
            guard let factors = try section.optionalPositives(key), factors.count == plain.count else {
                throw section.wrong(key, "a list of \(plain.count) numbers above 0", section.json(key) ?? .null)
            }
            return zip(plain, factors).map { $0 / $1 }
        }
        short = try angles("short_factor")
        long = RotaryConfiguration.Long(
            above: Int(min(originalContext, 1e12)), frequencies: try angles("long_factor"))
        let given = section.json("factor").flatMap { $0.isNull ? nil : $0 }
        let factor = given == nil ? Double(context) / originalContext : try section.positive("factor")
        if let given = section.json("attention_factor"), !given.isNull {
            attentionFactor = try section.positive("attention_factor")
        } else {
            attentionFactor = factor <= 1 ? 1 : (1 + log(factor) / log(originalContext)).squareRoot()
        }
        guard attentionFactor.isFinite else {
            throw section.wrong("original_max_position_embeddings", "a number above 1", .number("\(originalContext)"))
        }
    }
}

extension ConfigurationFile {
    /// A number above 0.
    func positive(_ key: String) throws(ModelError) -> Double {
        let number = try requiredNumber(key)
        guard number > 0 else { throw wrong(key, "a number above 0", .number("\(number)")) }
        return number
    }
}

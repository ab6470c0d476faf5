// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How positions turn queries and keys.
public struct RotaryConfiguration: Sendable {
    /// How the pairs that turn together lie in a head.
    public let pairs: ArchitectureDescription.Rotary.Pairs
    /// Components of each head that turn; even.
    public let width: Int
    /// Angle per position of each pair, `width / 2` numbers.
    public let frequencies: [Double]

    /// Reads what config.json says about rotary positions, with transformers' priorities: `rope_scaling` replaces
    /// `rope_parameters` as a whole, and a key inside of them counts before the same key outside.
    init(
        _ file: ConfigurationFile, _ rotary: ArchitectureDescription.Rotary, dHead: Int, contextLength: Int
    ) throws(ModelError) {
        pairs = rotary.pairs
        let section = try Self.section(file, rotary)
        let named = try section?.optionalText("rope_type")
        let namedOnce = try section?.optionalText("type")
        let type = named ?? namedOnce ?? "default"
        guard ["default", "linear", "llama3"].contains(type) else {
            throw ModelError(
                .unsupportedComponent,
                "\(section?.path ?? file.path): \"rope_type\" is \"\(type)\", which is not supported",
                hint: "supported are default, linear and llama3")
        }
        // The number of components before it is rounded up to pairs; angles are spread over it.
        let count = try Self.count(file, section, rotary, dHead: dHead, isScaled: type != "default")
        width = count + count % 2
        guard count > 0, width <= dHead else {
            throw ModelError(
                .invalidField, "\(file.path): \(count) rotary components do not fit a head of \(dHead)",
                hint: "correct \(Self.widthKey(rotary))")
        }
        var base = rotary.defaultBase
        if let key = rotary.baseKey {
            let outside = try file.optionalNumber(key)
            let inside = try section?.optionalNumber("rope_theta")
            base = inside ?? outside ?? base
            guard base > 0 else {
                throw (inside == nil ? file : section ?? file).wrong(
                    inside == nil ? key : "rope_theta", "a number above 0", .number("\(base)"))
            }
        }
        let plain = stride(from: 0, to: count, by: 2).map { pow(base, -Double($0) / Double(count)) }
        switch (type, section) {
        case ("linear", let section?):
            let factor = try Self.positive(section, "factor")
            frequencies = plain.map { $0 / factor }
        case ("llama3", let section?):
            let outside = try file.optionalNumber("original_max_position_embeddings")
            let inside = try section.optionalNumber("original_max_position_embeddings")
            frequencies = try Self.llama3(plain, section, context: outside ?? inside ?? Double(contextLength))
        default: frequencies = plain
        }
    }

    /// The one section that counts; nil where there is none, or where the family has fixed angles.
    private static func section(
        _ file: ConfigurationFile, _ rotary: ArchitectureDescription.Rotary
    ) throws(ModelError) -> ConfigurationFile? {
        guard rotary.baseKey != nil else { return nil }
        let newer = try file.section("rope_parameters")
        let older = try file.section("rope_scaling")
        guard let section = older.flatMap({ $0.isEmpty ? nil : $0 }) ?? newer else { return nil }
        for key in section.keys {
            guard case .object? = section.json(key) else { continue }
            throw ModelError(
                .unsupportedOption, "\(section.path): \"\(key)\" has settings of its own, which is not supported",
                hint: "use a model with one set of rotary positions for all layers")
        }
        return section
    }

    private static func count(
        _ file: ConfigurationFile, _ section: ConfigurationFile?, _ rotary: ArchitectureDescription.Rotary, dHead: Int,
        isScaled: Bool
    ) throws(ModelError) -> Int {
        switch rotary.width {
        case .whole:
            // transformers reads the fraction for scaled positions alone, where it then does not fit the family's heads.
            let outside = file.json("partial_rotary_factor")?.number
            let fraction = section?.json("partial_rotary_factor")?.number ?? outside ?? 1
            guard fraction == 1 || !isScaled else {
                throw ModelError(
                    .unsupportedOption,
                    "\(file.path): \"partial_rotary_factor\" is \(fraction), which is not supported",
                    hint: "use a model in which it is 1 or missing")
            }
            return dHead
        case .count(let key, let fallback):
            let count = try file.requiredSize(ArchitectureDescription.Setting(key, default: fallback))
            guard count % 2 == 0 else { throw file.wrong(key, "an even number", .integer(count)) }
            return count
        case .fraction(let key, let fallback):
            let outside = try file.optionalNumber(key)
            let inside = try section?.optionalNumber("partial_rotary_factor")
            let fraction = inside ?? outside ?? fallback
            guard fraction > 0, fraction <= 1 else {
                throw ModelError(
                    .invalidField, "\(file.path): a fraction of \(fraction) of each head cannot turn",
                    hint: "correct \(key) or partial_rotary_factor")
            }
            return Int(Double(dHead) * fraction)
        }
    }

    private static func widthKey(_ rotary: ArchitectureDescription.Rotary) -> String {
        switch rotary.width {
        case .whole: "head_dim"
        case .count(let key, _), .fraction(let key, _): key
        }
    }

    /// Llama 3's scaling. Slow components are stretched, fast ones are kept, and those between are blended.
    private static func llama3(
        _ plain: [Double], _ section: ConfigurationFile, context: Double
    ) throws(ModelError) -> [Double] {
        let factor = try positive(section, "factor")
        let low = try positive(section, "low_freq_factor")
        let high = try positive(section, "high_freq_factor")
        return plain.map { frequency in
            let wavelength = 2 * Double.pi / frequency
            if wavelength < context / high { return frequency }
            if wavelength > context / low { return frequency / factor }
            let smooth = (context / wavelength - low) / (high - low)
            return (1 - smooth) * frequency / factor + smooth * frequency
        }
    }

    private static func positive(_ section: ConfigurationFile, _ key: String) throws(ModelError) -> Double {
        let number = try section.requiredNumber(key)
        guard number > 0 else { throw section.wrong(key, "a number above 0", .number("\(number)")) }
        return number
    }
}
